"""A watch on the whole jail: processor time, memory, tasks, open files, scratch space, folders that it may write.

Nothing here limits by itself: what is used is looked at from time to time, more often the nearer it comes to a limit,
and the run is ended when it is over. Not seen: memory of pipes, sockets and the kernel; shared memory that no process
maps or has open, as of memfds on their way through a socket; and the processor time of children that end between two
looks and that nobody waits for.
"""

from __future__ import annotations

import time

from jailpy import system as os
from jailpy.broker import processes as broker
from jailpy.broker.processes import Process
from jailpy.kernel import mounts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jailpy.launch.context import Context
    from jailpy.launch.folders import Folders

_SHORTEST, _LONGEST = 0.01, 0.25  # seconds between two looks
_RATE = 4 << 30  # bytes a second that a jail comes to hold, at most; one process touches 1.6 GB
_TIMES = 3  # that processes are found to hold too much together before it is believed
_SHARE = 10  # looking takes at most this part of a processor
_SHARE_NEAR = 2  # the same where the limit is about to be reached


class Watch:
    """What was seen of one jail; ``pid_1`` is its first process as the launcher numbers it, ``held`` opened of it."""

    def __init__(self, ctx: Context, pid_1: int) -> None:
        self._ctx = ctx
        self._pid_1 = pid_1
        self.held: tuple[int, ...] = ()
        self._known: dict[int, Process] = {}
        self._gone = (0.0, 0.0)
        self._device = _memory_device()
        self._folders = _folders(ctx)
        self._scratch = ctx.scratch
        self._mapped = 0  # bytes, those that processes share counted in each
        self._last = (0.0, 0)  # when it was last looked, and what was mapped
        self.due = 0.0  # of time.monotonic()
        self.user = self.system = 0.0
        self.tasks = self.open_files = self.memory = self.scratch = self.scratch_files = 0
        self.read = self.written = 0

    @property
    def grown(self) -> tuple[int, int] | None:
        """Bytes and entries that have come to lie in the folders that the jail may write."""
        return (self._folders.size, self._folders.files) if self._folders else None

    def look(self) -> str:
        """Look once; the name of a limit that is exceeded, or an empty string."""
        began = time.monotonic()
        plugin = self._processes()
        if self._ctx.group is not None:
            self.user, self.system = self._ctx.group.look()
        nameless: dict[tuple[int, int], int] = {}
        devices = frozenset(self._folders.devices) if self._folders else frozenset()
        for process in plugin:
            self.open_files = max(self.open_files, broker.open_files(process, nameless, devices))
        deleted = sum(size for (device, _), size in nameless.items() if device in devices)
        memfds = {place: size for place, size in nameless.items() if place[0] not in devices}
        used = self._memory(plugin, memfds)
        self.memory = max(self.memory, used)
        pauses, reason = [_LONGEST], ""
        if self._ctx.cpu is not None:
            left = self._ctx.cpu - self.user - self.system
            pauses.append(left / (os.cpu_count() or 1))
            reason = "cpu" if left <= 0 else reason
        if self._ctx.memory is not None:
            pauses.append((self._ctx.memory - used) / _RATE)
            reason = "memory" if used > self._ctx.memory else reason
        took = time.monotonic() - began
        share = _SHARE_NEAR if self._will_cross(began, used, _SHARE * took) else _SHARE
        pause = max(min(pauses), _SHORTEST, share * took)
        if self._folders:
            reason = self._folders.look(deleted) or reason
            pause = min(pause, self._folders.pause)
        self.due = time.monotonic() + pause
        return reason

    def _will_cross(self, began: float, used: int, pause: float) -> bool:
        """Whether memory that goes on growing as it has since the last look reaches the limit in so many seconds.

        What is mapped tells how it grows: what is held is not counted at each look.
        """
        (before, mapped), self._last = self._last, (began, self._mapped)
        if self._ctx.memory is None or self._mapped <= mapped:
            return False
        return self._ctx.memory - used < (self._mapped - mapped) / (began - before) * pause

    def settle(self) -> None:
        """When all have ended: what has come to lie in the folders for good."""
        if self._folders:
            self._folders.finish()

    def last_look(self) -> None:
        """Just before the jail is killed: what killed processes have used is told to nobody afterwards."""
        for process in self._processes():
            read, written = broker.storage(process)
            self.read += read
            self.written += written

    def _processes(self) -> list[Process]:
        found = broker.family(self._pid_1, self._known, self.held)
        plugin = [process for process in found.values() if process.pid != self._pid_1]
        self._count_time(found, plugin)
        self._known = found
        self.tasks = max(self.tasks, sum(process.threads for process in plugin))
        return plugin

    def _count_time(self, found: dict[int, Process], plugin: list[Process]) -> None:
        """The larger of two sums, neither of which sees all: what was waited for, and what was seen alive."""
        for process in self._known.values():
            now = found.get(process.pid)
            if process.pid != self._pid_1 and (now is None or now.born != process.born):
                self._gone = (self._gone[0] + process.user, self._gone[1] + process.system)
        alive = (sum(process.user for process in plugin), sum(process.system for process in plugin))
        seen = (alive[0] + self._gone[0], alive[1] + self._gone[1])
        waited_for = (
            alive[0] + sum(process.reaped_user for process in found.values()),
            alive[1] + sum(process.reaped_system for process in found.values()),
        )
        self.user, self.system = max(seen, waited_for, (self.user, self.system), key=sum)

    def _memory(self, plugin: list[Process], memfds: dict[tuple[int, int], int]) -> int:
        """Bytes that the jail holds. Where all that is mapped stays below the limit, that is what is told."""
        apart = self._used_scratch(plugin) + sum(memfds.values())
        bound = self._mapped = apart + sum(process.resident for process in plugin)
        limit = self._ctx.memory
        if limit is None or bound <= limit:
            return bound
        used = bound
        for _ in range(_TIMES):  # they are not read at one moment: what a fork shares meanwhile counts twice, once
            used = min(used, self._held_together(plugin, apart, memfds))
            if used <= limit:
                break
        return used

    def _held_together(self, plugin: list[Process], apart: int, memfds: dict[tuple[int, int], int]) -> int:
        """The same with what processes share counted once; ``apart`` lies in scratch folders and in ``memfds``."""
        private = [broker.held(process) for process in plugin]
        anonymous, shared = (sum(p.anonymous for p in private), sum(p.shared for p in private))
        if not (shared and apart) or anonymous + shared + apart <= (self._ctx.memory or 0):
            return anonymous + shared + apart
        # what is mapped of a tmpfs or of an open memfd is in both
        return anonymous + apart + sum(broker.mapped_memory(p, self._device, memfds) for p in plugin)

    def _used_scratch(self, plugin: list[Process]) -> int:
        """Bytes in the scratch folders, through the root of whatever process lets us."""
        for process in plugin:
            try:
                used = [mounts.used(f"/proc/{process.pid}/root{path}") for path in self._scratch]
            except OSError:  # it has just ended
                continue
            for size, files in used:  # each has the limit to itself
                self.scratch, self.scratch_files = max(self.scratch, size), max(self.scratch_files, files)
            return sum(size for size, _ in used)
        return 0


def _folders(ctx: Context) -> Folders | None:
    if not ctx.written:
        return None
    from jailpy.launch.folders import Folders

    return Folders(ctx.written, *ctx.write_limits)


def _memory_device() -> int:
    """Where the kernel keeps memfds and shared anonymous mappings."""
    fd = os.memfd_create("")
    try:
        return os.fstat(fd).st_dev
    finally:
        os.close(fd)
