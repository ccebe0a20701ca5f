"""What the plugins of these tests have at hand: this file stands before each of them, in the jail.

Tests import the names from here as well, so that what a plugin says is checked like any other code.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import signal
import time
from collections.abc import Callable, Iterable

NUMBERS: dict[str, int] = {}  # of this machine's system calls; filled for the plugin
HIGH = 0x5A5A_0001 << 32  # bits that the kernel does not look at in a 32-bit argument
HERE = -100  # AT_FDCWD
END = "END "

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def seen(function: Callable[..., object], *arguments: object) -> str:
    """How a call ended: "allowed", or the name of the errno that refused it."""
    try:
        function(*arguments)
    except OSError as error:
        return name_of(error.errno)
    return "allowed"


def opened(path: str, flags: int, mode: int = 0o666) -> str:
    """How opening a file ended; it is closed at once."""
    return seen(lambda: os.close(os.open(path, flags, mode)))


def name_of(number: int | None) -> str:
    """The name of an errno; of those that are equal, the one that manuals use."""
    names = {errno.EAGAIN: "EAGAIN", errno.EOPNOTSUPP: "EOPNOTSUPP"}
    return names.get(number or 0) or errno.errorcode.get(number or 0, str(number))


def sc(call: str | int, *arguments: int | bytes | None) -> str:
    """A system call by name or number: "allowed", or the name of the errno."""
    number = NUMBERS[call] if isinstance(call, str) else call
    packed = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *packed)
    return name_of(ctypes.get_errno()) if result == -1 else "allowed"


def in_child(act: Callable[[], object]) -> str:
    """How a forked child that does ``act`` ends: "exit N", or the name of the signal."""
    pid = os.fork()
    if pid == 0:
        try:
            act()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether it comes true; the deadline is generous, and only there so that a failure ends."""
    deadline = time.monotonic() + 50
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def everything(top: str) -> Iterable[str]:
    """Every path below ``top`` that can be seen, itself too, /proc aside."""
    yield top
    for folder, folders, files in os.walk(top):
        if folder == "/":
            folders.remove("proc")
        for name in (*folders, *files):
            yield os.path.join(folder, name)


def say(word: str) -> None:
    """A line for the test that watches."""
    os.write(1, f"{word}\n".encode())


def finish(value: object) -> None:
    """The last line: the plugin ran to its end, and this is what it saw."""
    os.write(1, f"\n{END}{json.dumps(value)}\n".encode())
