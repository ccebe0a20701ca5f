"""The list of the runs that live: a file with a slot for each, which is taken while its launcher holds a lock on it.

A record lock belongs to a process and ends with it, its children have no part in it, and the kernel tells who holds it
(fcntl(2), F_SETLK and F_GETLK). So nothing has to be swept after a launcher that was killed, and no process id that was
given out again is ever taken for it.

Slot n lies at n * SLOT and is locked at byte 2n, and at byte 2n + 1 too as soon as what stands in it is true.
"""

from __future__ import annotations

import _struct as struct  # the module around it is a file more to find
import fcntl

from jailpy import system as os
from jailpy.kernel import usage
from jailpy.plan import places
from jailpy.report.quote import for_json

NAME = "jails"
SLOT = 256 << 10  # bytes, more than any entry has; what is not written takes no room
SLOTS = 4096
HEAD = 32  # bytes at the slot's begin, for the outcome
LOCK = struct.Struct("@hhqqi4x")  # struct flock: type, whence, start, length, pid
_FILES = 32  # a caller who allows fewer open files needs them all for the jail


class Entry:
    """The place of one run in the list."""

    def __init__(self, run: dict[str, object]) -> None:
        """Enter ``run``. Raises OSError where that cannot be done."""
        if not has_room():
            raise OSError(0, "too few open files are allowed (ulimit -n)")
        self._fd = _open()
        try:
            slot = _claim(self._fd)
            self._at = slot * SLOT
            os.pwrite(self._fd, bytes(HEAD) + for_json(run).encode()[: SLOT - HEAD - 1] + b"\n", self._at)
            fcntl.fcntl(self._fd, fcntl.F_SETLK, LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 2 * slot, 2, 0))
        except OSError:
            os.close(self._fd)
            raise

    def ended(self, outcome: str) -> None:
        """Leave word of the end for who waits for it; the entry itself ends with this process."""
        os.pwrite(self._fd, outcome.encode(), self._at)


def has_room() -> bool:
    """Whether descriptors may be kept open while a jail lives."""
    files = usage.ceiling(usage.OPEN_FILES)
    return files is None or files >= _FILES


def _open() -> int:
    """The list, for writing, in the first folder that can be had."""
    first: OSError | None = None
    for path in places.runtime():
        try:
            parent = path.rpartition("/")[0]
            folder = places.enter(path, make=parent == "/tmp" or os.is_folder(parent))
        except OSError as error:
            first = first or error
            continue
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
            return os.open(NAME, flags, 0o600, dir_fd=folder)
        finally:
            os.close(folder)
    raise first or FileNotFoundError


def _claim(fd: int) -> int:
    """The number of a slot that was free. Starts where few others do."""
    for turn in range(SLOTS):
        slot = (os.getpid() + turn) % SLOTS
        try:
            fcntl.fcntl(fd, fcntl.F_SETLK, LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 2 * slot, 1, 0))
        except (BlockingIOError, PermissionError):
            continue
        return slot
    raise OSError(0, f"{SLOTS} runs are in the list already")
