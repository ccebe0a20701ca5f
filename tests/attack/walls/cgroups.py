"""Attacks on the limits of the whole jail: where a jail gets no cgroup, none of these walls is there."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

from tests.attack.walls.arena import Attack, Run, Scene, hear, tell
from tests.attack.walls.limits import TAKE, THREADS, Outcome, Wide

SLICE = Path("/sys/fs/cgroup/jailpy.slice")
SIZE = 24 << 20  # bytes that are read and written, at a mebibyte a second
BURN = "import os\nos.sched_setaffinity(0, {0})\nwhile True: pass\n"


class Awaited(Scene):
    """The plugin says when it has started, and waits for a line."""

    def meet(self, run: Run, process: subprocess.Popen[bytes]) -> None:
        if hear(process):
            self.begin(run)
            tell(process)

    def begin(self, run: Run) -> None:
        """Do what the attack needs beside it."""


class Rival(Awaited):
    """A neighbour of the jail's takes all that it gets of the one processor on which both are."""

    def begin(self, run: Run) -> None:
        if run.caller.uid == 0:
            self.as_root(run)
        else:
            self.as_user(run)

    def as_root(self, run: Run) -> None:
        group = SLICE / f"rival-{os.getpid()}"
        group.mkdir()
        run.afterwards.callback(group.rmdir)
        rival = run.afterwards.enter_context(subprocess.Popen([sys.executable, "-c", BURN]))
        run.afterwards.callback(rival.kill)
        (group / "cgroup.procs").write_text(f"{rival.pid}")

    def as_user(self, run: Run) -> None:
        name = f"rival-{os.getpid()}"
        start = ["systemd-run", "--user", "--quiet", "--collect", "--unit", name, sys.executable, "-c", BURN]
        run.afterwards.callback(subprocess.run, ["systemctl", "--user", "kill", "--signal", "KILL", name], check=True)
        subprocess.run(start, check=True)


class Disk(Outcome):
    """A folder on a disk: a file in it that is not in memory, and room for another."""

    def __init__(self) -> None:
        super().__init__("timeout")

    def prepare(self, run: Run) -> None:
        folder = run.folder / "disk"
        folder.mkdir()
        os.chown(folder, run.caller.uid, run.caller.gid)
        file = os.open(folder / "file", os.O_CREAT | os.O_WRONLY, 0o644)
        os.write(file, os.urandom(SIZE))
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)
        run.changes.append(("filesystem.write", (f"{folder}:/data",)))


SURVIVE = """
print("READY", flush=True)
child = os.fork()
if child == 0:
    os._exit(len(bytearray(b"x") * (160 << 20)) and 0)
saw = os.waitpid(child, 0)[1]
time.sleep(1)
finish(os.WIFSIGNALED(saw), saw)
"""
# What a process gets of a processor, by two clocks of the kernel's.
SHARE = """
os.sched_setaffinity(0, {0})
ready()
began, used = time.monotonic(), time.process_time()
while time.monotonic() < began + 3:
    pass
saw = (time.process_time() - used) / (time.monotonic() - began)
"""
WRITE = f"""
print("READY", flush=True)
file = os.open("/data/new", os.O_CREAT | os.O_WRONLY)
for _ in range({SIZE >> 20}):
    os.write(file, bytes(1 << 20))
    os.fsync(file)
finish(True, os.fstat(file).st_size)
"""
READ = """
print("READY", flush=True)
saw = 0
with open("/data/file", "rb", 0) as file:
    while part := len(file.read(1 << 20)):
        saw += part
finish(True, saw)
"""
SMALL = ("limits.memory", "80M")
SOON = ("limits.wall", 8.0)

ATTACKS = (
    Attack("cgroup-memory", TAKE, Outcome("memory-limit"), changes=(SMALL,), controller="memory"),
    Attack("cgroup-kill-whole", SURVIVE, Outcome("memory-limit"), changes=(SMALL,), controller="memory"),
    Attack("cgroup-swap", TAKE, Outcome("memory-limit"), changes=(SMALL,), controller="memory", swap=120 << 20),
    Attack(
        "cgroup-memory-high",
        TAKE,
        Outcome("timeout"),
        profile="counted",
        changes=(("limits.memory-high", "48M"), SOON),
        controller="memory",
    ),
    Attack("cgroup-tasks", THREADS, Wide(resource.RLIMIT_NPROC), changes=(("limits.tasks", 8),), controller="pids"),
    Attack(
        "cgroup-cpu-quota",
        f"{SHARE}finish(saw > 0.35, saw)\n",
        Awaited(),
        profile="counted",
        changes=(("limits.cpu-quota", "25%"),),
        controller="cpu",
    ),
    Attack(
        "cgroup-cpu-weight",
        f"{SHARE}finish(saw > 0.12, saw)\n",
        Rival(),
        profile="counted",
        changes=(("limits.cpu-weight", 1),),
        controller="cpu",
    ),
    Attack("cgroup-cpus", "finish(*tried(os.sched_setaffinity, 0, {1}))\n", profile="counted", controller="cpuset"),
    Attack(
        "cgroup-io-rbps", READ, Disk(), profile="counted", changes=(("limits.io-read", "1M"), SOON), controller="io"
    ),
    Attack(
        "cgroup-io-wbps", WRITE, Disk(), profile="counted", changes=(("limits.io-write", "1M"), SOON), controller="io"
    ),
)
