"""Reads a file only if nobody but root and the caller could have chosen what is in it.

The path is walked from the root, one name at a time, and symlinks are followed by hand, so that every folder on the
way is looked at. A folder that passed cannot be changed by anyone else, which is why what is found in it next cannot
be exchanged between the look and the use (path_resolution(7), sticky folders: unlink(2)).
"""

from __future__ import annotations

import os
import stat

from jailpy.errors import ProfileError
from jailpy.policy.values import shown

LARGEST = 256 << 10  # bytes of a profile
MOST_LINKS = 40  # as the kernel's own walk


def trusted_path(path: str, uid: int) -> str:
    """The real path of an absolute one; raises ProfileError unless root or ``uid`` alone can change it."""
    todo, real, links = path.split("/")[::-1], "", 0
    _check(os.lstat("/"), "/", uid)
    while todo:
        name = todo.pop()
        if name in ("", "."):
            continue
        if name == "..":
            real = real.rpartition("/")[0]
            continue
        here = f"{real}/{name}"
        status = os.lstat(here)
        _check(status, here, uid)
        if not stat.S_ISLNK(status.st_mode):
            real = here
            continue
        links += 1
        if links > MOST_LINKS:
            raise ProfileError(f"profile {shown(path)}: too many symbolic links")
        target = os.readlink(here)
        real = "" if target.startswith("/") else real
        todo += target.split("/")[::-1]
    return real or "/"


def _check(status: os.stat_result, path: str, uid: int) -> None:
    """Owner and mode. A symlink's mode means nothing; in a sticky folder nobody can rename what others own."""
    kind = "the folder" if stat.S_ISDIR(status.st_mode) else "the profile"
    if status.st_uid not in (0, uid):
        owner = f"is owned by uid {status.st_uid}, who is neither root nor the caller"
        raise ProfileError(f"{kind} {shown(path)} {owner}", hint="a profile is taken only from root and from its user")
    sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX and status.st_uid == 0
    if status.st_mode & 0o022 and not stat.S_ISLNK(status.st_mode) and not sticky:
        raise ProfileError(
            f"{kind} {shown(path)} can be written by others (mode {status.st_mode & 0o7777:04o})",
            hint=f"chmod go-w {shown(path)}",
        )


def read_trusted(path: str, uid: int) -> tuple[str, bytes]:
    """The real path and the bytes of a profile; raises ProfileError if it is missing, not trusted or too large."""
    try:
        real = trusted_path(os.path.join(os.getcwd(), path), uid)
        return real, read_regular(real)
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: str, error: OSError) -> ProfileError:
    """The error for a profile that cannot be opened."""
    return ProfileError(f"profile {shown(path)} cannot be read: {error.strerror}", hint="see its path and permissions")


def read_regular(path: str) -> bytes:
    """The bytes of a regular file; a FIFO, device or folder is refused before it is opened, which could block."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise ProfileError(f"profile {shown(path)} is not a regular file")
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise ProfileError(f"profile {shown(path)} is not a regular file")
        data = b"" if status.st_size > LARGEST else _read(fd, LARGEST + 1)
        if max(len(data), status.st_size) > LARGEST:
            raise ProfileError(f"profile {shown(path)} is larger than {LARGEST >> 10} KiB")
        return data
    finally:
        os.close(fd)


def _read(fd: int, most: int) -> bytes:
    data = b""
    while len(data) < most and (more := os.read(fd, most - len(data))):
        data += more
    return data
