"""Skips that cannot hide: with JAILPY_MUST_RUN=1, which CI sets, a test that would be skipped fails."""

from __future__ import annotations

import os
import shutil

import pytest


def must_run(condition: bool, reason: str) -> None:
    """Go on when the condition holds; otherwise skip the test, or fail it where nothing may be skipped."""
    if condition:
        return
    if os.environ.get("JAILPY_MUST_RUN") == "1":
        pytest.fail(f"must run here, but: {reason}", pytrace=False)
    pytest.skip(reason)


def must_have(tool: str) -> str:
    """The path of a program that the test needs."""
    found = shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    must_run(found is not None, f"{tool} is not installed (./install.sh test installs it)")
    assert found is not None
    return found
