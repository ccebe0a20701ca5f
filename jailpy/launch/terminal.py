"""The caller's terminal, and one of the plugin's own: a pty of the jail's, whose other side only the launcher has.

The caller's terminal is never handed on. While the plugin has its own, the caller's is raw: what is typed, Ctrl-C too,
means what the pty's line discipline makes of it. Imported only where a stream of the caller's is a terminal.
"""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms
import os
import select
import termios
import tty

from jailpy.broker.stdio import Allowance, Input, Output
from jailpy.kernel import terminals
from jailpy.launch import streams
from jailpy.model.plan import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

_DEADLY = (signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGVTALRM, signal.SIGPROF, signal.SIGXCPU)
_AGAIN = 1.0  # seconds between two looks whether we have come to the foreground
_END_OF_FILE = b"\x04"  # VEOF of a new terminal (termios(3))


def in_foreground(fd: int) -> bool:
    """Whether we may read this terminal; who is in the background would be stopped (SIGTTIN)."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:  # it is not our controlling terminal, so there is no job control
        return True


class Keyboard(Input):
    """What is typed on the caller's terminal, while we are in the foreground there."""

    @property
    def patience(self) -> float | None:  # type: ignore[override]
        return None if in_foreground(self.source) else _AGAIN

    def wanted(self) -> tuple[tuple[int, int], ...]:
        return super().wanted() if self.pending or in_foreground(self.source) else ((self.sink, 0),)


class ToOwn(Keyboard):
    """What is typed, or comes from a pipe or a file, for the plugin's own terminal."""

    def __init__(self, source: int, sink: int, *, owned: bool) -> None:
        super().__init__(source, sink, owned=owned)
        self._rewinds = False  # what a terminal has taken, it may have echoed

    def _end(self) -> None:
        """On a terminal the end is a character; on a line that is not complete the first one only completes it."""
        os.write(self.sink, _END_OF_FILE * 2)
        self.close()


class OwnTerminal(streams.Streams):
    """The plugin has one terminal for its three streams. The jail makes it and sends us both of its sides."""

    def __init__(self, plan: Plan) -> None:
        self._source, owned = streams.standard_input("")
        self._sink, self._cleaner, sink_owned = streams.writable(1, plan)
        self._ours_to_close = [fd for fd, ours in ((self._source, owned), (self._sink, sink_owned)) if ours]
        self._from_jail, self.socket = terminals.pair()
        self.theirs = (-1, -1, -1)
        self.allowance = Allowance()
        self._inputs: tuple[Input, ...] = ()
        self._outputs: tuple[Output, ...] = ()
        self._polled: dict[int, Input | Output] = {}
        self._slave = -1  # kept open, so that it has no end before the jail has
        self._settings: list[Any] = []  # of the caller's terminal, when it is raw
        self._handled: list[tuple[int, Any]] = []

    def give(self, host_id: int) -> None:
        """Nothing yet: the terminal is made as the jail's id."""

    def register(self, poll: select.poll) -> None:
        if self._from_jail >= 0:
            poll.register(self._from_jail, select.POLLIN)
        elif self._inputs:
            self.enter()
        super().register(poll)

    def move(self, fd: int, revents: int) -> None:
        if fd == self._from_jail:
            self._receive()
        super().move(fd, revents)

    def _receive(self) -> None:
        both = terminals.receive(self._from_jail)
        self._from_jail = -1
        if both is None:
            return  # the jail has ended
        master, self._slave = both
        os.set_blocking(master, False)
        owned = self._source in self._ours_to_close
        self._inputs = (ToOwn(self._source, os.dup(master), owned=owned),)
        owned = self._sink in self._ours_to_close
        self._outputs = (Output(master, self._sink, self.allowance, cleaner=self._cleaner, owned=owned),)
        self._ours_to_close = []
        self._resize()
        self._handle(signal.SIGWINCH, self._resize)
        for number in _DEADLY:
            if signal.getsignal(number) == signal.SIG_DFL:
                self._handle(number, self._die)
        self.enter()

    def _handle(self, number: int, handler: Any) -> None:
        self._handled.append((number, signal.signal(number, handler)))

    def _resize(self, *_: object) -> None:
        """The plugin's terminal is as large as the caller's; the kernel tells the plugin (SIGWINCH)."""
        for fd in (1, 0, 2):
            if os.isatty(fd):
                terminals.resize(self._slave, terminals.size(fd))
                return

    def _die(self, number: int, _: FrameType | None) -> None:
        """A signal that ends us at once must not leave the caller with a raw terminal."""
        self.leave()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    @property
    def counts(self) -> tuple[int, int]:
        return sum(output.count for output in self._outputs), 0

    def enter(self) -> None:
        """Make the caller's terminal raw, once we are in the foreground."""
        if self._settings or not os.isatty(0) or not in_foreground(0):
            return
        self._settings = termios.tcgetattr(0)
        tty.setraw(0, termios.TCSADRAIN)

    def leave(self) -> None:
        """Give the caller's terminal its settings back."""
        if self._settings:
            termios.tcsetattr(0, termios.TCSADRAIN, self._settings)
            self._settings = []

    def close_input(self) -> None:
        super().close_input()
        if self._slave >= 0:
            os.close(self._slave)
            self._slave = -1

    def forget(self) -> None:
        for fd in (*self._ours_to_close, *((self._from_jail,) if self._from_jail >= 0 else ())):
            os.close(fd)
        self._ours_to_close = []
        self._from_jail = -1

    def close(self) -> None:
        self.leave()
        super().close()
        self.forget()
        for number, handler in self._handled:
            signal.signal(number, handler)
        self._handled = []
