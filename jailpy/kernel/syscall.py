"""The one way into the kernel that the standard library does not offer: ``call(name, …)``.

Start-up budget: ctypes, and the table of this machine's architecture. The library handle is a PyDLL, so
the interpreter lock is held over every call: clone3 then returns twice into an interpreter whose lock the
new process owns too.
"""

from __future__ import annotations

import ctypes
import os

if os.uname().machine == "aarch64":
    from jailpy.abi.aarch64 import NUMBERS
else:
    from jailpy.abi.x86_64 import NUMBERS

_libc = ctypes.PyDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def call(name: str, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None, about: str = "") -> int:
    """Issue system call ``name``; an OSError carries the call's name and ``about`` as notes (syscall(2))."""
    packed = [ctypes.c_long(a) if type(a) is int else a for a in arguments]
    result = int(_libc.syscall(ctypes.c_long(NUMBERS[name]), *packed))
    if result < 0:
        raise failure(name, ctypes.get_errno(), about)
    return result


def failure(name: str, number: int, about: str = "") -> OSError:
    """The OSError (of the subclass that Python maps the errno to) for a failed call."""
    error = OSError(number, os.strerror(number), about or None)
    error.add_note(f"system call: {name}{' ' + about if about else ''}")
    return error


def prctl(option: int, *arguments: int) -> int:
    """prctl(2), for the options that python-prctl has no name for."""
    padded = [ctypes.c_ulong(a) for a in (*arguments, 0, 0, 0, 0)[:4]]
    result = int(_libc.prctl(ctypes.c_int(option), *padded))
    if result < 0:
        raise failure(f"prctl {option}", ctypes.get_errno())
    return result


def buffer(data: bytes) -> ctypes.Array[ctypes.c_char]:
    """A buffer that holds ``data`` for the kernel to read or fill."""
    return ctypes.create_string_buffer(data, len(data))


def address(data: ctypes.Array[ctypes.c_char]) -> int:
    """The address of such a buffer, for structures that hold pointers."""
    return ctypes.addressof(data)


def wipe(start: int, end: int) -> None:
    """Overwrite this process's own memory from ``start`` to ``end`` with zeros."""
    ctypes.memset(start, 0, end - start)
