"""What the attacks on walls have at hand: this file stands before each of them, in the jail.

It gets along without a root of the jail's own, and without anything but the standard library.
"""

from __future__ import annotations

import ctypes
import errno
import sys
from collections.abc import Callable
from typing import Any

NUMBERS: dict[str, int] = {}  # of the system calls that the attack names; filled for the plugin
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def call(name: str | int, *arguments: Any) -> int | str:
    """A system call, by name or number: its result, or the name of its errno."""
    number = NUMBERS[name] if isinstance(name, str) else name
    packed = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = libc.syscall(ctypes.c_long(number), *packed)
    return int(result) if result != -1 else errno.errorcode[ctypes.get_errno()]


def tried(function: Callable[..., object], *arguments: object) -> tuple[bool, object]:
    """Whether it works, and what it returns or the name of its errno."""
    try:
        return True, function(*arguments)
    except OSError as error:
        return False, errno.errorcode[error.errno or 0]


def ready() -> str:
    """Tell the host that the plugin runs, and wait for its line."""
    print("READY", flush=True)
    return sys.stdin.readline().strip()


def finish(succeeded: object, saw: object) -> None:
    """The last line: the plugin ran to its end, and this is how the attack went."""
    print("SUCCEEDED" if succeeded else "REFUSED", repr(saw), flush=True)
