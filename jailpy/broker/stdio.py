"""The plugin's three streams, relayed byte for byte and counted.

Nothing is interpreted here; what a terminal may obey is for ``terminal`` to say. No read or write can block the
supervisor, whoever shares the caller's descriptors with us. Output that nobody reads any more is not read any more
either, so the plugin gets EPIPE.
"""

from __future__ import annotations

import _stat as stat  # the module around it is Python
import errno
import fcntl
import select

from jailpy import system as os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jailpy.broker.terminal import Cleaner

_CHUNK = 1 << 16  # what a new pipe holds
_LARGE = 1 << 17  # what it holds once a chunk has filled it
_PIPE_BUF = 4096  # what a pipe that polls writable takes without blocking (pipe(7))
_FIONREAD = 0x541B
NULL = os.makedev(1, 3)  # to which a write never waits
_CANNOT_SPLICE = (errno.EINVAL, errno.EPERM, errno.ENOSYS)
_READER_GONE = (errno.EPIPE, errno.ECONNRESET, errno.EIO)


class Allowance:
    """How many bytes of output still go out, of both streams together; None: all."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.exceeded = False

    def room(self, size: int) -> int:
        return size if self.left is None else min(size, self.left)

    def take(self, size: int) -> None:
        if self.left is not None:
            self.left -= size


class Input:
    """From the caller's ``source`` to ``sink``, our end of a pipe to the plugin.

    The bytes are copied: a page of a host file that was spliced into the pipe would still be that file's.
    """

    def __init__(self, source: int, sink: int, *, owned: bool) -> None:
        """``owned``: the source is ours to close; ``sink`` always is."""
        self.source = source
        self.sink = sink
        self.open = True
        self._owned = owned
        mode = os.fstat(source).st_mode
        self._rewinds = stat.S_ISREG(mode)
        self._shared = stat.S_ISFIFO(mode) and os.get_blocking(source)
        self._ended = False  # the caller has no more; the plugin may not have read it all yet
        self._buffer = bytearray(_CHUNK)
        self._pending = memoryview(b"")
        os.set_blocking(sink, False)

    @property
    def patience(self) -> float | None:
        """Seconds after which to ask again what is wanted, whatever happens."""
        return None

    @property
    def pending(self) -> bool:
        """Whether something waits to be written."""
        return bool(self._pending)

    def wanted(self) -> tuple[tuple[int, int], ...]:
        """The descriptors to poll now, and for what; the sink always tells when its reader is gone."""
        if self._ended:
            return ()
        if self._pending:
            return ((self.sink, select.POLLOUT),)
        return ((self.source, select.POLLIN), (self.sink, 0))

    def move(self, fd: int, revents: int) -> None:
        """Do what the poll made possible; closes itself at the end of the data or of the reader."""
        if fd == self.sink and revents & (select.POLLERR | select.POLLHUP | select.POLLNVAL):
            self.close()
            return
        try:
            if not self._pending:
                size = self._read()
                self._pending = memoryview(self._buffer)[:size]
                if size == 0:
                    self._end()
                    return
                if size == len(self._buffer) == _CHUNK:
                    _enlarge(self.source, self.sink)
                    self._buffer = bytearray(_LARGE)
            self._pending = self._pending[os.write(self.sink, self._pending) :]
        except BlockingIOError:  # the plugin's pipe is full, or another reader was faster
            return
        except OSError:
            self.close()

    def _read(self) -> int:
        """Fill the buffer, without waiting where somebody else has emptied a pipe that we could not make our own."""
        if self._shared:
            try:
                return os.preadv(self.source, (self._buffer,), -1, os.RWF_NOWAIT)
            except OSError as error:
                if error.errno != errno.EOPNOTSUPP:
                    raise
                self._shared = False  # a kernel before 6.4 cannot do that with pipes
        return os.readv(self.source, (self._buffer,))

    def _end(self) -> None:
        """The caller has no more, which the plugin learns when our end is closed; the other one tells what it reads."""
        if not self._rewinds:
            self.close()
            return
        left = os.open(f"/proc/self/fd/{self.sink}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        os.close(self.sink)
        self.sink = left
        self._ended = True

    def close(self) -> None:
        """Close our ends. What the plugin left unread of a file is left to whoever reads that file next."""
        if self.open and self._rewinds:
            self._rewind()
        self.forget()

    def forget(self) -> None:
        """Close our ends, in a process that does not relay."""
        if self.open:
            self.open = False
            os.close(self.sink)
            if self._owned:
                os.close(self.source)
            self.source = self.sink = -1

    def _rewind(self) -> None:
        unread = len(self._pending) + int.from_bytes(fcntl.ioctl(self.sink, _FIONREAD, bytes(4)), "little")
        if unread:
            os.lseek(self.source, -unread, os.SEEK_CUR)


class Output:
    """From ``source``, our end of a pipe from the plugin, to the caller's ``sink``.

    The kernel moves the bytes where it can, unless a ``cleaner`` has to look at them.
    """

    def __init__(
        self, source: int, sink: int, allowance: Allowance, *, cleaner: Cleaner | None = None, owned: bool = False
    ) -> None:
        """``owned``: the sink is a descriptor of our own, which does not block."""
        self.source = source
        self.sink = sink
        self.count = 0  # bytes that the plugin has written
        self.open = True
        self.lost = 0  # the errno with which the caller's side refused bytes, such as ENOSPC
        self._allowance = allowance
        self._cleaner = cleaner
        self._owned = owned
        self._pending = memoryview(b"")
        self._full = False  # the last splice found no room
        self._ended = False  # what is pending is the last
        status = os.fstat(sink)
        regular = stat.S_ISREG(status.st_mode)
        self._splices = not owned and (regular or stat.S_ISFIFO(status.st_mode) or status.st_rdev == NULL)
        self._at_once = _CHUNK if regular or owned else _PIPE_BUF
        self._chunk = _CHUNK

    @property
    def cleaned(self) -> bool:
        """Whether it goes to a terminal that must not obey all of it."""
        return self._cleaner is not None

    @property
    def pending(self) -> bool:
        """Whether something waits to be written."""
        return self._full or bool(self._pending)

    def wanted(self) -> tuple[tuple[int, int], ...]:
        """The descriptors to poll now, and for what."""
        return ((self.sink, select.POLLOUT),) if self.pending else ((self.source, select.POLLIN),)

    def move(self, _: int, revents: int) -> None:
        """Do what the poll made possible; closes itself at the end of the data or of the reader."""
        try:
            if self.pending:
                self._write(revents)
            elif self._allowance.room(1) == 0:
                self._drop()
            elif self._splices:
                self._splice()
            else:
                self._read()
        except BlockingIOError:
            self._full = self._splices
        except OSError as error:
            if not self._splices or error.errno not in _CANNOT_SPLICE:
                self.lost = 0 if error.errno in _READER_GONE else error.errno or 0
                self.close()  # the plugin is told by EPIPE
            self._splices = False  # a file that is appended to, or a launcher whose own filter refuses it

    def _write(self, revents: int) -> None:
        if revents & (select.POLLERR | select.POLLNVAL):
            raise BrokenPipeError
        self._full = False
        if self._pending:
            self._pending = self._pending[os.write(self.sink, self._pending[: self._at_once]) :]
        if self._ended and not self._pending:
            self.close()

    def _splice(self) -> None:
        size = os.splice(self.source, self.sink, self._allowance.room(self._chunk), flags=os.SPLICE_F_NONBLOCK)
        self._counted(size)

    def _read(self) -> None:
        data = self._taken(self._allowance.room(self._chunk))
        if data:
            self._pending = memoryview(self._cleaner.clean(data) if self._cleaner else data)
        self._counted(len(data))

    def _drop(self) -> None:
        size = len(self._taken(self._chunk))
        self.count += size
        self._allowance.exceeded = self._allowance.exceeded or size > 0
        if size == 0:
            self._end()

    def _taken(self, size: int) -> bytes:
        try:
            return os.read(self.source, size)
        except OSError as error:
            if error.errno != errno.EIO:  # a terminal that nobody has open any more
                raise
            return b""

    def _counted(self, size: int) -> None:
        self.count += size
        self._allowance.take(size)
        if size == 0:
            self._end()
        elif size == self._chunk == _CHUNK:
            _enlarge(self.source, self.sink)
            self._chunk = _LARGE

    def _end(self) -> None:
        """Nothing more comes. What the cleaner held back is still to be written."""
        self._ended = True
        self._pending = memoryview(self._cleaner.end() if self._cleaner else b"")
        if not self._pending:
            self.close()

    def close(self) -> None:
        """Close our ends; what belongs to the caller stays open."""
        if self.open:
            self.open = False
            os.close(self.source)
            if self._owned:
                os.close(self.sink)
            self.source = self.sink = -1


def _enlarge(*pipes: int) -> None:
    """Let pipes that a chunk has filled hold more; the caller's too, which would be the bottleneck."""
    for pipe in pipes:
        try:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _LARGE)
        except OSError:  # it is none, or this user's pipes hold enough together (pipe(7), pipe-user-pages-soft)
            continue
