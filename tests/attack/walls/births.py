"""Attacks on namespaces, ids, and what a process inherits from the one that starts it."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
from typing import Any

from jailpy.abi.syscalls import ARCHITECTURES
from tests.attack.walls.arena import SECRET, Attack, Run, Scene, hear, stepped_down, tell

LIBC = ctypes.CDLL(None, use_errno=True)
NUMBERS = ARCHITECTURES[os.uname().machine]
USER_NAMESPACES = ("seccomp-namespaces", "user-namespaces-none", "below-namespace-root")

READ = "finish(*tried(lambda: open(PATH).read()))\n"
READ_FD = "finish(*tried(os.pread, FD, 100, 0))\n"


class HostFile(Scene):
    """A file of the caller's that the jail was not given."""

    def __init__(self, mode: int = 0o644, prefix: str = "") -> None:
        self.mode = mode
        self.prefix = prefix

    def prepare(self, run: Run) -> None:
        run.given["PATH"] = self.prefix + str(run.secret(run.folder / "secret", self.mode))


class GroupFile(Scene):
    """Root starts the jail with a group that may read what the jail's id may not."""

    def prepare(self, run: Run) -> None:
        run.groups = [42]
        os.chown(run.secret(run.folder / "secret", 0o640), 0, 42)
        run.given["PATH"] = str(run.folder / "secret")


class Launcher(Scene):
    """The plugin learns the launcher's number, which is a process of the same user's."""

    def meet(self, run: Run, process: subprocess.Popen[bytes]) -> None:
        if hear(process) and stepped_down(run, process):
            tell(process, process.pid)


class Group(Launcher):
    """The launcher counts the signals that reach it."""

    def judge(self, run: Run, result: dict[str, Any], output: str) -> tuple[bool, str]:
        super().judge(run, result, output)
        return result["heard"] > 0, f"the launcher heard {result['heard']} signals"


class Listener(Scene):
    """A service of the host on its loopback."""

    def prepare(self, run: Run) -> None:
        service = run.afterwards.enter_context(socket.create_server(("127.0.0.1", 0)))
        run.given["ADDRESS"] = service.getsockname()


class Segment(Scene):
    """Shared memory of the host's."""

    def prepare(self, run: Run) -> None:
        run.given["KEY"] = key = int.from_bytes(os.urandom(3), "big") + 1
        run.afterwards.callback(LIBC.shmctl, LIBC.shmget(key, 4096, 0o1666), 0, None)


class Keyring(Scene):
    """The caller's session keyring holds a key."""

    def prepare(self, run: Run) -> None:
        run.before = self.fill

    @staticmethod
    def fill() -> None:
        LIBC.syscall(NUMBERS["keyctl"], 1, None)
        LIBC.syscall(NUMBERS["add_key"], b"user", b"jailpy-wall", SECRET.encode(), len(SECRET), -3)


class Started(Scene):
    """The launcher is started badly."""

    def __init__(self, how: str) -> None:
        self.how = how

    def prepare(self, run: Run) -> None:
        run.before = getattr(self, self.how)

    @staticmethod
    def ignoring() -> None:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)

    @staticmethod
    def blocking() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])

    @staticmethod
    def open_umask() -> None:
        os.umask(0)


class Namespace(Scene):
    """The plugin compares with the host's."""

    def prepare(self, run: Run) -> None:
        run.given["HOSTS"] = os.readlink("/proc/self/ns/cgroup")


class Environment(Scene):
    """A secret in the caller's environment."""

    def prepare(self, run: Run) -> None:
        run.environment["WALL"] = SECRET


class Descriptor(Scene):
    """A file that the caller has open, as descriptor ``number`` of the launcher; -1: any above 2."""

    def __init__(self, number: int) -> None:
        self.number = number

    def prepare(self, run: Run) -> None:
        fd = os.open(run.secret(run.folder / "secret"), os.O_RDONLY)
        run.afterwards.callback(os.close, fd)
        os.lseek(fd, 0, os.SEEK_END)
        run.given["FD"] = fd if self.number < 0 else self.number
        if self.number == 0:
            run.stdin = fd
        else:
            run.descriptors = (fd,)


