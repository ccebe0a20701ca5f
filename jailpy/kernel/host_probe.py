"""What this host gives: the cheap facts that every run needs."""

from __future__ import annotations

from jailpy import system as os
from jailpy.errors import HostError
from jailpy.kernel import landlock
from jailpy.model.host import Host

ARCHITECTURES = ("x86_64", "aarch64")
OLDEST = (5, 14)  # the first in which RLIMIT_NPROC counts by user namespace, and the last of what a jail is made with


def look() -> Host:
    """A few system calls; nothing is tried out."""
    system, _, release, _, machine = os.uname()
    if system != "Linux":
        raise HostError(f"jailpy needs Linux, this is {system}", hint="run it in WSL2, Lima or a virtual machine")
    if machine not in ARCHITECTURES:
        raise HostError(f"jailpy has no system call table for {machine}", hint=f"it knows {', '.join(ARCHITECTURES)}")
    if _version(release) < OLDEST:
        raise HostError(f"Linux {release} is too old", hint=f"jailpy needs {'.'.join(map(str, OLDEST))} or newer")
    return Host(
        architecture=machine,
        release=release,
        uid=os.geteuid(),
        gid=os.getegid(),
        groups=tuple(os.getgroups()),
        landlock=landlock.version(),
        sysctl_writable=_writable_sysctl(),
        tty=os.isatty(1) or os.isatty(2),
        cgroup_note=_cgroup(),
    )


def _cgroup() -> str:
    """Why no cgroup can be had, as far as a look at the root tells; empty where it is worth a closer one."""
    for mounted in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
        try:
            fd = os.open(f"{mounted}/cgroup.controllers", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            there = b"memory" in os.read(fd, 4096)  # without it no limit of a jail is better than what a watch does
            return "" if there else "cgroup version 2 has no memory controller here, version 1 may have it"
        finally:
            os.close(fd)
    return "cgroup version 2 is not mounted"


def _version(release: str) -> tuple[int, ...]:
    """The first two numbers of ``uname -r``, such as 6.1.0-18-amd64."""
    return tuple(int(part) if part.isdecimal() else 0 for part in release.replace("-", ".").split(".")[:2])


def _writable_sysctl() -> bool:
    try:
        return not os.statvfs("/proc/sys/user").f_flag & os.ST_RDONLY
    except OSError:
        return False
