"""One traceback of the plugin, when its memory reaches the mark of memory.high.

The kernel says when (cgroup-v2.rst, memory.events), pid 1 passes a signal on, and a handler that the bootstrap has set
writes the stack of each thread to a pipe.
"""

from __future__ import annotations

import os
import select
from contextlib import suppress

from jailpy.broker.traces import Traces, hears
from jailpy.kernel import cgroups
from jailpy.launch.group import Group
from jailpy.model.result import Frame


class Tracer:
    """Made by the launcher before pid 1 is born; ``theirs`` is the plugin's end of the pipe.

    ``lifts``: the mark is there for this alone, and is taken away when it was reached, so that nothing slows down.
    """

    SIGNAL = 63  # the last but one of the real-time signals, which programs hardly use

    def __init__(self, group: Group, *, lifts: bool) -> None:
        ours, self.theirs = os.pipe2(os.O_CLOEXEC)
        self._traces = Traces(ours)
        self._events = os.open("memory.events", os.O_RDONLY | os.O_CLOEXEC, dir_fd=group.fd)
        # opened now: root's launcher may not, once it has the jail's id
        self._mark = os.open("memory.high", os.O_WRONLY | os.O_CLOEXEC, dir_fd=group.fd) if lifts else -1
        self.ours = tuple(fd for fd in (ours, self._events, self._mark) if fd >= 0)  # which pid 1 must close
        self._reached()

    def register(self, poll: select.poll) -> None:
        """Add what is to be waited for."""
        if self._events >= 0:
            poll.register(self._events, select.POLLPRI)
        if self._traces.fd >= 0:
            poll.register(self._traces.fd, select.POLLIN)

    def move(self, fd: int, pid_1: int) -> bool:
        """Whether the signal is to be sent now."""
        if fd == self._traces.fd:
            self._traces.read()
        if fd != self._events or not self._reached():
            return False
        if self._mark >= 0:
            os.write(self._mark, b"max")
        os.close(self._events)
        self._events = -1
        return hears(pid_1, self.SIGNAL)

    def _reached(self) -> bool:
        """Reading is also what makes the next change known to poll."""
        return cgroups.pairs(os.pread(self._events, 4096, 0).decode()).get("high", 0) > 0

    def close(self) -> None:
        """Nothing more is waited for; what was written is read."""
        if self._traces.fd >= 0:
            os.set_blocking(self._traces.fd, False)
            with suppress(BlockingIOError):
                self._traces.read()
            self._traces.close()
        for fd in (self._events, self._mark):
            if fd >= 0:
                os.close(fd)
        self._events = self._mark = -1

    def stacks(self) -> tuple[tuple[Frame, ...], ...]:
        """What was seen: the stack of each thread."""
        return self._traces.stacks()
