"""The plugin's three streams as the launcher sees them: made before the jail, relayed while it lives, counted."""

from __future__ import annotations

import fcntl
import os
import stat

from jailpy.broker.stdio import Allowance, Input, Output
from jailpy.errors import HostError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import select

_UNREADABLE = "give it one, such as < /dev/null, or name a file with --stdin"


class Streams:
    """Owns our ends of the streams; ``theirs`` are the plugin's 0, 1 and 2, which the caller of this hands on."""

    def __init__(self) -> None:
        """Raises UsageError for what cannot be read, OSError where descriptors run out; then keeps none."""
        source, owned = _standard_input()
        ends: list[int] = []
        try:
            for _ in range(3):
                ends += os.pipe2(os.O_CLOEXEC)
        except OSError:
            for fd in (*ends, *((source,) if owned else ())):
                os.close(fd)
            raise
        stdin, to_stdin, from_stdout, stdout, from_stderr, stderr = ends
        self.theirs = (stdin, stdout, stderr)
        self.allowance = Allowance()
        self._input = Input(source, to_stdin, owned=owned)
        self._outputs = (Output(from_stdout, 1, self.allowance), Output(from_stderr, 2, self.allowance))
        self._polled: dict[int, Input | Output] = {}

    def give(self, host_id: int) -> None:
        """Hand them to the jail's id: /dev/stdout is opened by name, with its rights."""
        try:
            for fd in self.theirs:
                os.fchown(fd, host_id, host_id)
        except OSError as error:
            from jailpy.launch.diagnose import ROOT

            raise HostError(
                f"the streams cannot be given to the jail's id {host_id}: {error.strerror}", hint=ROOT
            ) from error

    def register(self, poll: select.poll) -> None:
        """Add what is to be waited for now."""
        self._polled = {}
        for stream in (self._input, *self._outputs):
            for fd, events in stream.wanted() if stream.open else ():
                self._polled[fd] = stream
                poll.register(fd, events)

    def move(self, fd: int, revents: int) -> None:
        """Relay what the poll made possible; a descriptor that is not of a stream is not looked at."""
        if fd in self._polled and self._polled[fd].open:
            self._polled[fd].move(fd, revents)

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
        """Nobody reads the plugin's standard input any more."""
        self._input.close()

    def forget(self) -> None:
        """In pid 1: close the launcher's ends, which would keep the streams from ever ending."""
        if self._input.open:
            self._input.forget()
        for output in self._outputs:
            output.close()

    def close(self) -> None:
        """Close our ends; the plugin's belong to the jail."""
        self._input.close()
        for output in self._outputs:
            output.close()


def _standard_input() -> tuple[int, bool]:
    """What is read for the plugin, and whether it is ours to close. Raises UsageError."""
    mode = os.fstat(0).st_mode
    if stat.S_ISDIR(mode):
        raise UsageError("standard input is a folder", hint=_UNREADABLE)
    if fcntl.fcntl(0, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY:
        raise UsageError("standard input is open for writing only", hint=_UNREADABLE)
    return _apart(0, os.O_RDONLY) if stat.S_ISFIFO(mode) else (0, False)


def _apart(fd: int, flags: int) -> tuple[int, bool]:
    """The same file by a descriptor that does not block, whatever others who share the caller's read meanwhile."""
    try:
        return os.open(f"/proc/self/fd/{fd}", flags | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY), True
    except OSError:  # another user's pipe
        return fd, False
