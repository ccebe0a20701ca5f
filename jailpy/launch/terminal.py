"""The caller's terminal, and one of the plugin's own: a pty of the jail's, whose other side only the launcher has.

The caller's terminal is never handed on. While the plugin has its own, the caller's is raw: what is typed, Ctrl-C too,
means what the pty's line discipline makes of it. Imported only where a stream of the caller's is a terminal.
"""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms
import os
import select
import termios
import time
import tty

from jailpy.broker.stdio import Allowance, Input, Output
from jailpy.kernel import handover, sockets, terminals
from jailpy.launch import streams
from jailpy.launch.keyboard import Keyboard, in_foreground
from jailpy.model.plan import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

_DEADLY = (signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGVTALRM, signal.SIGPROF, signal.SIGXCPU)
_AGAIN = 0.25  # seconds until the end of the input is typed again
_END_OF_FILE = b"\x04"  # VEOF of a new terminal (termios(3))


class ToOwn(Keyboard):
    """What is typed, or comes from a pipe or a file, for the plugin's own terminal."""

    def __init__(self, source: int, sink: int, slave: int, *, owned: bool) -> None:
        super().__init__(source, sink, owned=owned)
        self._rewinds = False  # what a terminal has taken, it may have echoed
        self._slave = slave
        self._typed = 0.0  # when the end was, of time.monotonic()

    def _end(self) -> None:
        self._ended = True

    @property
    def patience(self) -> float | None:
        return _AGAIN if self._ended else super().patience

    def wanted(self) -> tuple[tuple[int, int], ...]:
        if self._ended:
            self._type_end()
        return super().wanted()

    def _type_end(self) -> None:
        """On a terminal the end is a character, which counts once all before it is read.

        Where lines are taken whole, the first one may only complete a line. A program that reads each key by itself
        may have thrown it away when it changed the terminal's ways, so for those it is typed again.
        """
        now = time.monotonic()
        try:
            lines = bool(termios.tcgetattr(self._slave)[3] & termios.ICANON)
            if terminals.unread(self._slave) or now < self._typed + _AGAIN or (lines and self._typed):
                return
            os.write(self.sink, _END_OF_FILE * (2 if lines else 1))
            self._typed = now
        except (OSError, termios.error):  # the plugin has ended, and its terminal with it
            return


class OwnTerminal(streams.Streams):
    """The plugin has one terminal for its three streams. The jail makes it and sends us both of its sides."""

    def __init__(self, plan: Plan) -> None:
        self._source, _ = streams.standard_input("")
        self._from_jail, self.socket = sockets.pair()
        self._sink, self._cleaner, self._sink_owned = streams.writable(1, plan)
        self.theirs = (-1, -1, -1)
        self.allowance = Allowance()
        self._inputs: tuple[Input, ...] = ()
        self._outputs: tuple[Output, ...] = ()
        self._polled: dict[int, Input | Output] = {}
        self._slave = -1  # kept open, so that it has no end before the jail has
        self._terminal = next((fd for fd in (0, 1) if os.isatty(fd)), -1)  # the caller's
        self._settings: list[Any] = []  # of that one, when it is raw
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
        over, self._from_jail = self._from_jail, -1
        try:
            master, self._slave = handover.receive(over, 2)
        except OSError:  # the jail has ended, which is seen elsewhere
            return
        os.set_blocking(master, False)
        self._inputs = (ToOwn(self._source, os.dup(master), self._slave, owned=False),)
        self._outputs = (Output(master, self._sink, self.allowance, cleaner=self._cleaner, owned=self._sink_owned),)
        self._sink_owned = False
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
        try:
            terminals.resize(self._slave, terminals.size(next(fd for fd in (1, 0, 2) if os.isatty(fd))))
        except (OSError, StopIteration):  # one of them is gone, or the caller has none
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
        """Make the caller's terminal raw, once we are in the foreground; if it is read by others, its output only."""
        if self._settings or self._terminal < 0 or not in_foreground(self._terminal):
            return
        try:
            self._settings = termios.tcgetattr(self._terminal)
            if self._terminal == 0:
                tty.setraw(0, termios.TCSANOW)
                return
            inputs, outputs, *others = self._settings
            termios.tcsetattr(self._terminal, termios.TCSANOW, [inputs, outputs & ~termios.OPOST, *others])
        except termios.error:  # it was hung up
            return

    def leave(self) -> None:
        """Give the caller's terminal its settings back, unless a shell has it now."""
        settings, self._settings = self._settings, []
        try:
            if settings and in_foreground(self._terminal):
                termios.tcsetattr(self._terminal, termios.TCSANOW, settings)
        except termios.error:  # it was hung up
            return

    def close_input(self) -> None:
        super().close_input()
        if self._slave >= 0:
            os.close(self._slave)
            self._slave = -1

    def forget(self) -> None:
        for fd, ours in ((self._sink, self._sink_owned), (self._from_jail, self._from_jail >= 0)):
            if ours:
                os.close(fd)
        self._from_jail, self._sink_owned = -1, False

    def close(self) -> None:
        self.leave()
        super().close()
        self.forget()
        for number, handler in self._handled:
            signal.signal(number, handler)
        self._handled = []
