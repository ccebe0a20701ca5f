"""Attacks on the jail's root: what is mounted in it, and with which flags."""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
from collections.abc import Callable
from typing import Any

from tests.attack.walls.arena import SECRET, Attack, Run, Scene, hear, tell

NEWUSER, NEWNS = 0x10000000, 0x00020000
BIND, RECURSIVE, PRIVATE, SHARED = 0x1000, 0x4000, 1 << 18, 1 << 20
LIBC = ctypes.CDLL(None, use_errno=True)


def checked(result: int) -> None:
    """An OSError for a call that failed."""
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def own_mounts(then: Callable[[], None] = lambda: None) -> None:
    """In the launcher's process: mounts apart from the machine's; root needs no user namespace for them."""
    uid, gid = os.geteuid(), os.getegid()
    LIBC.prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: /proc/self is the caller's again
    checked(LIBC.unshare(NEWNS if uid == 0 else NEWNS | NEWUSER))
    if uid != 0:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
    for kind in (PRIVATE, SHARED):  # out of the host's group first, then a group of its own
        checked(LIBC.mount(b"none", b"/", None, RECURSIVE | kind, None))
    then()


MOUNT_LATER = f"""
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
pid, place = sys.argv[1:]
for kind in ("user", "mnt") if os.geteuid() else ("mnt",):
    if libc.setns(os.open(f"/proc/{{pid}}/ns/{{kind}}", os.O_RDONLY), 0):
        raise OSError(ctypes.get_errno(), kind)
if libc.mount(b"none", place.encode(), b"tmpfs", 0, None):
    raise OSError(ctypes.get_errno(), place)
with open(place + "/secret", "w") as file:
    file.write({SECRET!r})
"""


class Shared(Scene):
    """A folder that the jail may read, whose modes would let it write."""

    def prepare(self, run: Run) -> None:
        folder = run.share()
        run.secret(folder / "file", 0o666)


class LaterMount(Scene):
    """Something is mounted below a shared folder while the plugin runs."""

    def prepare(self, run: Run) -> None:
        place = run.share() / "sub"
        place.mkdir()
        os.chown(place, run.caller.uid, run.caller.gid)
        run.before = own_mounts

    def meet(self, run: Run, process: subprocess.Popen[bytes]) -> None:
        if hear(process):
            command = [run.python, "-I", "-c", MOUNT_LATER, str(process.pid), str(run.folder / "shared/sub")]
            subprocess.run(command, check=True, **run.ids())
            tell(process)


class FalseDevice(Scene):
    """Where the launcher runs, a file of the host's lies on /dev/full."""

    def prepare(self, run: Run) -> None:
        secret = bytes(run.secret(run.folder / "secret"))
        run.before = lambda: own_mounts(lambda: checked(LIBC.mount(secret, b"/dev/full", None, BIND, None)))

    def judge(self, run: Run, result: dict[str, Any], output: str) -> tuple[bool, str]:
        """The check ends the run: that, and no other end, counts as refused."""
        failure = result["failure"]
        if failure and (failure["step"], failure["errno"]) == ("device /dev/full", errno.ENODEV):
            return False, failure["message"]
        return super().judge(run, result, output)


EXECUTABLE_MAPPING = """
import mmap
with open(PATH, "rb") as file:
    size = os.fstat(file.fileno()).st_size or 4096
    finish(*tried(mmap.mmap, file.fileno(), size, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC))
"""


def flags(path: str, *names: str) -> str:
    """Whether one of these flags is missing where the kernel itself would refuse what they are against."""
    wanted = " | ".join(f"os.{name}" for name in names)
    return f"saw = os.statvfs({path!r}).f_flag\nfinish(saw & ({wanted}) != ({wanted}), saw)\n"


FILL = """
saw = 0
def fill():
    global saw
    for number in range(COUNT):
        with open(f"/tmp/{number}", "wb") as file:
            file.write(bytes(SIZE))
        saw += 1
done, why = tried(fill)
finish(done, (saw, why))
"""
FROM_SHM = """
import shutil
shutil.copyfile(os.path.realpath(sys.executable), "/dev/shm/program")
os.chmod("/dev/shm/program", 0o755)
child = os.fork()
if child == 0:
    try:
        os.execv("/dev/shm/program", ["/dev/shm/program", "--version"])
    except OSError as error:
        os._exit(error.errno)
saw = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
finish(saw == 0, saw and errno.errorcode[saw])
"""
MAKE_DEVICE = 'finish(*tried(os.mknod, "device", stat.S_IFCHR | 0o600, os.makedev(0, 0)))  # overlayfs: a whiteout\n'
MAKE_FOLDER = 'finish(*tried(os.mkdir, "/etc/new"))\n'
WRITE = 'finish(*tried(os.open, "/data/file", os.O_WRONLY))\n'

ATTACKS = (
    Attack("root-flags", f'PATH = "/etc/hosts"\n{EXECUTABLE_MAPPING}'),
    Attack("device-flags", f'PATH = "/dev/zero"\n{EXECUTABLE_MAPPING}'),
    Attack("scratch-flags", flags("/tmp", "ST_NOSUID", "ST_NODEV")),
    Attack("proc-flags", flags("/proc", "ST_NOSUID", "ST_NODEV", "ST_NOEXEC")),
    Attack("scratch-size", "COUNT, SIZE = 4, 1 << 20\n" + FILL, changes=(("filesystem.tmp", "2M"),)),
    Attack("scratch-files", "COUNT, SIZE = 64, 0\n" + FILL, changes=(("filesystem.tmp-files", 32),)),
    Attack("shm-no-exec", FROM_SHM),
    Attack("landlock-execute", FROM_SHM, landlock=1),
    Attack("tree-read-only", WRITE, Shared()),
    Attack("landlock-write-file", WRITE, Shared(), landlock=1),
    Attack("landlock-remove", 'finish(*tried(os.unlink, "/data/file"))\n', Shared(), landlock=1),
    Attack("landlock-make", MAKE_FOLDER, landlock=1),
    Attack("landlock-make-special", 'finish(*tried(os.mkfifo, "/etc/new"))\n', landlock=1),
    Attack("landlock-truncate", 'finish(*tried(os.truncate, "/data/file", 0))\n', Shared(), landlock=3),
    Attack("landlock-make-device", MAKE_DEVICE, landlock=1),
    Attack("seccomp-mknod-type", MAKE_DEVICE),
    Attack(
        "tree-flags",
        'finish(*tried(os.open, "/data", os.O_RDONLY))\n',
        changes=(("filesystem.read", ("/dev/zero:/data",)),),
        profile="sockets",
    ),
    Attack("tree-private", 'ready()\nfinish(*tried(lambda: open("/data/sub/secret").read()))\n', LaterMount()),
    Attack("device-numbers", 'finish(*tried(lambda: open("/dev/full").read()))\n', FalseDevice()),
    Attack("proc-read-only", 'finish(*tried(lambda: open("/proc/self/oom_score_adj", "r+b", 0).write(b"1000")))\n'),
    Attack("proc-pids-only", 'finish(*tried(lambda: open("/proc/meminfo").read(20)))\n'),
    Attack("root-read-only", MAKE_FOLDER),
)
