"""The one way into the kernel that the standard library does not offer: ``call(name, …)``.

Start-up budget: the C half of ctypes, which is a third of the whole, and the table of this machine's architecture.
The functions hold the interpreter lock over every call: clone3 then returns twice into an interpreter whose lock the
new process owns too.
"""

from __future__ import annotations

import _ctypes

from jailpy import system as os

if os.uname().machine == "aarch64":
    from jailpy.abi.aarch64 import NUMBERS
else:
    from jailpy.abi.x86_64 import NUMBERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ctypes import Array, c_char, c_char_p, c_long, c_void_p

    Buffer = Array[c_char]
else:

    class c_long(_ctypes._SimpleCData):  # noqa: N801 (as ctypes names it)
        _type_ = "l"

    class c_char(_ctypes._SimpleCData):  # noqa: N801
        _type_ = "c"

    class c_char_p(_ctypes._SimpleCData):  # noqa: N801
        _type_ = "z"

    class c_void_p(_ctypes._SimpleCData):  # noqa: N801
        _type_ = "P"


class _Function(_ctypes.CFuncPtr):
    _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_PYTHONAPI | _ctypes.FUNCFLAG_USE_ERRNO
    _restype_ = c_long


_libc = _ctypes.dlopen(None, os.RTLD_NOW)  # type: ignore[arg-type]  # None: this program itself


def _function(name: str, count: int) -> _Function:
    """One of the C library with ``count`` arguments; told their types, it takes a third of the time."""
    function = _Function(_ctypes.dlsym(_libc, name))
    function.argtypes = (c_void_p,) * count  # which stands for numbers, bytes, buffers and None
    return function


_SYSCALLS = tuple(_function("syscall", 1 + count) for count in range(7))
_memset = _function("memset", 3)
_Room = c_char * 256


def call(name: str, *arguments: int | bytes | Buffer | None, about: str = "") -> int:
    """Issue system call ``name``; an OSError carries the call's name and ``about`` as notes (syscall(2))."""
    result = int(_SYSCALLS[len(arguments)](NUMBERS[name], *arguments))
    if result < 0:
        raise failure(name, _ctypes.get_errno(), about)
    return result


def failure(name: str, number: int, about: str = "") -> OSError:
    """The OSError (of the subclass that Python maps the errno to) for a failed call."""
    error = OSError(number, os.strerror(number), about or None)
    error.add_note(f"system call: {name}{' ' + about if about else ''}")
    return error


def room() -> Buffer:
    """256 bytes for the kernel to fill, whatever it fills: each size would be a type of its own, and take 10 µs."""
    return _Room()


def address(data: bytes | Buffer) -> int:
    """Where ``data`` lies, for structures that hold pointers. It must be kept until the kernel has seen it."""
    if not isinstance(data, bytes):
        return _ctypes.addressof(data)
    pointer = c_char_p(data)
    return int(c_void_p.from_address(_ctypes.addressof(pointer)).value or 0)


def wipe(start: int, end: int) -> None:
    """Overwrite this process's own memory from ``start`` to ``end`` with zeros."""
    _memset(start, None, end - start)
