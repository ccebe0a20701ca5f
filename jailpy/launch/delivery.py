"""The process that writes what the plugin leaves in /out, with the rights of the folder's owner and no others.

Started by root, the launcher has no rights left when it reads what the plugin chose; and an ordinary user's launcher
reads it in the same way, in a process that is not the one that writes.
"""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms
import _socket  # the socket module costs 3 ms more
import errno
import os

from jailpy.broker.out import Collector, Writer
from jailpy.kernel import attributes, capabilities

_END = (1 << 31) - 1


class Delivery:
    """Started before the jail is born; ``finish`` when it is gone."""

    def __init__(self, path: str, identity: tuple[int, int], room: int | None) -> None:
        """``identity`` is the device and inode that the plan looked at. Raises OSError."""
        self._room = room
        self._source = -1
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            status = os.fstat(folder)
            if (status.st_dev, status.st_ino) != identity:
                raise OSError(errno.ESTALE, "was replaced by another between the check and the start", path)
            ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
            self._connection = ours.detach()
            self._pid = os.fork()
            if self._pid == 0:
                _write(theirs.detach(), folder, status)
            theirs.close()
        finally:
            os.close(folder)

    def take(self, source: int) -> None:
        """Keep a descriptor of the folder to be copied."""
        self._source = source

    def finish(self) -> tuple[str, ...]:
        """Copy what lies in it, if the jail came so far; what was left behind, and why."""
        left: tuple[str, ...] = ()
        if self._source >= 0:
            left = Collector(self._connection, self._room).collect(self._source)
            os.close(self._source)
        os.close(self._connection)
        os.waitpid(self._pid, 0)
        return left


def _write(connection: int, folder: int, owner: os.stat_result) -> None:
    """Be the writer. Never returns."""
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP):
            signal.signal(number, signal.SIG_IGN)  # the reader's end is ours
        low, high = sorted((connection, folder))
        for start, end in ((0, low), (low + 1, high), (high + 1, _END)):
            os.closerange(start, end)
        if os.geteuid() == 0:
            os.setgroups([])
            os.setresgid(owner.st_gid, owner.st_gid, owner.st_gid)
            os.setresuid(owner.st_uid, owner.st_uid, owner.st_uid)
        capabilities.keep_only()
        attributes.no_new_privileges()
        Writer(connection, folder).serve()
    except (OSError, EOFError):
        os._exit(1)
    finally:
        os._exit(0)
