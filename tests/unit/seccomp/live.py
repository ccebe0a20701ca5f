"""Installs a stack of filters in this process, and makes system calls under it.

    live.py PROGRAMS-IN-HEX... -- CALL NUMBER...   prints the errno of each call, 0 for success

With --listener FD first, the last program is installed with a listener, which is handed over that socket, and then
execve starts the rest of the command line.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
SECCOMP, SECCOMP_SET_MODE_FILTER, NEW_LISTENER = 317, 1, 8  # x86_64

libc = ctypes.CDLL(None, use_errno=True)


class Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def install(programs: list[bytes], *, listen: bool) -> int:
    """The listener's fd, or 0."""
    checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    for program in programs:
        flags = NEW_LISTENER if listen and program is programs[-1] else 0
        record = Program(len(program) // 8, program)
        result = checked(libc.syscall(SECCOMP, SECCOMP_SET_MODE_FILTER, flags, ctypes.byref(record)))
    return result


def call(text: str) -> int:
    """The errno of NUMBER[,ARGUMENT...]."""
    ctypes.set_errno(0)
    numbers = [ctypes.c_ulong(int(word, 0)) for word in text.split(",")]
    return ctypes.get_errno() if libc.syscall(*numbers) == -1 else 0


def main(words: list[str]) -> None:
    listen = words[0] == "--listener"
    split = words.index("--")
    listener = install([bytes.fromhex(word) for word in words[2 * listen : split]], listen=listen)
    if listen:
        with socket.socket(fileno=int(words[1])) as channel:
            socket.send_fds(channel, [b"listener"], [listener])
        os.execv(words[split + 1], words[split + 1 :])
    print(*(call(text) for text in words[split + 1 :]))


if __name__ == "__main__":
    main(sys.argv[1:])
