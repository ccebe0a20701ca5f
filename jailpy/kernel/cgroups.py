"""Control groups, version 2: folders of a file system in which the kernel counts and limits (cgroups(7),
Documentation/admin-guide/cgroup-v2.rst).
"""

from __future__ import annotations

import fcntl
import time

from jailpy import system as os

CONTROLLERS = ("cpu", "cpuset", "io", "memory", "pids")  # those that a limit needs
_PLACES = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")  # the second where version 1 has the first
_PATIENCE = 2.0  # seconds in which the last process of a killed jail has left its group
_TEXT = 1 << 16  # bytes; cgroup.procs of a full group is longer, and nobody reads that to its end


def mounted() -> str:
    """Where version 2 is mounted; empty where it is not."""
    return next((place for place in _PLACES if os.path.exists(f"{place}/cgroup.controllers")), "")


def own() -> str:
    """The place of this process in the tree, from the mounted root on, such as "/user.slice"; empty without one."""
    for line in _read("/proc/self/cgroup").splitlines():
        if line.startswith("0::/"):
            return line[3:].rstrip("/")
    return ""


def controllers(folder: str) -> tuple[str, ...]:
    """What can be limited in the group, of what a limit needs."""
    return _known(_read(f"{folder}/cgroup.controllers"))


def handed_down(folder: str) -> tuple[str, ...]:
    """What can be limited in groups below it."""
    return _known(_read(f"{folder}/cgroup.subtree_control"))


def hand_down(folder: str, names: tuple[str, ...]) -> None:
    """Let groups below it be limited too, one by one: what is refused is missing in them. Raises no OSError."""
    for name in names:
        try:
            write(f"{folder}/cgroup.subtree_control", f"+{name}")
        except OSError:
            continue


def take_back(folder: str) -> None:
    """The reverse of ``hand_down``: only then may a group hold processes of its own again. Raises OSError."""
    write(f"{folder}/cgroup.subtree_control", " ".join(f"-{name}" for name in handed_down(folder)))


def members(folder: str) -> tuple[int, ...]:
    """The processes that are in the group itself."""
    return tuple(int(line) for line in _read(f"{folder}/cgroup.procs").splitlines())


def move(folder: str, pid: int) -> None:
    """Put a process into the group, with all its threads. Raises OSError."""
    write(f"{folder}/cgroup.procs", str(pid))


def write(path: str, text: str, *, at: int | None = None) -> None:
    """Write one setting. Raises OSError."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC, dir_fd=at)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def delegated(folder: str) -> bool:
    """Whether systemd has given the group away: it then does not touch what is below (user.delegate, since 251)."""
    try:
        return os.getxattr(folder, "user.delegate") == b"1"
    except OSError:
        return False


def is_divisible(folder: str) -> bool:
    """Whether this user may make groups in it and put processes into them."""
    return all(
        os.access(path, os.W_OK) for path in (folder, f"{folder}/cgroup.procs", f"{folder}/cgroup.subtree_control")
    )


def hold(fd: int, *, wait: bool) -> bool:
    """Lock an open group, which says that whoever made it lives; False where another does."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def removed(folder: str) -> bool:
    """Remove an empty group; its last processes may still be on their way out."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            return True
        except OSError:
            if time.monotonic() > end:
                return False
            time.sleep(0.001)
        else:
            return True


def pairs(text: str) -> dict[str, int]:
    """The numbers of a file with a name and a value in each line, such as cpu.stat."""
    return {name: int(value) for name, _, value in (line.partition(" ") for line in text.splitlines())}


def block_devices() -> list[str]:
    """MAJOR:MINOR of every block device of the host that holds anything, memory aside (io.max takes no partitions)."""
    names = [name for name in os.listdir("/sys/block") if not name.startswith(("ram", "zram"))]
    holding = [name for name in names if _read(f"/sys/block/{name}/size").strip() not in ("", "0")]
    return [_read(f"/sys/block/{name}/dev").strip() for name in holding]


def _known(text: str) -> tuple[str, ...]:
    return tuple(name for name in CONTROLLERS if name in text.split())


def _read(path: str) -> str:
    """Empty where there is nothing to be read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(fd, _TEXT).decode()
    except OSError:
        return ""
    finally:
        os.close(fd)
