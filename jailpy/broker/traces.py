"""Python tracebacks as faulthandler writes them, from a pipe that the plugin can write to as well.

What they say is the plugin's statement. Nothing is decided by it, and no more of it is kept than the caps allow.
"""

from __future__ import annotations

import os

from jailpy.broker import processes
from jailpy.model.result import Frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    Stack = tuple[Frame, ...]

_CAP = 1 << 16  # bytes that are read at all
_STACKS, _FRAMES, _NAME = 16, 64, 512  # threads, calls of one, characters of a file's or a function's name
_OTHER, _CURRENT = b"Thread ", b"Current thread "  # the latter is the one that the signal came to
_HARNESS = "/run/jailpy/"  # where our own code lies in a jail


class Traces:
    """Collects what comes; ``fd`` is closed when it ends, or is too much."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._text = b""

    def read(self) -> None:
        """Take what is there."""
        more = os.read(self.fd, _CAP)
        self._text += more[: _CAP - len(self._text)]
        if not more or len(self._text) >= _CAP:
            self.close()

    def close(self) -> None:
        """Hear no more."""
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1

    def stacks(self) -> tuple[Stack, ...]:
        """A stack for each thread, the current one first, and in it the call that was made last; not our own code."""
        found: list[list[Frame]] = []
        for line in self._text.splitlines():
            if line.startswith((_OTHER, _CURRENT)):
                stack: list[Frame] = []
                found.insert(0 if line.startswith(_CURRENT) else len(found), stack)
            elif found and (frame := _frame(line)) is not None and len(stack) < _FRAMES:
                stack.append(frame)
        return tuple(tuple(stack) for stack in found if stack)[:_STACKS]


def _frame(line: bytes) -> Frame | None:
    """Of a line such as ``  File "/plugin/x.py", line 3 in f``."""
    start, quoted, rest = line.decode("ascii", "replace").partition('", line ')
    number, _, function = rest.partition(" in ")
    file = start.removeprefix('  File "')
    if not quoted or file == start or not (number.isdecimal() and len(number) < 10) or file.startswith(_HARNESS):
        return None
    return Frame(file=file[:_NAME], line=int(number), function=function[:_NAME])


def hears(pid_1: int, number: int) -> bool:
    """Whether the first process below pid 1 has a handler for a signal, which would else end it (proc(5), SigCgt)."""
    plugin = next((process.pid for process in processes.family(pid_1, {}).values() if process.pid != pid_1), 0)
    try:
        fd = os.open(f"/proc/{plugin}/status", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fields = dict(line.split(b":\t", 1) for line in os.read(fd, 1 << 14).splitlines() if b":\t" in line)
    except OSError:
        return False
    finally:
        os.close(fd)
    caught, blocked = (int(fields.get(name, b"0"), 16) >> number - 1 & 1 for name in (b"SigCgt", b"SigBlk"))
    return bool(caught and not blocked)
