"""Descriptors that go from one process to another (unix(7), SCM_RIGHTS)."""

from __future__ import annotations

import _socket  # the socket module costs 3 ms more
import errno
import struct


def send(to: int, *descriptors: int) -> None:
    """Hand descriptors over, and close the socket."""
    connection = _socket.socket(fileno=to)
    packed = struct.pack(f"={len(descriptors)}i", *descriptors)
    connection.sendmsg((b"\0",), ((_socket.SOL_SOCKET, _socket.SCM_RIGHTS, packed),))
    connection.close()


def receive(over: int, count: int) -> tuple[int, ...]:
    """Take ``count`` descriptors and close the socket. Raises OSError where none were sent."""
    wanted = struct.Struct(f"={count}i")
    connection = _socket.socket(fileno=over)
    _, control, _, _ = connection.recvmsg(1, _socket.CMSG_SPACE(wanted.size), _socket.MSG_CMSG_CLOEXEC)
    connection.close()
    if not control:
        raise OSError(errno.EBADF, "no descriptor came")
    return wanted.unpack(control[0][2])
