"""cgroup v2 where there is one: kernel 6.1, a systemd that delegates, and a tree that root may divide."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.machine import assert_all_pass, in_machine, pytest_there, require_machine

pytestmark = pytest.mark.machine


def test_limits_hold_in_the_machine(cargo: Path) -> None:
    """As root, as an ordinary user with a systemd, and in subtrees that root has delegated."""
    require_machine()
    assert_all_pass(in_machine("root", cargo, *pytest_there("-n", "2", "--maxschedchunk", "1", "tests/machine/inside")))
