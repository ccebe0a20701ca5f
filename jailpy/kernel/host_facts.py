"""What this host says about itself in /proc and /sys: settings, cgroups, the crash handler. Nothing is tried."""

from __future__ import annotations

import os

from jailpy.kernel import cgroups
from jailpy.model.record import Record

_TEXT = 1 << 16  # bytes; all of these files are small
_VERSION_1 = {"cpu": "cpu", "cpuset": "cpuset", "blkio": "io", "memory": "memory", "pids": "pids"}


class Tree(Record):
    """The cgroup tree, version 2, as this process sees it (cgroups(7))."""

    mount: str  # "" where it is not mounted
    controllers: tuple[str, ...]  # that its root has
    whole: bool  # that root is the host's, not a container's
    read_only: bool
    own: str  # where this process is in it
    version_1: tuple[str, ...]  # controllers that version 1 has, by their names in version 2
    swap: bool  # where memory can be limited, so can swap
    systemd: bool  # it runs this host (sd_booted(3))
    manager: bool  # and another one runs for this user (user@.service)


def read(path: str) -> str:
    """The text of a small file, without the line end; empty where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(_TEXT).decode(errors="replace").strip()
    except OSError:
        return ""


def sysctl(name: str) -> str:
    """The value of a kernel setting such as "user.max_user_namespaces"; empty where the kernel lacks it."""
    return read(f"/proc/sys/{name.replace('.', '/')}")


def tree() -> Tree:
    """What there is of cgroups here, for this user."""
    mount, own = cgroups.mounted(), cgroups.own()
    names = [name for line in read("/proc/self/cgroup").splitlines() for name in line.split(":")[1].split(",")]
    folder = f"{mount}{own}"
    return Tree(
        mount=mount,
        controllers=cgroups.controllers(mount),
        whole=not os.path.exists(f"{mount}/cgroup.type"),
        read_only=bool(mount and os.statvfs(mount).f_flag & os.ST_RDONLY),
        own=own,
        version_1=tuple(_VERSION_1[name] for name in names if name in _VERSION_1),
        swap=os.path.exists(f"{folder}/memory.swap.max") or not os.path.exists(f"{folder}/memory.max"),
        systemd=os.path.isdir("/run/systemd/system"),
        manager=os.path.exists(f"/run/user/{os.geteuid()}/systemd/private"),
    )
