"""The suites that matter most, on a second machine: kernel 6.1, systemd, cgroup v2, Landlock, AppArmor and Yama."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.machine import AS_JAIL, assert_all_pass, in_machine, pytest_there, require_machine

pytestmark = pytest.mark.machine

SUITES = ("tests/unit/test_callers.py", "tests/attack")
# What is not about an attack, or names its profiles, needs no second run.
STRICT = (
    "--under=strict",
    "tests/jail/test_examples.py",
    "tests/attack",
    *(f"--ignore=tests/attack/test_{n}.py" for n in ("step_removal", "strict", "working_python")),
)
SWAP = "set -e; fallocate -l 512M /swap; chmod 600 /swap; mkswap --quiet /swap; swapon /swap"


def test_machine_has_the_layers_that_it_is_there_for(cargo: Path) -> None:
    require_machine()
    done = in_machine("jail", cargo, "cat", "/sys/kernel/security/lsm", "/sys/fs/cgroup/cgroup.controllers")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {"landlock", "yama", "apparmor"} <= set(re.split(r"[,\s]|(?=cpuset)", done.stdout))
    assert {"memory", "pids"} <= set(done.stdout.split())


@pytest.mark.parametrize("user", ["root", "jail"])
def test_suites_pass_in_the_machine(user: str, cargo: Path) -> None:
    """All pass there, also under the profile strict, and none is skipped."""
    require_machine()
    caller, become = ("root", ()) if user == "root" else ("user", AS_JAIL)
    there = [*become, *pytest_there("-n", "2", "--caller", caller)]
    prepare = f'{SWAP}; chown {user} /src; "$@" {" ".join(SUITES)}; exec "$@" {" ".join(STRICT)}'
    assert_all_pass(in_machine("root", cargo, "bash", "-c", prepare, "bash", *there))
