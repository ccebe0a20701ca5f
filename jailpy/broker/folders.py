"""How much lies in a folder that the plugin can write while it is looked at.

The plugin chooses every name, and changes the tree while it is walked: each entry is reached from the descriptor of
its folder, no link is followed, and what cannot be looked into is told, not passed over.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = 512  # bytes, in which stat(2) counts
_REPLACED = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)  # removed meanwhile, or something else by now
_DEEPEST = 200  # folders in one another: each takes a descriptor
_STRIDE = 200  # entries between two chances to do something else


class Contents:
    """Sums over a tree; ``closed`` are the folders in it that cannot be looked into, by device and inode."""

    def __init__(self) -> None:
        self.size = 0  # bytes that are allocated
        self.files = 0  # entries of every kind
        self.closed: set[tuple[int, int]] = set()
        self._linked: set[tuple[int, int]] = set()

    def close(self, status: os.stat_result) -> None:
        self.closed.add((status.st_dev, status.st_ino))

    def add(self, status: os.stat_result) -> None:
        """Count an entry; one with several names takes its room once."""
        self.files += 1
        place = (status.st_dev, status.st_ino)
        if place not in self._linked:
            self.size += status.st_blocks * _BLOCK
            if status.st_nlink > 1:
                self._linked.add(place)


def walk(top: int, found: Contents) -> Iterator[None]:
    """Add what lies below ``top``, or that file itself, to ``found``; pauses now and then, with descriptors open."""
    status = os.fstat(top)
    if not stat.S_ISDIR(status.st_mode):
        found.add(status)
        return
    try:
        stack = [_open(".", top)]
    except OSError:
        found.close(status)
        return
    listings = [os.scandir(stack[0])]
    try:
        while listings:
            entry = next(listings[-1], None)
            if entry is None:
                listings.pop().close()
                os.close(stack.pop())
            elif (below := _visit(entry, stack, found)) >= 0:
                stack.append(below)
                listings.append(os.scandir(below))
            if found.files % _STRIDE == 0:
                yield
    finally:
        for listing, fd in zip(listings, stack, strict=True):
            listing.close()
            os.close(fd)


def _visit(entry: os.DirEntry[str], stack: list[int], found: Contents) -> int:
    """Count one entry of the last folder of ``stack``; a descriptor of it when it is a folder, else -1."""
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:  # removed meanwhile
        return -1
    except OSError:  # a folder that may be listed and not entered
        found.close(os.fstat(stack[-1]))
        return -1
    found.add(status)
    if not entry.is_dir(follow_symlinks=False):
        return -1
    try:
        if len(stack) < _DEEPEST:
            return _open(entry.name, stack[-1])
    except OSError as error:
        if error.errno in _REPLACED:
            return -1
    found.close(status)
    return -1


def _open(name: str, at: int) -> int:
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)
