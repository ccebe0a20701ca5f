"""The plugin's three streams, relayed byte for byte and counted.

Nothing is interpreted here. No write can block the supervisor: at most PIPE_BUF bytes go to a descriptor that
polls writable. Output that nobody reads any more is not read any more either, so the plugin gets EPIPE.
"""

from __future__ import annotations

import os
import select
import stat

_CHUNK = 1 << 16
_PIPE_BUF = 4096  # what a pipe that polls writable takes without blocking (pipe(7))


class Stream:
    """One direction: read from ``source`` when nothing is pending, else write to ``sink``."""

    def __init__(self, source: int, sink: int, ours: int) -> None:
        self.source = source
        self.sink = sink
        self.ours = ours  # the end that is a pipe to the jail and is closed by us
        self.count = 0  # bytes read
        self.open = True
        self._pending = memoryview(b"")
        self._at_once = _PIPE_BUF if not stat.S_ISREG(os.fstat(sink).st_mode) else _CHUNK

    def wanted(self) -> tuple[int, int]:
        """The descriptor to poll now, and for what."""
        return (self.sink, select.POLLOUT) if self._pending else (self.source, select.POLLIN)

    def move(self, revents: int) -> None:
        """Do what the poll made possible; closes itself at the end of the data or of the reader."""
        try:
            if self._pending:
                if revents & (select.POLLERR | select.POLLNVAL):
                    raise BrokenPipeError
                self._pending = self._pending[os.write(self.sink, self._pending[: self._at_once]) :]
            else:
                data = os.read(self.source, _CHUNK)
                self.count += len(data)
                self._pending = memoryview(data)
                if not data:
                    self.close()
        except BlockingIOError:  # the caller's descriptor does not block, and what polled ready was taken by another
            return
        except OSError:  # the reader is gone, the disk is full: the plugin is told by EPIPE
            self.close()

    def close(self) -> None:
        """Close our end; the other one belongs to the caller."""
        if self.open:
            self.open = False
            os.close(self.ours)
            self.ours = -1