SIGNAL_LAUNCHER = "finish(*tried(os.kill, int(ready()), 0))\n"
SIGNAL_GROUP = """
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
ready()
finish(*tried(os.kill, 0, signal.SIGUSR1))
"""
CONNECT = "finish(*tried(socket.create_connection, ADDRESS))\n"
NEW_USER_NAMESPACE = 'saw = call("unshare", 0x10000000)  # CLONE_NEWUSER\nfinish(saw == 0, saw)\n'
OF_PID_1 = """
with open("/proc/self/status") as file:  # 1, or what the host's /proc says where the jail has none
    first = next(line.split()[1] for line in file if line.startswith("PPid:"))
"""
READ_ENVIRONMENT = (
    OF_PID_1
    + """
done, saw = tried(lambda: open(f"/proc/{first}/environ", "rb").read())
finish(done and SECRET.encode() in saw, saw)
"""
)

ATTACKS = (
    Attack("groups-cleared", READ, GroupFile(), callers=("root",)),
    Attack("host-root-left", READ, HostFile(0o600), callers=("root",)),
    Attack("namespace-user", READ, HostFile()),
    Attack("namespace-mount", READ, HostFile()),
    Attack("namespace-pid", SIGNAL_LAUNCHER, Launcher()),
    Attack("namespace-net", CONNECT, Listener()),
    Attack("namespace-ipc", 'saw = call("shmget", KEY, 0, 0)\nfinish(isinstance(saw, int), saw)\n', Segment()),
    Attack(
        "namespace-uts",
        "saw = os.uname().nodename\nfinish(saw != 'elsewhere', saw)\n",
        changes=(("process.hostname", "elsewhere"),),
    ),
    # What is to be learnt of the host's cgroups depends on where the caller is in them: the namespace itself does not.
    Attack("namespace-cgroup", 'saw = os.readlink("/proc/self/ns/cgroup")\nfinish(saw == HOSTS, saw)\n', Namespace()),
    # Nobody inside has the capability, also not in a user namespace of its own: what stands in its way is looked at.
    Attack(
        "setgroups-denied",
        'saw = open("/proc/self/setgroups").read()\nfinish("allow" in saw, saw)\n',
        callers=("root",),
    ),
    Attack("session-own", SIGNAL_GROUP, Group()),
    Attack("plugin-session", SIGNAL_GROUP, Group()),
    Attack("landlock-scope-signal", SIGNAL_LAUNCHER, Launcher(), landlock=6),
    Attack(
        "keyring-own",
        'saw = call("keyctl", 10, -3, b"user", b"jailpy-wall", 0)\nfinish(isinstance(saw, int), saw)\n',
        Keyring(),
    ),
    Attack(
        "signals-default",
        "saw = signal.getsignal(signal.SIGALRM)\nfinish(saw == signal.SIG_IGN, saw)\n",
        Started("ignoring"),
    ),
    Attack(
        "signals-unblocked",
        "saw = signal.pthread_sigmask(signal.SIG_BLOCK, ())\nfinish(signal.SIGALRM in saw, saw)\n",
        Started("blocking"),
    ),
    Attack(
        "umask-own",
        'os.close(os.open("new", os.O_CREAT | os.O_WRONLY, 0o666))\n'
        'saw = os.stat("new").st_mode\nfinish(saw & 0o022, saw)\n',
        Started("open_umask"),
    ),
    Attack("environment-empty", "saw = os.environ.get('WALL')\nfinish(saw, saw)\n", Environment()),
    Attack("environment-wiped", f"SECRET = {SECRET!r}\n{READ_ENVIRONMENT}", Environment()),
    Attack("streams-own", READ_FD, Descriptor(0)),
    Attack("descriptors-closed", READ_FD, Descriptor(-1)),
    *(Attack(step, NEW_USER_NAMESPACE) for step in USER_NAMESPACES),
    Attack("pid-1-hidden", OF_PID_1 + 'finish(*tried(lambda: open(f"/proc/{first}/maps").read()))\n'),
    Attack("proc-hides-others", 'finish(*tried(lambda: open("/proc/1/cmdline").read()))\n'),
    Attack("old-root-gone", READ, HostFile(prefix="/.old")),
    Attack("landlock-read-file", READ, HostFile(prefix="/.old")),
)
