"""The cgroup of one jail: what is written to it, what its counters say, and its end."""

from __future__ import annotations

from jailpy import system as os
from jailpy.kernel import cgroups
from jailpy.model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jailpy.launch.cleaner import Cleaner

_COUNTERS = ("cgroup.kill", "cpu.stat", "memory.current", "memory.peak", "memory.events", "pids.peak", "pids.events",
             "io.stat")  # fmt: skip


class Tally(Record):
    """What the kernel counted of a whole jail, pid 1 included. None: it does not count that here."""

    user_s: float  # less what it took to build the jail
    system_s: float
    memory: int | None  # bytes, the most at one time
    ended_for_memory: int  # processes that the kernel ended because the jail was at its limit
    ended_by_host: int  # or because the host had no memory left
    memory_hits: int
    tasks: int | None  # the most at one time
    task_hits: int | None  # tasks that were refused
    read: int | None  # bytes from and to storage
    written: int | None


class Group:
    """Made and held by the launcher, entered by nobody but the jail.

    ``leaf`` is where the launcher itself went; ``scope``: both are all that is in the group above.
    """

    def __init__(self, folder: str, fd: int, *, note: str, leaf: str = "", scope: bool = False) -> None:
        self.fd = fd
        self.note = note
        self.controllers = cgroups.controllers(folder)
        self._folder = folder
        self._leaf = leaf
        self._scope = scope
        self.apart = (0.0, 0.0)  # seconds, user and system, in which the jail was built
        self._seen = 0  # bytes of memory, where the kernel keeps no peak
        self._files: dict[str, int] = {}
        self._cleaner: Cleaner | None = None

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What the child must close: it never executes anything, so that nothing else does."""
        cleaner = self._cleaner.descriptors if self._cleaner else ()
        return (self.fd, *self._files.values(), *cleaner)

    def write(self, name: str, text: str) -> None:
        """Set a limit. Raises OSError."""
        cgroups.write(name, text, at=self.fd)
        if self._scope and name == "cpu.weight":  # in its scope a jail has no neighbours, the scope has
            cgroups.write(f"{os.path.dirname(self._folder)}/{name}", text)

    def keep_right_to_remove(self) -> None:
        """For root, whose launcher soon has the jail's id: open what is read later, leave the removal to another."""
        from jailpy.launch.cleaner import Cleaner

        for name in _COUNTERS:
            flags = os.O_WRONLY if name == "cgroup.kill" else os.O_RDONLY
            try:
                self._files[name] = os.open(name, flags | os.O_CLOEXEC, dir_fd=self.fd)
            except FileNotFoundError:  # an older kernel, or a controller that is not handed down
                continue
        self._cleaner = Cleaner(self._folder)

    def look(self) -> tuple[float, float]:
        """Processor time of the plugin until now, in seconds, user and system; memory is sampled on the way."""
        self._seen = max(self._seen, self._number("memory.current") or 0)
        times = cgroups.pairs(self._text("cpu.stat"))
        user, system = (times.get(name, 0) / 1e6 for name in ("user_usec", "system_usec"))
        return user - self.apart[0], system - self.apart[1]

    def kill(self) -> None:
        """SIGKILL to all that is in it at once, what is just being forked included (cgroup.kill)."""
        try:
            if "cgroup.kill" in self._files:
                os.write(self._files["cgroup.kill"], b"1")
            else:
                self.write("cgroup.kill", "1")
        except OSError:
            return  # it has ended; pid 1 is killed as well, and takes all others with it

    def tally(self) -> Tally:
        """The counters, when all have ended."""
        user, system = self.look()
        memory, tasks = cgroups.pairs(self._text("memory.events")), cgroups.pairs(self._text("pids.events"))
        by_kernel = memory.get("oom_kill", 0)
        at_limit = memory.get("oom", 0) > 0
        moved = self._moved()
        return Tally(
            user_s=user,
            system_s=system,
            memory=max(self._number("memory.peak") or 0, self._seen) or None,
            ended_for_memory=by_kernel if at_limit else 0,
            ended_by_host=0 if at_limit else by_kernel,
            memory_hits=memory.get("oom", 0),
            tasks=self._number("pids.peak"),
            task_hits=tasks.get("max"),
            read=moved and moved[0],
            written=moved and moved[1],
        )

    def remove(self) -> None:
        """Remove it, and go back to where the launcher was. What cannot be removed is left for the next start."""
        for fd in (self.fd, *self._files.values()):
            os.close(fd)
        self._files = {}
        if self._cleaner is not None:
            self._cleaner.finish()
        elif cgroups.removed(self._folder) and self._leaf:
            self._return()

    def _return(self) -> None:
        above = os.path.dirname(self._leaf)
        try:
            cgroups.take_back(above)
            cgroups.move(above, os.getpid())
            os.rmdir(self._leaf)
        except OSError:
            return  # systemd removes a scope with all that is in it

    def _number(self, name: str) -> int | None:
        text = self._text(name).strip()
        return int(text) if text.isdecimal() else None

    def _moved(self) -> tuple[int, int] | None:
        if "io" not in self.controllers:
            return None
        fields = [field.partition("=") for field in self._text("io.stat").split()]
        read, written = (sum(int(value) for name, _, value in fields if name == key) for key in ("rbytes", "wbytes"))
        return read, written

    def _text(self, name: str) -> str:
        try:
            fd = self._files.get(name, -1)
            if fd >= 0:
                return os.pread(fd, 1 << 16, 0).decode()
            fd = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self.fd)
        except OSError:
            return ""
        try:
            return os.read(fd, 1 << 16).decode()
        except OSError:
            return ""
        finally:
            os.close(fd)
