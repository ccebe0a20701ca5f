"""Descriptors that go from one process to another (unix(7), SCM_RIGHTS)."""

from __future__ import annotations

import _socket  # the socket module costs 3 ms more
import errno
import struct

_ONE = struct.Struct("=i")


def pair() -> tuple[int, int]:
    """Two connected sockets, closed at execve."""
    one, other = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    return one.detach(), other.detach()


def send(to: int, descriptor: int) -> None:
    """Hand a descriptor over, and close the socket."""
    connection = _socket.socket(fileno=to)
    connection.sendmsg((b"\0",), ((_socket.SOL_SOCKET, _socket.SCM_RIGHTS, _ONE.pack(descriptor)),))
    connection.close()


def receive(over: int) -> int:
    """Take the descriptor and close the socket. Raises OSError where none was sent."""
    connection = _socket.socket(fileno=over)
    _, control, _, _ = connection.recvmsg(1, _socket.CMSG_SPACE(_ONE.size), _socket.MSG_CMSG_CLOEXEC)
    connection.close()
    if not control:
        raise OSError(errno.EBADF, "no descriptor came")
    (descriptor,) = _ONE.unpack(control[0][2])
    return int(descriptor)
