"""Memory, of all processes of a jail together and however it is held: each kind ends the run, or counts only once."""

from __future__ import annotations

import json
import mmap
import os
import time
from pathlib import Path

import pytest

from tests.attack.conftest import Profile
from tests.support.bombs import Bomb, bomb, ended_by, limit
from tests.support.callers import PATIENCE, Caller, run_as
from tests.support.installed import CHECKOUT, Installed
from tests.support.poor_host import in_mount_namespace

__all__ = ["bomb"]


def test_memory_of_twenty_processes(bomb: Bomb) -> None:
    """Each of them takes little, together they take too much."""

    def plugin() -> object:
        for _ in range(20):
            if os.fork() == 0:
                taken = bytearray(b"x") * (20 << 20)
                time.sleep(3)
                os._exit(len(taken) and 0)
        time.sleep(3)
        return "all was taken"

    run = bomb(plugin, memory="150M")
    assert (run.report["outcome"], run.report["status"], run.done.returncode) == ("memory-limit", 137, 137)
    assert ended_by(run, "memory")
    assert 150 << 20 < limit(run, "memory")["peak"] == run.report["usage"]["memory_peak_bytes"] < 450 << 20


def test_memory_that_processes_share_counts_once(bomb: Bomb) -> None:
    """Ten children of a large parent have no more than it has, until they write to it."""

    def plugin(word: str) -> object:
        large = bytearray(b"x") * (50 << 20)
        for _ in range(10):
            if os.fork() == 0:
                if word == "write":
                    large[:: mmap.PAGESIZE] = b"y" * len(large[:: mmap.PAGESIZE])
                time.sleep(1)
                os._exit(0)
        time.sleep(1.5)
        return len(large)

    assert bomb(plugin, "read", memory="150M").saw() == 50 << 20
    assert bomb(plugin, "write", memory="150M").report["outcome"] == "memory-limit"


def test_memory_of_files_that_have_no_name(bomb: Bomb) -> None:
    """A memfd that is written and not mapped is in nobody's resident set."""

    def plugin() -> object:
        files = [os.memfd_create("m") for _ in range(10)]
        for fd in files:
            for _ in range(30):
                os.write(fd, bytes(1 << 20))
        time.sleep(2)
        return "all was taken"

    run = bomb(plugin, memory="150M")
    assert (run.report["outcome"], ended_by(run, "memory")) == ("memory-limit", True)


@pytest.mark.parametrize("kind", ["anonymous", "memfd", "scratch"])
def test_shared_mapping(bomb: Bomb, profile: Profile, kind: str) -> None:
    """What is mapped by three processes, lies in a tmpfs or is open as well counts once, and counts."""

    def plugin(kind: str, size: str) -> object:
        fd = -1
        if kind == "memfd":
            fd = os.memfd_create("m")
        if kind == "scratch":
            fd = os.open("/dev/shm/m", os.O_RDWR | os.O_CREAT)
        if fd >= 0:
            os.truncate(fd, int(size))
        shared = mmap.mmap(fd, int(size))
        shared[:: mmap.PAGESIZE] = b"x" * len(shared[:: mmap.PAGESIZE])
        for _ in range(3):
            if os.fork() == 0:
                time.sleep(0.5 + shared[:: mmap.PAGESIZE].count(b"y"))
                os._exit(0)
        time.sleep(1)
        return "all was taken"

    options = profile('[filesystem]\ntmp = "1G"\n[limits]\nmemory = "150M"\nfile-size = "400M"')
    assert bomb(plugin, kind, 50 << 20, options=options).saw() == "all was taken"
    assert bomb(plugin, kind, 100 << 20, options=options).saw() == "all was taken"
    assert bomb(plugin, kind, 250 << 20, options=options).report["outcome"] == "memory-limit"


def test_scratch_folder_is_memory(bomb: Bomb, profile: Profile) -> None:
    """Where a tmpfs may hold more than the jail, the jail ends."""

    def plugin() -> object:
        for number in range(20):
            with open(f"/tmp/{number}", "wb") as file:
                file.write(bytes(20 << 20))
        time.sleep(1)
        return "all was taken"

    run = bomb(plugin, options=profile('[filesystem]\ntmp = "1G"\n[limits]\nmemory = "100M"'))
    assert (run.report["outcome"], ended_by(run, "memory")) == ("memory-limit", True)
    assert 100 << 20 < limit(run, "memory")["peak"] < 400 << 20


def test_twenty_processes_are_stopped_within_a_fifth_of_a_second(
    caller: Caller, installed: Installed, folder: Path
) -> None:
    """From the last look at which they held less than the limit to the end of the last of them.

    By the supervisor's own clock, less what it waited for a processor. Where a cgroup limits memory the kernel stops
    them at once, and no look ever finds too much.
    """
    plugin = folder / "twenty.py"
    plugin.write_text(_TWENTY)
    told, limit = folder / "told", 150 << 20
    source = (CHECKOUT / "tests/support/crossing.py").read_text(encoding="utf-8")
    words = ("run", "--limit", f"memory={limit}", "--timeout", "20s", plugin)
    done = run_as(caller, [installed.python, "-I", "-c", source, told, *words], timeout=60)
    assert done.returncode == 0, done.stderr
    found = json.loads(told.read_text())
    assert found["outcome"] == "memory-limit"
    before = [began for began, held in found["looks"] if held <= limit]
    assert len(before) >= 2, found
    assert found["ended"] - before[-1] <= 0.2 * PATIENCE, found


_TWENTY = """
import os, time
for _ in range(20):
    if os.fork() == 0:
        taken = []
        for _ in range(40):
            taken.append(bytearray(b"x") * (1 << 20))
            time.sleep(0.02)
        time.sleep(5)
        os._exit(0)
time.sleep(10)
"""


if os.geteuid() == 0:  # only root mounts another /proc

    def test_host_that_hides_processes(caller: Caller, installed: Installed) -> None:
        """Where /proc shows only what may be traced, pid 1 of a jail is out of sight, and what is below it is not."""
        code = "import time; taken = bytearray(b'x') * (200 << 20); time.sleep(3)"
        words = ("run", "--limit", "memory=100M", "-c", code)
        done = in_mount_namespace(caller, "mount -t proc -o hidepid=2 proc /proc", installed.command, *words)
        assert done.returncode == 137
        assert b"was stopped at 100M of memory" in done.stderr
