"""What this host says about itself in /proc and /sys: settings, cgroups, the crash handler. Nothing is tried."""

from __future__ import annotations

import os

from jailpy.model.record import Record

_TEXT = 1 << 16  # bytes; all of these files are small


class Cgroup(Record):
    """This process's place in the cgroup v2 tree (cgroups(7))."""

    folder: str  # "" where version 2 is not mounted
    controllers: tuple[str, ...]  # that may be used there
    delegated: bool  # this user may make groups below it


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


def cgroup() -> Cgroup:
    """Where this process stands, and whether groups of its own can be made there."""
    mounted = [line.split() for line in read("/proc/self/mountinfo").splitlines() if " - cgroup2 " in line]
    place = next((line[3:] for line in read("/proc/self/cgroup").splitlines() if line.startswith("0::")), "")
    if not mounted or not place:
        return Cgroup(folder="", controllers=(), delegated=False)
    folder = os.path.normpath(f"{mounted[0][4]}/{place}")
    controllers = tuple(read(f"{folder}/cgroup.controllers").split())
    return Cgroup(folder=folder, controllers=controllers, delegated=os.access(f"{folder}/cgroup.procs", os.W_OK))


def user_bus() -> bool:
    """Whether a systemd of this user runs, which could delegate a group (user@.service)."""
    return os.path.exists(f"/run/user/{os.geteuid()}/systemd/private")
