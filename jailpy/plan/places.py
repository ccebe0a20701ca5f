"""Where jailpy keeps what outlives a run, and where it notes what runs now; and how it enters such a folder."""

from __future__ import annotations

import _stat as stat  # the module around it is Python
import errno

from jailpy import system as os


def state() -> str:
    """The folder of the reports and of the audit log; empty when the caller has no home.

    Root's is fixed, as HOME may be another user's under sudo.
    """
    if os.geteuid() == 0:
        return "/var/lib/jailpy"
    base = os.environ.get("XDG_STATE_HOME", "")
    if not base.startswith("/"):  # the XDG specification: a relative one is ignored
        home = os.environ.get("HOME")
        base = f"{home}/.local/state" if home else ""
    return f"{base}/jailpy" if base.startswith("/") else ""


def has_home() -> bool:
    """Whether the caller has a home for that; that of a service's account is often none, or not there."""
    return os.geteuid() == 0 or "XDG_STATE_HOME" in os.environ or os.is_folder(os.environ.get("HOME", ""))


def runtime() -> tuple[str, ...]:
    """The folders that may hold the list of what runs now: the first whose parent is there is written, all are read.

    A job of cron has no XDG_RUNTIME_DIR and perhaps not even the folder that it usually names; one that names another
    is a session of its own.
    """
    uid = os.geteuid()
    if uid == 0:
        return ("/run/jailpy",)
    usual, given = f"/run/user/{uid}", os.environ.get("XDG_RUNTIME_DIR", "")
    if given.startswith("/") and given != usual and os.access(given, os.W_OK | os.X_OK):
        return (f"{given}/jailpy",)
    return (f"{usual}/jailpy", f"/tmp/jailpy-{uid}")


def enter(path: str, *, make: bool) -> int:
    """A descriptor of the folder, made where it is missing, its parents too. Raises OSError.

    It must be ours and nobody else's to write, and no symlink: in /tmp anybody could have made it before us.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(path, flags)
    except FileNotFoundError:
        if not make:
            raise
        os.makedirs(path, mode=0o700, exist_ok=True)
        fd = os.open(path, flags)
    status = os.fstat(fd)
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        os.close(fd)
        raise PermissionError(errno.EPERM, "is another user's, or others can write to it", path)
    return fd
