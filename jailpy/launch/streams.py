"""The plugin's three streams as the launcher sees them: made before the jail, relayed while it lives, counted."""

from __future__ import annotations

import _stat as stat  # the module around it is Python
import fcntl

from jailpy import system as os
from jailpy.broker.stdio import NULL, Allowance, Input, Output
from jailpy.errors import HostError, UsageError
from jailpy.model.plan import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    import select

    from jailpy.broker.terminal import Cleaner
    from jailpy.launch.ending import Ending

_READABLE = "give it one, such as < /dev/null, or name a file with --stdin"


class Streams:
    """Owns our ends of the streams; ``theirs`` are the plugin's 0, 1 and 2, which the caller of this hands on."""

    socket = -1  # the jail's end of the one over which it sends a terminal of its own

    def __init__(self, plan: Plan) -> None:
        """Raises UsageError for what cannot be read, OSError where descriptors run out; and then keeps none."""
        source, owned = standard_input(plan.stdin)
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
        self._inputs: tuple[Input, ...] = (_input(source, to_stdin, owned=owned),)
        self._outputs = tuple(self._output(end, fd, plan) for end, fd in ((from_stdout, 1), (from_stderr, 2)))
        self._polled: dict[int, Input | Output] = {}

    def _output(self, source: int, fd: int, plan: Plan) -> Output:
        sink, cleaner, owned = writable(fd, plan)
        return Output(source, sink, self.allowance, cleaner=cleaner, owned=owned)

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
        outputs = self._outputs
        if all(output.cleaned for output in outputs):  # what one passes must not be torn by bytes of the other
            outputs = tuple(output for output in outputs if output.open and output.pending)[:1] or outputs
        streams: tuple[Input | Output, ...] = (*self._inputs, *outputs)
        for stream in streams:
            for fd, events in stream.wanted() if stream.open else ():
                self._polled[fd] = stream
                poll.register(fd, events)

    def move(self, fd: int, revents: int) -> None:
        """Relay what the poll made possible; a descriptor that is not of a stream is not looked at."""
        if fd in self._polled and self._polled[fd].open:
            self._polled[fd].move(fd, revents)

    @property
    def patience(self) -> float | None:
        """Seconds after which to ask again, whatever happens."""
        return next((stream.patience for stream in self._inputs if stream.open), None)

    @property
    def flowing(self) -> bool:
        """Whether the plugin's output is not yet all taken."""
        return any(stream.open for stream in self._outputs)

    @property
    def counts(self) -> tuple[int, int]:
        """Bytes that the plugin has written to its standard output and standard error."""
        out, err = self._outputs
        return out.count, err.count

    def tell(self, ending: Ending) -> None:
        """What came of the output; that the caller's side took no more of it is a fault, unless its reader has gone."""
        ending.stdout, ending.stderr = self.counts
        ending.flooded = self.allowance.exceeded
        for output, name in zip(self._outputs, ("output", "error"), strict=False):
            if output.lost:
                ending.failed(-1, output.lost, f"standard {name}: {os.strerror(output.lost)}")

    def close_input(self) -> None:
        """Nobody reads the plugin's standard input any more."""
        for stream in self._inputs:
            stream.close()

    def leave(self) -> None:
        """We are about to stop: leave the caller's terminal as it was."""

    def enter(self) -> None:
        """We go on."""

    def forget(self) -> None:
        """In pid 1: close the launcher's ends, which would keep the streams from ever ending."""
        for stream in self._inputs:
            stream.forget()
        for output in self._outputs:
            output.close()

    def close(self) -> None:
        """Close our ends; the plugin's belong to the jail."""
        self.close_input()
        for output in self._outputs:
            output.close()


def standard_input(path: str) -> tuple[int, bool]:
    """What is read for the plugin, and whether it is ours to close. Raises UsageError."""
    if path:
        try:
            fd, name = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY), f"--stdin {path}"
        except OSError as error:
            raise UsageError(f"--stdin {path}: {error.strerror}", hint="name a file that can be read") from error
    else:
        fd, name = 0, "standard input"
    status = os.fstat(fd)
    mode = status.st_mode
    unreadable = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY
    if stat.S_ISDIR(mode) or (unreadable and status.st_rdev != NULL):  # nohup(1) gives a /dev/null like that
        if path:
            os.close(fd)
        wrong = "is open for writing only" if unreadable else "is a folder"
        raise UsageError(f"{name} {wrong}", hint=_READABLE)
    if fd == 0 and (stat.S_ISFIFO(mode) or os.isatty(0)):
        own, owned = apart(0, os.O_RDONLY)
        if owned:  # in its place, for descriptors may be few
            os.dup2(own, 0)
            os.close(own)
    return fd, bool(path)


def writable(fd: int, plan: Plan) -> tuple[int, Cleaner | None, bool]:
    """Where output for ``fd`` is written, what makes it fit for a terminal, and whether the first is ours to close."""
    status = os.fstat(fd)
    if not stat.S_ISCHR(status.st_mode) or status.st_rdev == NULL or not os.isatty(fd):
        return fd, None, False
    sink, owned = apart(fd, os.O_WRONLY)
    if plan.raw:
        return sink, None, owned
    from jailpy.broker.terminal import Cleaner

    locale = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or ""
    return sink, Cleaner(utf8="utf" in locale.lower(), edited=plan.tty), owned


def apart(fd: int, flags: int) -> tuple[int, bool]:
    """The same file by a descriptor that does not block, whatever others who share the caller's do meanwhile."""
    try:
        return os.open(f"/proc/self/fd/{fd}", flags | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY), True
    except OSError:  # it belongs to another user
        return fd, False


def _input(source: int, sink: int, *, owned: bool) -> Input:
    if not os.isatty(source):
        return Input(source, sink, owned=owned)
    from jailpy.launch.keyboard import Keyboard

    return Keyboard(source, sink, owned=owned)
