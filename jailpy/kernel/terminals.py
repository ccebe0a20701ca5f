"""Pseudo-terminals, and handing their two sides to another process (pty(7), ioctl_tty(2), unix(7))."""

from __future__ import annotations

import _socket  # the socket module costs 3 ms more
import fcntl
import os
import struct
import termios

_TIOCSPTLCK = 0x40045431
_TIOCGPTPEER = 0x5441
_TWO = struct.Struct("=2i")


def new(devpts: int) -> tuple[int, int]:
    """A terminal of the mounted devpts: (master, slave), neither of them controlling anybody."""
    flags = os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC
    master = os.open("ptmx", flags, dir_fd=devpts)
    fcntl.ioctl(master, _TIOCSPTLCK, struct.pack("=i", 0))
    return master, fcntl.ioctl(master, _TIOCGPTPEER, flags)


def pair() -> tuple[int, int]:
    """Two connected sockets, closed at execve."""
    one, other = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    return one.detach(), other.detach()


def send(to: int, master: int, slave: int) -> None:
    """Hand both sides over, and close the socket."""
    connection = _socket.socket(fileno=to)
    connection.sendmsg((b"\0",), ((_socket.SOL_SOCKET, _socket.SCM_RIGHTS, _TWO.pack(master, slave)),))
    connection.close()


def receive(over: int) -> tuple[int, int] | None:
    """Take both sides and close the socket; None where the other end is closed."""
    connection = _socket.socket(fileno=over)
    _, control, _, _ = connection.recvmsg(1, _socket.CMSG_SPACE(_TWO.size), _socket.MSG_CMSG_CLOEXEC)
    connection.close()
    return _TWO.unpack(control[0][2]) if control else None


def size(terminal: int) -> bytes:
    """Its struct winsize."""
    return fcntl.ioctl(terminal, termios.TIOCGWINSZ, bytes(8))


def resize(terminal: int, to: bytes) -> None:
    """Set its struct winsize; the foreground process group is told when it differs (SIGWINCH)."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, to)
