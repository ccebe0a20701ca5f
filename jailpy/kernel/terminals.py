"""Pseudo-terminals (pty(7), ioctl_tty(2))."""

from __future__ import annotations

import fcntl
import os
import struct
import termios

_TIOCSPTLCK = 0x40045431
_TIOCGPTPEER = 0x5441


def new(devpts: int) -> tuple[int, int]:
    """A terminal of the mounted devpts: (master, slave), neither of them controlling anybody."""
    flags = os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC
    master = os.open("ptmx", flags, dir_fd=devpts)
    fcntl.ioctl(master, _TIOCSPTLCK, struct.pack("=i", 0))
    return master, fcntl.ioctl(master, _TIOCGPTPEER, flags)


def unread(terminal: int) -> int:
    """How many bytes the foreground could read now, without the end of file that may stand after them (TIOCINQ)."""
    return int.from_bytes(fcntl.ioctl(terminal, termios.FIONREAD, bytes(4)), "little")


def size(terminal: int) -> bytes:
    """Its struct winsize."""
    return fcntl.ioctl(terminal, termios.TIOCGWINSZ, bytes(8))


def resize(terminal: int, to: bytes) -> None:
    """Set its struct winsize; the foreground process group is told when it differs (SIGWINCH)."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, to)
