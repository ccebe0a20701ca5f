"""Reading the list of the runs that live, and ending them. See register.py for what the list is."""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms
import fcntl
import os
import select
import time

from jailpy.model.record import Record
from jailpy.observe.register import HEAD, LOCK, NAME, SLOT
from jailpy.plan import places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PATIENCE = 10.0  # seconds between SIGTERM and SIGKILL; the launcher's own grace is shorter
_FREE = fcntl.F_UNLCK


class Run(Record):
    """One that lives, in its launcher's words."""

    jail: str
    pid: int  # of the launcher, from the kernel; 0 where this process cannot see it
    started: str  # RFC 3339, UTC
    profile: str
    plugin: str
    labels: tuple[tuple[str, str], ...]
    place: tuple[str, int]  # the list's folder, and the slot


def living() -> list[Run]:
    """Every run of this user, the oldest first."""
    found = []
    for folder in places.runtime():
        fd = _open(folder)
        if fd < 0:
            continue
        try:
            for slot in range(-(-os.fstat(fd).st_size // SLOT)):
                pid = _holder(fd, slot)
                run = None if pid is None else _run(fd, pid, (folder, slot))
                found += [run] if run else []
        finally:
            os.close(fd)
    return sorted(found, key=lambda run: run.jail)


def end(runs: list[Run]) -> list[str]:
    """Tell the runs to end and wait until they have; for each its outcome, or "" where it left no word.

    Raises PermissionError, and ProcessLookupError for one that cannot be seen from here.
    """
    told = [(run, _tell(run)) for run in runs]
    deadline = time.monotonic() + PATIENCE
    outcomes = []
    for run, pidfd in told:
        if pidfd >= 0:
            _wait(pidfd, deadline)
            os.close(pidfd)
        outcomes.append(_outcome(run))
    return outcomes


def _tell(run: Run) -> int:
    """SIGTERM to the launcher that holds the slot now; its pidfd, or -1 if it has ended."""
    if run.pid == 0:
        raise ProcessLookupError(0, "runs in a process namespace that cannot be seen from here", run.jail)
    try:
        pidfd = os.pidfd_open(run.pid)
    except ProcessLookupError:
        return -1
    if not _holds(run):  # asked again, now that the pidfd is bound to one process
        os.close(pidfd)
        return -1
    try:
        signal.pidfd_send_signal(pidfd, signal.SIGTERM)
        signal.pidfd_send_signal(pidfd, signal.SIGCONT)  # a stopped one would not hear the other
    except ProcessLookupError:
        return pidfd  # it has ended meanwhile
    return pidfd


def _holds(run: Run) -> bool:
    fd = _open(run.place[0])
    if fd < 0:
        return False
    try:
        return _holder(fd, run.place[1]) == run.pid
    finally:
        os.close(fd)


def _wait(pidfd: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    if not poll.poll(max(0, int((deadline - time.monotonic()) * 1000))):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        poll.poll()


def _open(folder: str) -> int:
    """The list of one folder; -1 where there is none that could be trusted."""
    try:
        at = places.enter(folder, make=False)
    except OSError:
        return -1
    try:
        return os.open(NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=at)
    except OSError:
        return -1
    finally:
        os.close(at)


def _holder(fd: int, slot: int) -> int | None:
    """The process that holds a slot whose record is true; None where nobody does."""
    asked = LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 2 * slot + 1, 1, 0)
    kind, _, _, _, pid = LOCK.unpack(fcntl.fcntl(fd, fcntl.F_GETLK, asked))
    return None if kind == _FREE else max(0, pid)


def _run(fd: int, pid: int, place: tuple[str, int]) -> Run | None:
    """The run that stands in a slot; None where that is nothing that a launcher of this version writes."""
    known = _record(fd, place[1])
    try:
        fields = {field: known[field] for field in ("jail", "started", "profile", "plugin")}
        return Run(pid=pid, labels=tuple(known["labels"].items()), place=place, **fields)
    except (KeyError, AttributeError):
        return None


def _record(fd: int, slot: int) -> dict[str, Any]:
    import json

    text = os.pread(fd, SLOT - HEAD, slot * SLOT + HEAD).partition(b"\n")[0]
    try:
        record = json.loads(text)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def _outcome(run: Run) -> str:
    """What the launcher wrote at its end, if nobody has taken its slot since."""
    fd = _open(run.place[0])
    if fd < 0:
        return ""
    try:
        if _record(fd, run.place[1]).get("jail") != run.jail:
            return ""
        return os.pread(fd, HEAD, run.place[1] * SLOT).rstrip(b"\0").decode("ascii", "replace")
    finally:
        os.close(fd)
