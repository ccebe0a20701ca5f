"""What is kept of a run: its report among the last hundred, and a line in the audit log.

Both are opened while the jail is built, if descriptors allow: that costs no time then, and the launcher of root has the
rights of its jail later.
"""

from __future__ import annotations

import _stat as stat  # the module around it is Python
import fcntl
import time

from jailpy import system as os
from jailpy.plan import places
from jailpy.report.quote import for_json

REPORTS, AUDIT = "reports", "audit.jsonl"
KEPT = 100  # reports
_NO_LINE = ("no line in the audit log", f"/{AUDIT}")
_NO_REPORT = ("no report in the history", f"/{REPORTS}")
_PATIENCE = 1.0  # seconds to wait for others who write the audit log
_FLAGS = os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


class Journal:
    """``problems`` are sentences on what could not be kept, filled as it turns out; a run goes on without."""

    def __init__(self, jail: str, *, history: bool) -> None:
        self.problems: list[str] = []
        self._place = places.state() if places.has_home() else ""  # root's, as long as we are root
        self._jail = jail
        self._history = history
        self._report = self._audit = -1
        self._opened = False

    def open(self) -> None:
        """Open what is to be written, if that has not been done."""
        if self._opened or not self._place:
            return
        self._opened = True
        try:
            folder = places.enter(self._place, make=True)
        except OSError as error:
            self._problem("neither history nor audit log", "", error)
            return
        try:
            if self._history:
                self._open_report(folder)
            self._open_audit(folder)
        finally:
            os.close(folder)

    @property
    def homeless(self) -> bool:
        """Whether there is no place to keep anything."""
        return not self._place

    def _open_audit(self, folder: int) -> None:
        try:
            self._audit = os.open(AUDIT, _FLAGS | os.O_RDWR | os.O_APPEND, 0o600, dir_fd=folder)
            status = os.fstat(self._audit)
            if not stat.S_ISREG(status.st_mode):
                os.close(self._audit)
                self._audit = -1
                raise OSError(0, "is not a regular file")
        except OSError as error:
            self._problem(*_NO_LINE, error)

    def _open_report(self, folder: int) -> None:
        try:
            at = _reports(folder)
            try:
                _prune(at)  # first: it may need the last descriptor, and gives it back
                self._report = os.open(f"{self._jail}.json", _FLAGS | os.O_WRONLY | os.O_EXCL, 0o600, dir_fd=at)
            finally:
                os.close(at)
        except OSError as error:
            self._problem(*_NO_REPORT, error)

    def audit(self, line: dict[str, object]) -> None:
        """Append one line, whole or not at all."""
        self.open()
        if self._audit < 0:
            return
        try:
            _append(self._audit, for_json(line).encode() + b"\n")
        except OSError as error:
            self._problem(*_NO_LINE, error)
        finally:
            os.close(self._audit)
            self._audit = -1

    def keep(self, report: bytes) -> None:
        """Keep the report."""
        self.open()
        if self._report < 0:
            return
        try:
            view = memoryview(report)
            while view:
                view = view[os.write(self._report, view) :]
        except OSError as error:
            self._problem(*_NO_REPORT, error)
        finally:
            os.close(self._report)
            self._report = -1

    def _problem(self, what: str, where: str, error: OSError) -> None:
        self.problems.append(f"{what}: {self._place}{where}: {error.strerror}")


def _reports(folder: int) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(REPORTS, flags, dir_fd=folder)
    except FileNotFoundError:
        _make(folder)
        return os.open(REPORTS, flags, dir_fd=folder)


def _make(folder: int) -> None:
    try:
        os.mkdir(REPORTS, 0o700, dir_fd=folder)
    except FileExistsError:
        return  # another run was faster


def _prune(at: int) -> None:
    """Drop the oldest, so that one more is the hundredth: ids sort by time, so that no file has to be looked at."""
    names = [name for name in os.listdir(at) if name.endswith(".json")]
    if len(names) >= KEPT:
        for name in sorted(names)[: 1 - KEPT]:
            try:
                os.unlink(name, dir_fd=at)
            except FileNotFoundError:
                continue  # another run was faster


def _append(fd: int, line: bytes) -> None:
    """One write at the end of the file; after a torn line, which only a crash leaves, on a line of its own."""
    alone = _lock(fd)
    try:
        size = os.fstat(fd).st_size
        if size and os.pread(fd, 1, size - 1) != b"\n":
            line = b"\n" + line
        written = os.write(fd, line)
        if written < len(line):
            if alone:
                os.ftruncate(fd, size)
            raise OSError(0, "no space for a whole line")
    finally:
        fcntl.flock(fd, fcntl.LOCK_UN)


def _lock(fd: int) -> bool:
    """Wait for others, who take microseconds, but not for ever: one may have been stopped. Whether the lock is ours.

    O_APPEND alone keeps lines apart; the lock is for the look at the end of the file.
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.001)
