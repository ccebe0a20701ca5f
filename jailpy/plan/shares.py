"""Host paths that are given to a jail: what they are is looked at before, and looked for again at the mount.

A read-only mount stops neither a connect() to a socket nor a write to a FIFO, so a tree that holds one is refused.
"""

from __future__ import annotations

import os
import stat

from jailpy.errors import UsageError
from jailpy.model.interpreter import Tree
from jailpy.model.policy import FilesystemPolicy
from jailpy.model.record import Record

CAP = 200_000  # entries that are looked at


class SharedTree(Record):
    tree: Tree
    identity: tuple[int, int]  # device and inode
    writable: bool


def shares(filesystem: FilesystemPolicy) -> tuple[SharedTree, ...]:
    """Every host path that the policy gives to the jail."""
    if not (filesystem.read or filesystem.write):
        return ()
    from jailpy.policy.paths import split

    given = [(entry, False) for entry in filesystem.read] + [(entry, True) for entry in filesystem.write]
    return tuple(
        shared(*split(entry), sockets=filesystem.sockets, writable=writable, why="shared by the caller")
        for entry, writable in given
    )


def shared(host: str, jail: str, *, sockets: bool, writable: bool, why: str) -> SharedTree:
    """Look at a share; a socket, FIFO or device in it is refused unless ``sockets``."""
    path = os.path.realpath(host)
    try:
        status = os.stat(path)
    except OSError as error:
        raise UsageError(f"{host}: {error.strerror}", hint="only what exists can be shared") from error
    kind = "dir" if stat.S_ISDIR(status.st_mode) else "file"
    if not sockets:
        _refuse_special(path, status.st_mode)
    tree = Tree(source=path, target=jail, kind=kind, why=why)
    return SharedTree(tree=tree, identity=(status.st_dev, status.st_ino), writable=writable)


def _refuse_special(path: str, mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    if not stat.S_ISDIR(mode):
        raise _special(path, path)
    seen, waiting = 0, [path]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue  # what the caller cannot list, the jail, which has the caller's id, cannot either
        seen += len(entries)
        if seen > CAP:
            message = f"{path}: has more than {CAP} entries, too many to look for sockets and devices in"
            raise UsageError(message, hint="share a smaller folder, or set filesystem.sockets = true in the profile")
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            elif not entry.is_file(follow_symlinks=False) and not entry.is_symlink():
                raise _special(entry.path, path)


def _special(found: str, tree: str) -> UsageError:
    where = "" if found == tree else f" in {tree}"
    message = f"{found}{where}: is a socket, FIFO or device, which a read-only mount does not stop"
    return UsageError(message, hint="share something else, or set filesystem.sockets = true in the profile")
