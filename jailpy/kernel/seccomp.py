"""Installing a seccomp filter (seccomp(2)). Which one is not decided here."""

from __future__ import annotations

import struct

from jailpy.kernel.syscall import address, buffer, call

_SET_MODE_FILTER = 1
_INSTRUCTION = 8  # bytes in struct sock_filter


def install(program: bytes) -> None:
    """Add ``program``, an array of struct sock_filter, to the filters of this process; needs no_new_privs."""
    code = buffer(program)
    descriptor = struct.pack("@HP", len(program) // _INSTRUCTION, address(code))
    call("seccomp", _SET_MODE_FILTER, 0, buffer(descriptor))
