"""What this host gives: the cheap facts that every run needs."""

from __future__ import annotations

import os

from jailpy.errors import HostError
from jailpy.kernel import landlock
from jailpy.model.host import Host

ARCHITECTURES = ("x86_64", "aarch64")


def look() -> Host:
    """A few system calls; nothing is tried out."""
    system, _, release, _, machine = os.uname()
    if system != "Linux":
        raise HostError(f"jailpy needs Linux, this is {system}", hint="run it in WSL2, Lima or a virtual machine")
    if machine not in ARCHITECTURES:
        raise HostError(f"jailpy has no system call table for {machine}", hint=f"it knows {', '.join(ARCHITECTURES)}")
    return Host(
        architecture=machine,
        release=release,
        uid=os.geteuid(),
        gid=os.getegid(),
        groups=tuple(os.getgroups()),
        landlock=landlock.version(),
        sysctl_writable=_writable_sysctl(),
        tty=os.isatty(1),
    )


def _writable_sysctl() -> bool:
    try:
        return not os.statvfs("/proc/sys/user").f_flag & os.ST_RDONLY
    except OSError:
        return False
