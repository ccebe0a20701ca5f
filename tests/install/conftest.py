"""A checkout for whoever installs from it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import Caller
from tests.support.installed import CHECKOUT


@pytest.fixture
def checkout(caller: Caller, folder: Path) -> Path:
    """A copy of the project that belongs to the caller."""
    copy = folder / "checkout"
    shutil.copytree(CHECKOUT, copy, ignore=shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__"))
    for path in (copy, *copy.rglob("*")):
        os.chown(path, caller.uid, caller.gid, follow_symlinks=False)
    return copy
