"""The suites that matter most, on a second machine: kernel 6.1, systemd, cgroup v2, Landlock, AppArmor and Yama."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installed import CHECKOUT, PROJECT, closure, copy_distribution
from tests.support.machine import in_machine, require_machine

pytestmark = pytest.mark.machine

SUITES = ("tests/unit/test_callers.py", "tests/attack")
TOOLS = ("pytest", "pytest-xdist", "hypothesis", "hatchling")


@pytest.fixture(scope="module")
def cargo(shared_folder: Path, worker_id: str) -> Iterator[Path]:
    """What the machine, which has no network, is given: the checkout, and the tools as ``site``."""
    folder = shared_folder / f"cargo-{worker_id}"
    ignore = shutil.ignore_patterns(".*", "__pycache__", "bench", "docs")
    shutil.copytree(CHECKOUT, folder, ignore=ignore)
    for name in closure([*PROJECT["dependencies"], *TOOLS]) - {"python-prctl"}:
        copy_distribution(name, folder / "site")
    yield folder
    shutil.rmtree(folder)


def test_machine_has_the_layers_that_it_is_there_for(cargo: Path) -> None:
    require_machine()
    done = in_machine("jail", cargo, "cat", "/sys/kernel/security/lsm", "/sys/fs/cgroup/cgroup.controllers")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {"landlock", "yama", "apparmor"} <= set(re.split(r"[,\s]|(?=cpuset)", done.stdout))
    assert {"memory", "pids"} <= set(done.stdout.split())


@pytest.mark.parametrize("user", ["root", "jail"])
def test_suites_pass_in_the_machine(user: str, cargo: Path) -> None:
    """All pass there, and none is skipped."""
    require_machine()
    python = [
        "env",
        "PYTHONPATH=/src/site",
        "JAILPY_MUST_RUN=1",
        "JAILPY_TEST_PATIENCE=5",
        "python3",
        "-m",
        "pytest",
        "--color=no",
        "--tb=short",
        "-n",
        "2",
    ]
    caller = "root" if user == "root" else "user"
    done = in_machine(user, cargo, *python, "--caller", caller, *SUITES)
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr
    assert re.search(r"^(=+ )?\d+ passed in .*$", done.stdout.splitlines()[-1]), done.stdout[-500:]
