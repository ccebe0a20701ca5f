"""The watch on the whole jail, made when it is first needed, and the accounts of what has ended."""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms
import time

from jailpy import system as os
from jailpy.kernel import processes
from jailpy.launch.context import Context
from jailpy.launch.ending import Ending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpy.launch.group import Group
    from jailpy.launch.watch import Watch

_FIRST = 0.02  # seconds that a plugin has lived when it is first looked at: most are over by then, or run long


class Oversight:
    """``due`` is when to look next, of time.monotonic(); None: never."""

    def __init__(self, ctx: Context, ending: Ending) -> None:
        self._ctx = ctx
        self._ending = ending
        self._pid = 0
        self._accounts: tuple[int, ...] = ()
        self._held: tuple[int, ...] = ()
        self.due: float | None = None

    def adopt(self, pid: int) -> None:
        """Pid 1 lives and waits; where /proc shows only what may be traced, it will be out of sight (pid-1-hidden)."""
        self._pid = pid
        if not os.access("/proc/1/stat", os.R_OK):
            self._hold()

    def survey(self) -> None:
        """While pid 1 builds the jail: count what lies in the folders that the jail may write, before it writes."""
        if self._ctx.written:
            self._watch()

    def open_as_root(self, born: Callable[[], None]) -> None:
        """What root must have before it becomes the jail's id: its own accounts, and perhaps our modules."""
        self._watch()  # first: its import may need the last descriptor, and gives it back
        if self._ctx.group is not None:
            self._ctx.group.keep_right_to_remove()
        born()
        self._accounts = processes.open_accounts()  # from here on what can be done without, where files are few
        self._hold()

    def begin(self) -> None:
        """The plugin starts."""
        if self._ctx.group is not None and self._ending.setup_s is not None:
            self._ctx.group.apart = self._ending.setup_s
        self.due = time.monotonic() + _FIRST

    def look(self) -> str:
        """The name of a limit that is exceeded, or an empty string."""
        watch = self._watch()
        limit = watch.look()
        self.due = watch.due
        return limit

    def before_kill(self) -> None:
        """Look a last time at what the kernel tells nobody afterwards."""
        if self.due is not None and self._ending.watch is not None:
            self._ending.watch.last_look()

    def settle(self) -> None:
        """All processes have ended and pid 1 has been waited for."""
        if self._ending.watch is not None:
            self._ending.watch.settle()
        if self._ctx.group is not None:
            self._count(self._ctx.group)
        self._accounts = self._accounts or processes.open_accounts()
        if self._accounts:
            self._ending.storage = processes.storage_of_ended(*self._accounts)

    def _count(self, group: Group) -> None:
        """What the kernel counted of the whole jail, and whether it was the kernel that ended it."""
        tally = self._ending.tally = group.tally()
        if tally.ended_for_memory and self._killed():
            self._ending.stop("memory-limit", "memory")
        elif tally.ended_by_host and self._killed():
            self._ending.stop("killed", "")
            self._ending.warnings += ("the host had no memory left, and its kernel ended the jail",)

    def _killed(self) -> bool:
        """Whether the plugin ended by SIGKILL, or pid 1 before it could tell how."""
        last = self._ending.last
        return last is None or (os.WIFSIGNALED(last.number) and os.WTERMSIG(last.number) == signal.SIGKILL)

    def close(self) -> None:
        if self._ctx.tracer is not None:
            self._ctx.tracer.close()
            self._ending.stacks = self._ctx.tracer.stacks()
        for fd in (*self._accounts, *self._held, *self._ctx.written):
            os.close(fd)

    def _watch(self) -> Watch:
        if self._ending.watch is None:
            from jailpy.launch.watch import Watch

            self._ending.watch = Watch(self._ctx, self._pid)
        self._ending.watch.held = self._held
        return self._ending.watch

    def _hold(self) -> None:
        from jailpy.broker.processes import hold

        self._held = hold(self._pid)
