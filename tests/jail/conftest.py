"""What the attacks use to start plugins serves here too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attack.conftest import jail, live, profile, words
from tests.support.callers import Caller
from tests.support.installed import Installed
from tests.support.kept import Kept

__all__ = ["jail", "kept", "live", "profile", "words"]


@pytest.fixture
def kept(caller: Caller, installed: Installed, folder: Path) -> Kept:
    """jailpy with a history, an audit log and a list of runs of this test alone."""
    return Kept(caller, installed, folder)
