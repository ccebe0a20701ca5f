"""What the plugin left in /out: read by one process, written by another, when the jail is gone.

The plugin chose every name, every kind of file and every byte. Regular files and folders are copied and nothing else;
names that could surprise whoever finds them are not taken; what is there already is neither replaced nor added to.

The two talk over a stream. The reader sends records of a kind, a name and a size, a file's bytes after its record; the
writer answers records of folders and files, and then the bytes, with an errno or 0. Whoever finds the other gone ends.
"""

from __future__ import annotations

import errno
import os
import stat
import struct

_HEADER = struct.Struct("=BHQ")
_ANSWER = struct.Struct("=i")
_ENTER, _FILE, _LEAVE = range(1, 4)
_CHUNK = 1 << 16
_DEEPEST = 32  # folders in one another: each takes a descriptor on both sides
_MOST = 10_000  # files and folders, where the profile sets no limit to them
_TOLD = 20  # of what is left behind, by name
_KINDS = {stat.S_IFLNK: "a symbolic link", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}


class Collector:
    """The reader's side. ``room`` is how many bytes it copies at most (None: what the folder's file system holds)."""

    def __init__(self, connection: int, room: int | None) -> None:
        self._connection = connection
        self._given_room = room
        self._room = 0
        self._entries = 0
        self._left: list[str] = []
        self._untold = 0

    def collect(self, source: int) -> tuple[str, ...]:
        """Copy what lies in the folder ``source``; what was left behind, and why."""
        try:
            self._room = _used(source) if self._given_room is None else self._given_room
            self._folder(source, "/out", 1)
        except (OSError, EOFError) as error:
            self._leave("/out", f"nothing more was copied: {error}")
        more = (f"/out: {self._untold} more were not copied",) if self._untold else ()
        return (*self._left, *more)

    def _folder(self, folder: int, where: str, depth: int) -> None:
        for name in sorted(os.listdir(folder)):
            path = f"{where}/{name}"
            self._entries += 1
            if self._entries > _MOST:
                self._leave(path, f"there are more than {_MOST} files")
            elif name.startswith(".") or not name.isprintable():
                self._leave(path, "names that begin with a dot or cannot be printed are not taken")
            else:
                self._entry(folder, name, path, depth)

    def _entry(self, folder: int, name: str, path: str, depth: int) -> None:
        try:
            mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        except OSError as error:
            self._leave(path, error.strerror or "")
            return
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            self._leave(path, f"is {_KINDS.get(stat.S_IFMT(mode), 'a device')}")
            return
        if stat.S_ISDIR(mode) and depth == _DEEPEST:
            self._leave(path, f"lies deeper than {_DEEPEST} folders")
            return
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        try:
            source = os.open(name, flags, dir_fd=folder)
        except OSError as error:
            self._leave(path, error.strerror or "")
            return
        try:
            if stat.S_ISDIR(mode):
                self._descend(source, name, path, depth)
            else:
                self._copy(source, name, path)
        finally:
            os.close(source)

    def _descend(self, source: int, name: str, path: str, depth: int) -> None:
        if self._ask(_ENTER, name, 0, path):
            self._folder(source, path, depth + 1)
            self._tell(_LEAVE, "", 0)

    def _copy(self, source: int, name: str, path: str) -> None:
        size = os.fstat(source).st_size
        if size > self._room:
            self._leave(path, "is too large: no more is copied than /out may hold")
            return
        if not self._ask(_FILE, name, size, path):
            return
        self._room -= size
        while size:
            data = os.read(source, min(size, _CHUNK))
            if not data:
                raise EOFError(f"{path} ended early")
            _write_all(self._connection, data)
            size -= len(data)
        self._answered(path)

    def _ask(self, kind: int, name: str, size: int, path: str) -> bool:
        self._tell(kind, name, size)
        return self._answered(path)

    def _tell(self, kind: int, name: str, size: int) -> None:
        encoded = os.fsencode(name)
        _write_all(self._connection, _HEADER.pack(kind, len(encoded), size) + encoded)

    def _answered(self, path: str) -> bool:
        """Whether the writer could do it."""
        (number,) = _ANSWER.unpack(_exactly(self._connection, _ANSWER.size))
        if number:
            self._leave(path, "is there already" if number == errno.EEXIST else os.strerror(number))
        return not number

    def _leave(self, path: str, why: str) -> None:
        if len(self._left) < _TOLD:
            self._left.append(f"{path} was not copied: {why}")
        else:
            self._untold += 1


def _used(folder: int) -> int:
    """Bytes that its file system holds: holes are none of them, and a file with two names is there once."""
    status = os.fstatvfs(folder)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


class Writer:
    """The writer's side: makes in ``folder`` what it is told to, and believes the reader as little as the plugin."""

    def __init__(self, connection: int, folder: int) -> None:
        self._connection = connection
        self._folders = [folder]

    def serve(self) -> None:
        """Until the reader has gone. Raises EOFError where that is in the middle of something."""
        while header := os.read(self._connection, 1):
            kind, length, size = _HEADER.unpack(header + _exactly(self._connection, _HEADER.size - 1))
            name = os.fsdecode(_exactly(self._connection, length))
            if kind != _LEAVE:
                self._make(kind, name, size)
            elif len(self._folders) > 1:
                os.close(self._folders.pop())

    def _make(self, kind: int, name: str, size: int) -> None:
        try:
            if name in ("", ".", "..") or "/" in name or "\0" in name or len(self._folders) > _DEEPEST:
                raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
            made = self._enter(name) if kind == _ENTER else self._create(name)
        except OSError as error:
            self._answer(error.errno or errno.EIO)
            return
        self._answer(0)
        if kind == _ENTER:
            self._folders.append(made)
        else:
            self._fill(made, name, size)

    def _enter(self, name: str) -> int:
        os.mkdir(name, 0o755, dir_fd=self._folders[-1])
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(name, flags, dir_fd=self._folders[-1])

    def _create(self, name: str) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(name, flags, 0o644, dir_fd=self._folders[-1])

    def _fill(self, file: int, name: str, size: int) -> None:
        """Take all the bytes, whatever becomes of them; a file that does not get all of them is removed."""
        number = errno.EIO
        try:
            number = self._take(file, size)
        finally:
            os.close(file)
            if number:
                os.unlink(name, dir_fd=self._folders[-1])
        self._answer(number)

    def _take(self, file: int, size: int) -> int:
        number = 0
        while size:
            data = _some(self._connection, size)
            size -= len(data)
            try:
                if not number:
                    _write_all(file, data)
            except OSError as error:
                number = error.errno or errno.EIO
        return number

    def _answer(self, number: int) -> None:
        _write_all(self._connection, _ANSWER.pack(number))


def _some(fd: int, most: int) -> bytes:
    data = os.read(fd, min(most, _CHUNK))
    if not data:
        raise EOFError("the other process has ended")
    return data


def _exactly(fd: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += _some(fd, size - len(data))
    return data


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
