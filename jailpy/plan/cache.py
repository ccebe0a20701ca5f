"""What was worked out once and stays true while the files that it came from are the same.

marshal is as safe as the file that it reads, so a file counts only if the caller or root owns it and nobody else
can write it or its folder; anything else about it that is odd means: no cache. Losing it loses time only.
"""

from __future__ import annotations

import _stat as stat  # the module around it is Python
import marshal
import sys

from jailpy import __version__, imports
from jailpy import system as os
from jailpy.policy.digest import digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CAP = 4 << 20  # bytes of one entry
_MOST = 128  # entries that are kept


def folder() -> str:
    """Where entries are kept; empty when the caller has no home."""
    if os.geteuid() == 0:
        return "/var/cache/jailpy"
    home = os.environ.get("HOME")
    base = os.environ.get("XDG_CACHE_HOME") or (f"{home}/.cache" if home else "")
    return f"{base}/jailpy" if base.startswith("/") else ""


def installed_folder() -> str:
    """Where an installation keeps what it worked out for all its users; it need not be there."""
    return f"{imports.PACKAGE}/_data/compiled"


def key(*parts: object) -> str:
    """A file name for what depends on ``parts``, on the Python and the jailpy that run, and on the kernel."""
    everything = (__version__, imports.PACKAGE, sys.version, os.uname().release, *parts)
    return digest(repr(everything).encode(errors="surrogateescape"))[:40]


def identity(path: str) -> tuple[int, ...] | None:
    """Device, inode, size, mtime and ctime of the file behind ``path``; None where there is none."""
    try:
        status = imports.looked.get(path) or os.stat(path)  # the start has just looked at our own modules
    except OSError:
        return None
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def load(name: str) -> Any:
    """The value stored under ``name``, if every file that it came from is still the same."""
    value = _load(installed_folder(), name)
    return value if value is not None else _load(folder(), name)


def _load(place: str, name: str) -> Any:
    if not place:
        return None
    try:
        fd = os.open(f"{place}/{name}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        status = os.fstat(fd)
        if not (_private(status, stat.S_IFREG) and _private(os.stat(place), stat.S_IFDIR)):
            return None
        evidence, value = marshal.loads(os.read(fd, min(status.st_size, _CAP)))
    except (OSError, ValueError, EOFError, TypeError):
        return None
    finally:
        os.close(fd)
    return value if all(identity(path) == known for path, known in evidence) else None


def store(name: str, value: Any, files: tuple[str, ...]) -> None:
    """Keep ``value`` for as long as ``files`` do not change; where that is not possible, go on without."""
    place = folder()
    if not place:
        return
    try:
        os.makedirs(place, mode=0o700, exist_ok=True)
        _write(place, name, (value, files), 0o600)
        _prune(place)
    except OSError:  # no space, another run was faster, a file system without O_TMPFILE
        return


def store_installed(name: str, value: Any, files: tuple[str, ...]) -> None:
    """Keep ``value`` for all who use this installation. Raises OSError."""
    place = installed_folder()
    os.makedirs(place, mode=0o755, exist_ok=True)
    _write(place, name, (value, files), 0o644)


def _write(place: str, name: str, entry: tuple[Any, tuple[str, ...]], mode: int) -> None:
    value, files = entry
    files = tuple(dict.fromkeys((*files, *_code())))
    at = os.open(place, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fd = os.open(".", os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, mode, dir_fd=at)
        with os.fdopen(fd, "wb") as file:
            file.write(marshal.dumps((tuple((path, identity(path)) for path in files), value)))
            file.flush()
            _link(fd, name, at)
    finally:
        os.close(at)


def _code() -> list[str]:
    """The files of jailpy's own modules: what another version would have worked out is not believed."""
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] == "jailpy"]
    return [path for module in modules if (path := getattr(module, "__file__", None))]


def _link(fd: int, name: str, at: int) -> None:
    """Give a file without a name its name, now that it is whole: whoever is killed before leaves nothing (open(2))."""
    if os.access(name, os.F_OK, dir_fd=at):
        os.unlink(name, dir_fd=at)
    os.link(f"/proc/self/fd/{fd}", name, src_dir_fd=at, dst_dir_fd=at)


def _prune(place: str) -> None:
    """Drop the older half when there are too many: settings that nobody has any more leave entries behind."""
    entries = sorted(os.scandir(place), key=lambda entry: entry.stat(follow_symlinks=False).st_mtime_ns)
    if len(entries) > _MOST:
        for entry in entries[: len(entries) // 2]:
            os.unlink(entry.path)


def _private(status: os.stat_result, kind: int) -> bool:
    return stat.S_IFMT(status.st_mode) == kind and status.st_uid in (0, os.geteuid()) and not status.st_mode & 0o022
