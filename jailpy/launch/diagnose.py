"""Why a step may have failed on this host, and the setting that changes it."""

from __future__ import annotations

import errno

from jailpy.model.plan import Step

_SETTINGS = (
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor keeps users from user namespaces; as root: sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "as root: sysctl kernel.unprivileged_userns_clone=1"),
    ("/proc/sys/user/max_user_namespaces", "0", "as root: sysctl user.max_user_namespaces=15000"),
)
_REFUSED = (errno.EPERM, errno.EACCES, errno.ENOSPC, errno.EUSERS, errno.ENOSYS, errno.EINVAL)
_CONTAINER = "in a container, its seccomp profile must allow clone3, unshare, mount and pivot_root"
_PROC = (
    'in a container whose /proc is masked no new one can be mounted: unmask it, or set filesystem.proc = "preferred"'
)


def diagnose(step: Step, number: int) -> str:
    """A hint for a failed step, or an empty string."""
    if step.act == "proc" and number in (errno.EPERM, errno.EACCES):
        return _PROC
    if step.stage in ("clone", "map") and number in _REFUSED:
        return next((hint for path, value, hint in _SETTINGS if _read(path) == value), _CONTAINER)
    if step.stage == "root" and number in (errno.EPERM, errno.EACCES):
        if _read(_SETTINGS[0][0]) == "1":
            return _SETTINGS[0][2]
        return f"this user cannot reach it, or {_CONTAINER}" if step.act == "tree" else _CONTAINER
    if step.name == "program-executed":
        return "only what the jail's root holds can be run: give programs with --read"
    if number == errno.ENOSPC:
        return "a limit of this host is reached, or no space is left"
    return ""


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""
