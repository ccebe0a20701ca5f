"""Installs a stack of filters in this process, and makes system calls under it.

live.py PROGRAMS-IN-HEX... -- CALL NUMBER...   prints the errno of each call, 0 for success
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2

libc = ctypes.CDLL(None, use_errno=True)


class Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def checked(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def install(program: bytes) -> None:
    record = Program(len(program) // 8, program)
    checked(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(record), 0, 0))


def call(text: str) -> int:
    """The errno of NUMBER[,ARGUMENT...]."""
    ctypes.set_errno(0)
    numbers = [ctypes.c_ulong(int(word, 0)) for word in text.split(",")]
    return ctypes.get_errno() if libc.syscall(*numbers) == -1 else 0


def main(words: list[str]) -> None:
    split = words.index("--")
    checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    for word in words[:split]:
        install(bytes.fromhex(word))
    print(*(call(text) for text in words[split + 1 :]))


if __name__ == "__main__":
    main(sys.argv[1:])
