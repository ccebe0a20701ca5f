"""The mount API that works on file descriptors (Linux 5.2; mount_setattr 5.12), and pivot_root.

Nothing here resolves a path twice: a tree is opened once, its attributes are set on the descriptor, and the
descriptor is attached. Manual pages: open_tree(2), move_mount(2), mount_setattr(2), fsopen(2), pivot_root(2).
"""

from __future__ import annotations

import _struct as struct  # the module around it is a file more to find

from jailpy import system as os
from jailpy.kernel.syscall import call

AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000
AT_RECURSIVE = 0x8000

READ_ONLY = 0x00000001
NO_SUID = 0x00000002
NO_DEV = 0x00000004
NO_EXEC = 0x00000008
ID_MAPPED = 0x00100000

PRIVATE = 1 << 18

_OPEN_TREE_CLONE = 1
_CLOEXEC = os.O_CLOEXEC
_MOVE_F_EMPTY, _MOVE_T_EMPTY = 0x04, 0x40
_FSOPEN_CLOEXEC = _FSMOUNT_CLOEXEC = 1
_SET_FLAG, _SET_STRING, _CREATE = 0, 1, 6
_MNT_DETACH = 2


def open_tree(path: str, *, at: int = AT_FDCWD, recursive: bool = False) -> int:
    """A detached copy of the mount at ``path`` (with what is mounted below it), as a descriptor."""
    flags = _OPEN_TREE_CLONE | _CLOEXEC | (AT_RECURSIVE if recursive else 0) | (0 if path else AT_EMPTY_PATH)
    return call("open_tree", at, path.encode(errors="surrogateescape"), flags, about=path)


def move_mount(tree: int, path: str, *, at: int = AT_FDCWD) -> None:
    """Attach the detached ``tree`` at ``path``; an empty path means the descriptor ``at`` itself."""
    flags = _MOVE_F_EMPTY | (0 if path else _MOVE_T_EMPTY)
    call("move_mount", tree, b"", at, path.encode(errors="surrogateescape"), flags, about=path)


def set_attributes(
    tree: int, path: str = "", *, on: int = 0, propagation: int = 0, users: int = -1, recursive: bool = False
) -> None:
    """Switch mount attributes on, set propagation, or map ids with the user namespace ``users`` (mount_setattr(2))."""
    attributes = struct.pack("=4Q", on, 0, propagation, max(users, 0))
    flags = (0 if path else AT_EMPTY_PATH) | (AT_RECURSIVE if recursive else 0)
    call("mount_setattr", tree, path.encode(), flags, attributes, len(attributes), about=path)


def new_filesystem(kind: str, options: tuple[tuple[str, str], ...], attributes: int) -> int:
    """A detached mount of a new ``kind`` ("tmpfs", "proc"); an option with an empty value is a flag."""
    context = call("fsopen", kind.encode(), _FSOPEN_CLOEXEC, about=kind)
    try:
        for key, value in options:
            command, argument = (_SET_STRING, value.encode()) if value else (_SET_FLAG, None)
            call("fsconfig", context, command, key.encode(), argument, 0, about=f"{kind} {key}={value}")
        call("fsconfig", context, _CREATE, None, None, 0, about=kind)
        return call("fsmount", context, _FSMOUNT_CLOEXEC, attributes, about=kind)
    finally:
        os.close(context)


def pivot_root(new: str, old: str) -> None:
    """Make ``new`` the root of this mount namespace and put the old one at ``old``, a folder below it."""
    call("pivot_root", new.encode(), old.encode(), about=new)


def detach(path: str) -> None:
    """Unmount ``path`` and all below it, at once for new users (umount2(2), MNT_DETACH)."""
    call("umount2", path.encode(), _MNT_DETACH, about=path)


def used(path: str) -> tuple[int, int]:
    """Bytes and inodes that are taken in the file system at ``path`` (statvfs(3))."""
    status = os.statvfs(path)
    return (status.f_blocks - status.f_bfree) * status.f_frsize, status.f_files - status.f_ffree
