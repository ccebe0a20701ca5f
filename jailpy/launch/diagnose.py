"""Why a step may have failed on this host, and the setting that changes it."""

from __future__ import annotations

import errno
import os

from jailpy.model.plan import Step
from jailpy.plan.filter import FORBIDDEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SETTINGS = (  # setting, the value that keeps ordinary users from user namespaces, what to do
    (
        "kernel.apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor keeps users from user namespaces; as root: sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    ("kernel.unprivileged_userns_clone", "0", "as root: sysctl kernel.unprivileged_userns_clone=1"),
    ("user.max_user_namespaces", "0", "as root: sysctl user.max_user_namespaces=15000"),
)
CONTAINER = "in a container, its seccomp profile must allow clone3, unshare, mount and pivot_root"
UNIT = "a setting of the systemd unit forbids it: RestrictNamespaces=, ProtectHostname=, RestrictAddressFamilies=…"
PROC = 'in a container whose /proc is masked no new one can be mounted: unmask it, or set filesystem.proc = "preferred"'
ROOT = "root lacks a capability here, as in a container: start jailpy as an ordinary user"
LIMIT = "a limit of this host or of the caller is reached (ulimit -a), or no space is left"
LIMITS = (errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EFBIG, errno.EUSERS)
_REFUSED = (errno.EPERM, errno.EACCES, errno.ENOSPC, errno.EUSERS, errno.ENOSYS, errno.EINVAL)
_OF_A_UNIT = {
    "namespace": (errno.ENOSYS, errno.EPERM),
    "deny-setgroups": (errno.EROFS,),
    "host-name": (errno.EPERM,),
    "loopback": (errno.EAFNOSUPPORT,),
}
_UNMAPPED = (
    "this file system has no id-mapped mounts, so what root's plugin writes would not belong to the folder's owner:"
    " choose a folder elsewhere, or run as the owner"
)


def diagnose(step: Step, number: int) -> str:
    """A hint for a failed step, or an empty string."""
    if number in (errno.EMFILE, errno.ENFILE):
        return LIMIT
    from jailpy.kernel.host_facts import sysctl  # a file to open, so not before here

    if step.act == "proc" and number in (errno.EPERM, errno.EACCES):
        return PROC
    if step.stage == "prepare" and number == errno.EPERM:
        return ROOT
    if step.act == "map-owner":
        return _UNMAPPED
    if number in _OF_A_UNIT.get(step.act, ()) and _in_a_unit():
        return UNIT
    if step.act in ("filter", "step-down"):  # of the jail, and of root's launcher at the same time
        return FORBIDDEN
    if step.stage in ("clone", "map") and number in _REFUSED:
        return blocked_by(sysctl) or (LIMIT if number in LIMITS else CONTAINER)
    if step.stage == "root" and number in (errno.EPERM, errno.EACCES):
        if sysctl(SETTINGS[0][0]) == SETTINGS[0][1]:
            return SETTINGS[0][2]
        return f"this user cannot reach it, or {CONTAINER}" if step.act == "tree" else CONTAINER
    if step.name == "program-executed" and number not in LIMITS:
        return "only what the jail's root holds can be run: give programs with --read"
    return LIMIT if number in LIMITS else ""


def _in_a_unit() -> bool:
    """Whether systemd started what started us (INVOCATION_ID, systemd.exec(5))."""
    return "INVOCATION_ID" in os.environ


def blocked_by(sysctl: Callable[[str], str]) -> str:
    """What to do about the setting that keeps users from user namespaces; ``sysctl`` reads one by its name."""
    return next((hint for name, value, hint in SETTINGS if sysctl(name) == value), "")
