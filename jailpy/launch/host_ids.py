"""For host root: an unprivileged id of its own for each live jail.

An id is held by an open-file-description lock (fcntl(2), F_OFD_SETLK) on one byte of one file. Pid 1 inherits
the descriptor, so that the id stays taken for as long as anything of the jail lives, however the launcher ends.
"""

from __future__ import annotations

import _struct as struct  # the module around it is a file more to find
import fcntl

from jailpy import system as os
from jailpy.errors import HostError

FIRST, LAST = 1_900_000_000, 1_900_065_535  # above what systemd and shadow give out, below 2³¹
_CONFIGURATION = "/etc/jailpy/host-ids"
_RUNTIME = "/run/jailpy"
_RESERVED = range(61184, 65520)  # systemd: dynamic users; and nobody


def claim() -> tuple[int, int]:
    """An id that no live jail has, and the descriptor that holds it."""
    first, last = configured()
    fd = _open()
    count = last - first + 1
    for turn in range(count):
        candidate = first + (os.getpid() + turn) % count
        lock = struct.pack("@hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, candidate, 1, 0)
        try:
            fcntl.fcntl(fd, fcntl.F_OFD_SETLK, lock)
        except (BlockingIOError, PermissionError):
            continue
        return candidate, fd
    os.close(fd)
    raise HostError(f"all {count} host ids are taken by live jails", hint=f"widen the range in {_CONFIGURATION}")


def _open() -> int:
    try:
        if not os.is_folder(_RUNTIME):
            os.makedirs(_RUNTIME, mode=0o755, exist_ok=True)
        return os.open(f"{_RUNTIME}/host-ids", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise HostError(
            f"{error.filename}: {error.strerror}", hint="root notes there which ids live jails have"
        ) from error


def configured() -> tuple[int, int]:
    """The range of host ids, FIRST-LAST, from /etc/jailpy/host-ids where an administrator has written one.

    Raises HostError where it is no such range, or one that root of this user namespace does not have.
    """
    first, last = _written()
    if not _exist_here(first, last):
        hint = f"write a range that does exist to {_CONFIGURATION}, or run jailpy as an ordinary user"
        raise HostError(f"the host ids {first} to {last} do not exist in this user namespace", hint=hint)
    return first, last


def _exist_here(first: int, last: int) -> bool:
    """Whether this user namespace maps these ids (user_namespaces(7)): that of a container may hold a few only."""
    with open("/proc/self/uid_map", encoding="utf-8") as file:
        maps = [tuple(map(int, line.split())) for line in file]
    return any(inside <= first and last < inside + count for inside, _, count in maps)


def _written() -> tuple[int, int]:
    try:
        with open(_CONFIGURATION, encoding="utf-8") as file:
            text = file.read(256).strip()
    except FileNotFoundError:
        return FIRST, LAST
    except (OSError, UnicodeDecodeError) as error:
        raise HostError(f"{_CONFIGURATION}: cannot be read: {error}") from error
    low, _, high = text.partition("-")
    if not (text.isascii() and low.isdigit() and high.isdigit()) or not 1000 <= int(low) <= int(high) < 1 << 31:
        raise HostError(f"{_CONFIGURATION}: expected FIRST-LAST, two ids from 1000 to 2147483647, found {text!r}")
    if int(low) < _RESERVED.stop and int(high) >= _RESERVED.start:
        raise HostError(f"{_CONFIGURATION}: {text} overlaps {_RESERVED.start}-{_RESERVED.stop - 1}, which systemd uses")
    return int(low), int(high)
