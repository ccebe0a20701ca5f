"""Resource limits and usage, without the module for it, a file to load that takes 0.2 ms (os.wait4 imports it too)."""

from __future__ import annotations

import _struct as struct  # the module around it is a file more to find

from jailpy.kernel.syscall import call, room
from jailpy.model.record import Record

FILE_SIZE, PROCESSES, OPEN_FILES = 1, 6, 7  # RLIMIT_FSIZE, RLIMIT_NPROC, RLIMIT_NOFILE
_INFINITY = (1 << 64) - 1  # RLIM_INFINITY, which is -1 to Python
_USAGE = struct.Struct("@5l")  # the start of struct rusage: seconds and microseconds, user and system; KiB of memory


class Account(Record):
    """Of a process, and where it was waited for of all that it has waited for (getrusage(2))."""

    user_s: float
    system_s: float
    memory: int  # bytes, the most of one process


def ceiling(which: int) -> int | None:
    """The hard limit of this process; None: there is none (getrlimit(2))."""
    held = room()
    call("prlimit64", 0, which, None, held)
    _, hard = struct.unpack_from("=2Q", held)
    return None if hard == _INFINITY else int(hard)


def lower(which: int, soft: int, hard: int) -> None:
    """Set a limit; where the caller's own is lower still, that one stays (prlimit(2))."""
    own = ceiling(which)
    most = _INFINITY if own is None else own
    call("prlimit64", 0, which, struct.pack("=2Q", min(soft & _INFINITY, most), min(hard & _INFINITY, most)), None)


def own() -> Account:
    """What this process has used until now (getrusage(2))."""
    held = room()
    call("getrusage", 0, held)
    return _usage(*_USAGE.unpack_from(held))


def wait(pid: int) -> Account:
    """Wait for a child to end, and what it has used (wait4(2))."""
    held = room()
    while True:
        try:
            call("wait4", pid, None, 0, held)
            break
        except InterruptedError:  # by a signal, whose handler runs before the next turn
            continue
    return _usage(*_USAGE.unpack_from(held))


def _usage(seconds: int, more: int, system_seconds: int, system_more: int, memory: int) -> Account:
    return Account(user_s=seconds + more / 1e6, system_s=system_seconds + system_more / 1e6, memory=memory << 10)
