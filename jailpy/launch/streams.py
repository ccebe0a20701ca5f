"""The plugin's three streams as the launcher sees them: made before the jail, relayed while it lives, counted."""

from __future__ import annotations

import os

from jailpy.broker.stdio import Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    import select


class Streams:
    """Owns our ends of the streams; ``theirs`` are the plugin's 0, 1 and 2, which the caller of this hands on."""

    def __init__(self) -> None:
        """Raises OSError where descriptors run out, and then keeps none."""
        ends: list[int] = []
        try:
            for _ in range(3):
                ends += os.pipe2(os.O_CLOEXEC)
        except OSError:
            for fd in ends:
                os.close(fd)
            raise
        stdin, to_stdin, from_stdout, stdout, from_stderr, stderr = ends
        os.set_blocking(to_stdin, False)
        self.theirs = (stdin, stdout, stderr)
        self._input = Stream(0, to_stdin, to_stdin)
        self._outputs = (Stream(from_stdout, 1, from_stdout), Stream(from_stderr, 2, from_stderr))
        self._polled: dict[int, Stream] = {}

    def give(self, host_id: int) -> None:
        """Hand them to the jail's id: /dev/stdout is opened by name, with its rights."""
        for fd in self.theirs:
            os.fchown(fd, host_id, host_id)

    def register(self, poll: select.poll) -> None:
        """Add what is to be waited for now."""
        self._polled = {}
        for stream in (self._input, *self._outputs):
            if stream.open:
                fd, events = stream.wanted()
                self._polled[fd] = stream
                poll.register(fd, events)

    def move(self, fd: int, revents: int) -> None:
        """Relay what the poll made possible; a descriptor that is not of a stream is not looked at."""
        if fd in self._polled:
            self._polled[fd].move(revents)

    @property
    def flowing(self) -> bool:
        """Whether the plugin's output is not yet all taken."""
        return any(stream.open for stream in self._outputs)

    @property
    def counts(self) -> tuple[int, int]:
        """Bytes that the plugin has written to its standard output and standard error."""
        out, err = self._outputs
        return out.count, err.count

    def close_input(self) -> None:
        self._input.close()

    def close(self) -> None:
        """Close our ends; the plugin's belong to the jail."""
        for stream in (self._input, *self._outputs):
            stream.close()
