"""Host: what this machine gives, as far as every run must know it."""

from __future__ import annotations

from jailpy.model.record import Record


class Host(Record):
    architecture: str  # "x86_64" | "aarch64"
    release: str  # uname -r
    uid: int
    gid: int
    groups: tuple[int, ...]
    landlock: int  # ABI version, 0: none
    sysctl_writable: bool  # /proc/sys is not mounted read-only
    tty: bool = False  # the caller's standard output or error is a terminal
    cgroup: tuple[str, ...] = ()  # controllers that the jail's own cgroup has; none: there is none
    cgroup_note: str = ""  # where it is made, or why not
