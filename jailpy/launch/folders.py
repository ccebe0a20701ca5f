"""A watch on what the jail writes to the host's folders.

A tree is not walked again before its file system as a whole has lost so much room that the limit may be reached, or
some time has passed; and never for long at once, since the launcher has more to do. A folder that cannot be looked into
any more counts as too much.
"""

from __future__ import annotations

import os
import time

from jailpy.broker.folders import Contents, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_TURN = 0.005  # seconds that a walk takes at once
_SELDOM = 0.1  # seconds between two walks that nothing calls for
_REST, _REST_URGENT = 20, 2  # between two walks, in times that a walk takes
_PAUSE_WALKING, _PAUSE_IDLE = 0.01, 0.05  # seconds between two turns, and between two looks at the file system's room


class Folders:
    """The folders behind these descriptors, whose contents are counted here, before the plugin starts."""

    def __init__(self, folders: tuple[int, ...], size: int | None, files: int | None) -> None:
        self._folders = folders
        self._limits = (size, files)
        self.devices = {os.fstat(fd).st_dev for fd in folders}
        self.size = self.files = 0  # bytes and entries that have come to lie there, the most of each
        self._grown = (0, 0)
        self._closed = False
        self._before = Contents()
        self._room = self._free()
        began = time.monotonic()
        for fd in folders:
            for _ in walk(fd, self._before):
                continue
        self._ended = time.monotonic()
        self._took = self._ended - began
        self._rounds: Iterator[None] | None = None

    @property
    def pause(self) -> float:
        """Seconds to the next look, at most."""
        return _PAUSE_WALKING if self._rounds is not None else _PAUSE_IDLE

    def look(self, deleted: int) -> str:
        """Look a little further; the name of a limit that is exceeded. ``deleted`` bytes are open and have no name."""
        if self._rounds is None and self._is_due():
            self._rounds, self._took = self._round(), 0.0
        if self._rounds is not None:
            self._take_turn()
        size, files = self._grown[0] + deleted, self._grown[1]
        self.size, self.files = max(self.size, size), max(self.files, files)
        if self._closed or _exceeds(size, self._limits[0]):
            return "write"
        return "write-files" if _exceeds(files, self._limits[1]) else ""

    def finish(self) -> None:
        """Walk all of it once more."""
        for _ in self._round():
            continue
        self.size, self.files = max(self.size, self._grown[0]), max(self.files, self._grown[1])

    def _is_due(self) -> bool:
        passed = time.monotonic() - self._ended
        if passed >= max(_SELDOM, _REST * self._took):
            return True
        lost = (before - now for before, now in zip(self._room, self._free(), strict=True))
        could_be = [grown + less for grown, less in zip(self._grown, lost, strict=True)]
        return passed >= _REST_URGENT * self._took and any(map(_exceeds, could_be, self._limits))

    def _take_turn(self) -> None:
        began = time.monotonic()
        for _ in self._rounds or ():
            if time.monotonic() - began > _TURN:
                break
        else:
            self._rounds, self._ended = None, time.monotonic()
        self._took += time.monotonic() - began

    def _round(self) -> Iterator[None]:
        """Walk all of it, with pauses."""
        room, found = self._free(), Contents()
        for fd in self._folders:
            yield from walk(fd, found)
        self._room = room
        self._grown = (found.size - self._before.size, found.files - self._before.files)
        self._closed = self._closed or not found.closed <= self._before.closed

    def _free(self) -> tuple[int, int]:
        """Bytes and inodes that are free where the folders lie (statvfs(3))."""
        systems = [os.statvfs(fd) for fd in self._folders]
        return sum(s.f_bfree * s.f_frsize for s in systems), sum(s.f_ffree for s in systems)


def _exceeds(value: int, limit: int | None) -> bool:
    return limit is not None and value > limit
