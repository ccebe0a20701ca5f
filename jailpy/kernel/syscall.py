"""The one way into the kernel that the standard library does not offer: ``call(name, …)``.

Start-up budget: the C half of ctypes, which is a third of the whole, and the table of this machine's architecture.
The functions hold the interpreter lock over every call: clone3 then returns twice into an interpreter whose lock the
new process owns too.
"""

from __future__ import annotations

import _ctypes
import os

if os.uname().machine == "aarch64":
    from jailpy.abi.aarch64 import NUMBERS
else:
    from jailpy.abi.x86_64 import NUMBERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ctypes import Array, c_char, c_long

    Buffer = Array[c_char]
else:

    class c_long(_ctypes._SimpleCData):  # noqa: N801 (as ctypes names it)
        _type_ = "l"

    class c_char(_ctypes._SimpleCData):  # noqa: N801
        _type_ = "c"


class _Function(_ctypes.CFuncPtr):
    _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_PYTHONAPI | _ctypes.FUNCFLAG_USE_ERRNO
    _restype_ = c_long


_libc = _ctypes.dlopen(None, os.RTLD_NOW)  # type: ignore[arg-type]  # None: this program itself
_syscall = _Function(_ctypes.dlsym(_libc, "syscall"))
_ZERO = c_long(0)
_prctl = _Function(_ctypes.dlsym(_libc, "prctl"))


def call(name: str, *arguments: int | bytes | Buffer | None, about: str = "") -> int:
    """Issue system call ``name``; an OSError carries the call's name and ``about`` as notes (syscall(2))."""
    packed = [c_long(a) if type(a) is int else a for a in arguments]
    result = int(_syscall(c_long(NUMBERS[name]), *packed))
    if result < 0:
        raise failure(name, _ctypes.get_errno(), about)
    return result


def failure(name: str, number: int, about: str = "") -> OSError:
    """The OSError (of the subclass that Python maps the errno to) for a failed call."""
    error = OSError(number, os.strerror(number), about or None)
    error.add_note(f"system call: {name}{' ' + about if about else ''}")
    return error


def prctl(option: int, *arguments: int) -> int:
    """prctl(2), for the options that python-prctl has no name for."""
    padded = [*map(c_long, arguments), _ZERO, _ZERO, _ZERO, _ZERO]
    result = int(_prctl(c_long(option), *padded[:4]))
    if result < 0:
        raise failure(f"prctl {option}", _ctypes.get_errno())
    return result


def buffer(data: bytes) -> Buffer:
    """A buffer that holds ``data`` for the kernel to read or fill."""
    held: Buffer = (c_char * len(data))()
    held.raw = data
    return held


def address(data: Buffer) -> int:
    """The address of such a buffer, for structures that hold pointers."""
    return _ctypes.addressof(data)


def wipe(start: int, end: int) -> None:
    """Overwrite this process's own memory from ``start`` to ``end`` with zeros."""
    memory: Buffer = (c_char * (end - start)).from_address(start)
    memory.raw = bytes(end - start)
