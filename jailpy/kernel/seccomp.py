"""Installing a seccomp filter (seccomp(2)). Which one is not decided here."""

from __future__ import annotations

import _struct as struct  # the module around it is a file more to find

from jailpy.kernel.syscall import address, call

ACTIONS = (("kill", 0x80000000), ("errno", 0x00050000), ("notify", 0x7FC00000))  # SECCOMP_RET_*
_SET_MODE_FILTER = 1
_GET_ACTION_AVAILABLE = 2
_INSTRUCTION = 8  # bytes in struct sock_filter


def install(program: bytes) -> None:
    """Add ``program``, an array of struct sock_filter, to the filters of this process; needs no_new_privs."""
    call("seccomp", _SET_MODE_FILTER, 0, struct.pack("@HP", len(program) // _INSTRUCTION, address(program)))


def available(action: int) -> None:
    """Raise OSError where this kernel does not know the action (SECCOMP_GET_ACTION_AVAIL)."""
    call("seccomp", _GET_ACTION_AVAILABLE, 0, struct.pack("@I", action))
