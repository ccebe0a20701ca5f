"""Opening paths beneath a folder without ever leaving it (openat2(2))."""

from __future__ import annotations

import _stat as stat  # the module around it is Python
import _struct as struct  # the module around it is a file more to find
import errno

from jailpy import system as os
from jailpy.kernel.syscall import call

_NO_MAGICLINKS, _NO_SYMLINKS, _BENEATH = 0x02, 0x04, 0x08


def open_beneath(folder: int, path: str, flags: int = os.O_PATH) -> int:
    """Open ``path`` (absolute ones are taken from ``folder``) with no symlink followed and no way up."""
    how = struct.pack("=3Q", flags | os.O_CLOEXEC, 0, _NO_MAGICLINKS | _NO_SYMLINKS | _BENEATH)
    relative = path.lstrip("/") or "."
    try:
        return call("openat2", folder, relative.encode(errors="surrogateescape"), how, len(how), about=path)
    except OSError as error:
        if error.errno != errno.ENOSYS:  # so answers a systemd unit with RestrictSUIDSGID= or DynamicUser=
            raise
        return _step_by_step(folder, relative, flags)


def _step_by_step(folder: int, relative: str, flags: int) -> int:
    """The same without openat2: one name at a time, none of them a link or a way up."""
    at = os.dup(folder)
    names = [name for name in relative.split("/") if name not in ("", ".")]
    for number, name in enumerate(names or ["."]):
        last = number >= len(names) - 1
        try:
            if name == "..":
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), relative)
            below = os.open(name, (flags if last else os.O_PATH) | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
        finally:
            os.close(at)
        if stat.S_ISLNK(os.fstat(below).st_mode):  # O_PATH opens the link itself
            os.close(below)
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), relative)
        at = below
    return at


def make_parents(folder: int, path: str) -> int:
    """Make the folders above ``path`` beneath ``folder`` and return a descriptor of the last one."""
    at = os.dup(folder)
    for name in path.strip("/").split("/")[:-1]:
        make_folder(name, at)
        below = open_beneath(at, name, os.O_PATH | os.O_DIRECTORY)
        os.close(at)
        at = below
    return at


def make_folder(name: str, at: int) -> None:
    """Make one folder in the folder ``at``, if it is not there."""
    try:
        os.mkdir(name, 0o755, dir_fd=at)
    except FileExistsError:
        return
