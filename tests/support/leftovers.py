"""Kernel facts about what a run has left behind: processes, mounts, files.

Plain Python without imports of the suite: the scripts that tests run as the caller carry a copy of it.
"""

from __future__ import annotations

import ctypes
import os
import select
import time

DEADLINE = 60  # seconds; only there so that a failure ends
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Let every descendant whose parent ends become a child of this process (PR_SET_CHILD_SUBREAPER)."""
    if ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError("no subreaper")


def children(pid: int | str = "self") -> list[int]:
    """The children of a process, those of all its threads; none of one that has ended."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as file:
                found += [int(word) for word in file.read().split()]
    except OSError:
        return found
    return found


def remaining() -> list[str]:
    """Wait until no descendant is left (orphans must be adopted); the names of those that are there all the same."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.001)
        except ChildProcessError:
            return []
    return [f"process {pid}" for pid in children()]


def ends(pidfd: int) -> bool:
    """Whether the process behind the descriptor ends."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(DEADLINE * 1000))


def mounts() -> list[str]:
    """Every mount of this mount namespace."""
    with open("/proc/self/mountinfo") as file:
        return sorted(file)


def files(*folders: str) -> list[str]:
    """Every path below the folders."""
    found = []
    for top in folders:
        for folder, names, others in os.walk(top):
            found += [os.path.join(folder, name) for name in (*names, *others)]
    return sorted(found)
