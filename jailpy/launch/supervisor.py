"""Watching one jail: its streams, its clock, the caller's signals; and making sure that it ends."""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms
import select
import time

from jailpy import system as os
from jailpy.errors import HostError, UsageError
from jailpy.kernel import sockets, usage
from jailpy.launch import channel
from jailpy.launch.context import Context
from jailpy.launch.ending import Ending
from jailpy.launch.oversight import Oversight
from jailpy.launch.stages import guard
from jailpy.launch.streams import Streams
from jailpy.model.plan import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType
    from typing import Any, Self


GRACE = 2.0  # seconds between SIGTERM and SIGKILL
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Supervisor:
    """Owns every descriptor of the launcher; leaving the context kills what is left of the jail and reaps it."""

    def __init__(self, ctx: Context, ending: Ending) -> None:
        self._ctx = ctx
        self._ending = ending
        self._pidfd = self._woken = self._wake = -1
        self._pid = 0
        self._gone = False
        self._started = False
        self._owes = ctx.supervised
        self._deadline: float | None = None
        self._oversight = Oversight(ctx, ending)
        self._told: list[int] = []
        self._tired = False  # told to stop, by Ctrl-Z
        self._before: list[tuple[int, Any]] = []

    def __enter__(self) -> Self:
        ctx = self._ctx
        ours, self._streams = _descriptors(ctx.plan)
        self._channel, ctx.channel, ctx.launcher = ours
        ctx.streams, ctx.terminal = self._streams.theirs, self._streams.socket
        if os.geteuid() == 0:
            self._streams.give(ctx.plan.host_id)
        for number in (*_PASSED_ON, signal.SIGTSTP):
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup, or a shell's "&", asked for that
                self._before.append((number, signal.signal(number, self._hear)))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        signal.set_wakeup_fd(-1)
        self._streams.close()
        self._oversight.close()
        ours = (self._channel, self._woken, self._wake, self._ctx.user_namespace, self._pidfd)
        for fd in (*ours, *self._theirs()):
            if fd >= 0:
                os.close(fd)
        for number, handler in self._before:
            signal.signal(number, handler)

    def _theirs(self) -> tuple[int, ...]:
        ctx = self._ctx
        theirs = (ctx.channel, ctx.launcher, ctx.terminal, ctx.trace, *ctx.streams, *ctx.trees.values())
        ctx.channel = ctx.launcher = ctx.terminal = ctx.trace = -1
        ctx.streams = (-1, -1, -1)
        ctx.trees = {}
        return theirs

    def become_child(self) -> None:
        """In pid 1: close the launcher's ends, which would keep the streams from ever ending."""
        for number in (*_PASSED_ON, signal.SIGTSTP):
            signal.signal(number, signal.SIG_DFL)
        self._streams.forget()
        group, tracer = self._ctx.group, self._ctx.tracer
        theirs = (*((group.fd,) if group else ()), *(tracer.ours if tracer else ()))
        for fd in (self._channel, *self._ctx.written, *theirs):
            os.close(fd)

    def adopt(self, pid: int, pidfd: int) -> None:
        """In the launcher: the child lives; close its ends."""
        self._pid, self._pidfd = pid, pidfd
        for fd in self._theirs():
            if fd >= 0:
                os.close(fd)
        self._woken, self._wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)  # not before: a caller may allow 16 files
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        self._oversight.adopt(pid)

    def release(self) -> None:
        """Let the child go on: its ids are mapped."""
        self._tell(0)
        self._streams.allowance.left = self._ctx.output
        if self._ctx.wall is not None:
            self._deadline = self._ending.clock + self._ctx.wall
        self._oversight.survey()

    def keep_rights(self, born: Callable[[], None]) -> None:
        """Root's launcher, before it becomes the jail's id: open what that id may not, and call ``born``."""
        self._oversight.open_as_root(born)

    def kill(self) -> None:
        """SIGKILL to pid 1, which ends every process of the jail, and wait until all of them are gone."""
        if self._pidfd < 0 or self._pid == 0:
            return
        self._strike()
        self._ending.account = usage.wait(self._pid)
        self._pid = 0
        self._oversight.settle()

    def watch(self) -> None:
        """Relay and wait until pid 1 has ended, the channel is read to its end, and so is the output."""
        while True:
            events = self._interests().poll(self._patience())
            for fd, revents in events:
                self._streams.move(fd, revents)
                if fd == self._channel:
                    self._listen()
                elif fd == self._woken:
                    os.read(self._woken, 4096)
                elif fd == self._pidfd:
                    self._gone = True
                elif fd in self._ctx.leashes:
                    self._let_go()
                elif self._ctx.tracer is not None and self._ctx.tracer.move(fd, self._pid) and self._started:
                    self._tell(self._ctx.tracer.SIGNAL)
            if self._tired:
                self._rest()
            self._check_limits()
            if self._over() and not self._waits_for_reader(idle=not events):
                self._streams.tell(self._ending)
                return

    def _interests(self) -> select.poll:
        poll = select.poll()
        self._streams.register(poll)
        for fd in (self._channel, self._woken, -1 if self._gone else self._pidfd, *self._ctx.leashes):
            if fd >= 0:
                poll.register(fd, select.POLLIN)
        if self._ctx.tracer is not None:
            self._ctx.tracer.register(poll)
        return poll

    def _over(self) -> bool:
        """Whether nothing of the jail lives and the channel is read to its end."""
        return self._gone and self._channel < 0

    def _waits_for_reader(self, *, idle: bool) -> bool:
        """Whether output is left that the caller has yet to take; its clock is the caller's own from here on.

        When we were told to end, only what it takes at once still goes out.
        """
        self._streams.close_input()
        self._deadline = None
        return self._streams.flowing and not (self._told and idle)

    def _listen(self) -> None:
        message = channel.receive(self._channel)
        if message is None:
            os.close(self._channel)
            self._channel = -1
        elif message.kind == channel.BUILT:
            self._owes = not guard.supervise(self._ctx, self._ending)
        elif message.kind == channel.READY:
            self._ending.ready(message)
            self._start()
        elif message.kind == channel.ENDED:
            self._ending.ended(message)
            self._deadline = self._oversight.due = None
        elif message.kind == channel.NOTE:
            self._ending.noted(message.step, message.number)
        else:
            self._ending.failed(message.step, message.number, message.text)

    def _start(self) -> None:
        """The jail is closed: let the plugin start, unless the launcher has steps of its own that are not done."""
        if self._owes:
            self._stop(signal.SIGKILL, "killed")
            return
        self._started = True
        self._oversight.begin()
        if self._ctx.supervised:
            self._tell(0)

    def _patience(self) -> int | None:
        """Milliseconds until something is due; None: nothing is."""
        if self._tired or (self._told and (self._over() or not self._ending.relayed)):  # told before we could be woken
            return 0
        now = time.monotonic()
        again = self._streams.patience
        due = [moment for moment in (self._deadline, self._oversight.due, again and now + again) if moment is not None]
        return max(0, int((min(due) - now) * 1000) + 1) if due else None

    def _check_limits(self) -> None:
        ending = self._ending
        if self._told and not ending.relayed:
            ending.relayed = self._told[0]
            self._stop(ending.relayed, "killed")
        elif self._told.count(signal.SIGINT) > 1:  # asked again by a person; timeout(1) sends SIGTERM twice
            self._stop(signal.SIGKILL, "killed")
        if self._streams.allowance.exceeded and self._ctx.output_ends_run and not ending.why:
            self._stop(signal.SIGKILL, "output-limit", "output")
        now = time.monotonic()
        if self._oversight.due is not None and now >= self._oversight.due:
            self._look()
        if self._deadline is not None and now >= self._deadline:
            self._stop(signal.SIGKILL if ending.why else signal.SIGTERM, "timeout", "wall")

    def _look(self) -> None:
        limit = self._oversight.look()
        if limit == "cpu" and not self._ending.why:
            self._stop(signal.SIGXCPU, "cpu-limit", limit)
        elif limit and limit != "cpu":
            self._stop(signal.SIGKILL, "memory-limit" if limit == "memory" else "output-limit", limit)

    def _stop(self, number: int, why: str, limit: str = "") -> None:
        """Ask the plugin to end, or make it; before it has started there is nobody to ask. The first reason stays."""
        self._ending.stop(why, limit)
        if number != signal.SIGKILL and self._started:
            self._deadline = time.monotonic() + GRACE
            self._tell(number)
            return
        self._deadline = None
        self._strike()

    def _let_go(self) -> None:
        """Nobody waits for this jail any more, so nobody grants it a grace."""
        self._ctx.leashes = ()
        self._told.append(signal.SIGTERM)
        self._stop(signal.SIGKILL, "killed")

    def _strike(self) -> None:
        if not self._gone:
            self._oversight.before_kill()
        if self._ctx.group is not None:
            self._ctx.group.kill()
        try:
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        except ProcessLookupError:
            return  # it has ended by itself

    def _tell(self, byte: int) -> None:
        try:
            os.write(self._channel, bytes((byte,)))
        except ConnectionError:
            return  # pid 1 has ended, which the poll will show

    def _hear(self, number: int, _: FrameType | None) -> None:
        if number != signal.SIGTSTP:
            self._told.append(number)
        self._tired = self._tired or number == signal.SIGTSTP

    def _rest(self) -> None:
        """Stop with the whole jail; no clock runs until we go on."""
        from jailpy.launch import jobs

        self._tired = False
        rested = jobs.rest(self._tell if self._started else lambda _: None, self._streams)
        self._ending.clock += rested
        if self._deadline is not None:
            self._deadline += rested


def _descriptors(plan: Plan) -> tuple[list[int], Streams]:
    """Every descriptor that a jail needs of us: channel, our own pidfd; and those of the streams."""
    opened: list[int] = []
    try:
        opened += sockets.pair()
        opened.append(os.pidfd_open(os.getpid()))
        if not plan.tty:
            return opened, Streams(plan)
        from jailpy.launch.terminal import OwnTerminal

        return opened, OwnTerminal(plan)
    except (OSError, UsageError) as error:
        for fd in opened:
            os.close(fd)
        if isinstance(error, UsageError):
            raise
        raise HostError(f"no jail can be started: {error.strerror}", hint="allow more open files: ulimit -n") from error
