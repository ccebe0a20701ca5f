"""What the attacks use to start plugins serves here too."""

from __future__ import annotations

from tests.attack.conftest import jail, live, profile, words

__all__ = ["jail", "live", "profile", "words"]
