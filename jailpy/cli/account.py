"""What is told of one run, however it ends: the report, the history, the audit log, and the list of what runs."""

from __future__ import annotations

import _stat as stat  # the module around it is Python
import encodings  # of the standard library, and there in any case
import time

from jailpy import system as os
from jailpy.cli.output import out, write_all
from jailpy.errors import UsageError
from jailpy.model.plan import Plan
from jailpy.model.request import Request
from jailpy.model.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jailpy.cli.capture import Capture
    from jailpy.observe.journal import Journal
    from jailpy.observe.register import Entry

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"  # base 32 without letters that are taken for others


class Account:
    """One run's. ``open`` before anything starts, ``begin`` when there is a jail, ``end`` with the result."""

    def __init__(self, target: str, *, json: bool = False, no_history: bool = False) -> None:
        self._target = target
        self._json = json
        self._history = not no_history
        self._jail = new_id(time.time(), os.getpid())
        self._fd = -1
        self._capture: Capture | None = None
        self._journal: Journal | None = None
        self._entry: Entry | None = None
        self._mild: list[str] = []  # what nobody needs to be told who does not ask

    def open(self) -> None:
        """Open what is written when the run is over. Raises UsageError for a report that cannot be."""
        self._caller = (os.getuid(), os.getpid())
        if self._json:
            from jailpy.cli.capture import Capture

            self._capture = Capture()
        if self._target:
            self._fd = _open(self._target)

    def begin(self, request: Request) -> None:
        """Enter the run in the list of those that live, while the jail is built and this process has its rights.

        What that needs is imported then too, when this process would only wait.
        """
        from jailpy.observe import register
        from jailpy.observe.journal import Journal
        from jailpy.report import document

        root = os.geteuid() == 0
        if root and not (_for_all(__file__) and _for_all(encodings.__file__)):
            _fetch()
        self._journal = Journal(self._jail, history=self._history)
        if root or register.has_room():
            self._journal.open()
        try:
            self._entry = register.Entry(document.entry(request, self._jail, self._caller[1]))
        except OSError as error:
            self._mild.append(f"jailpy ps does not show this run: {error.strerror}")

    def end(self, result: Result, plan: Plan | None, request: Request | None) -> list[str]:
        """Keep what is kept of every run; the lines that the caller is to be told of that.

        Where nothing has run, the reason for that is enough.
        """
        from jailpy.observe.journal import Journal
        from jailpy.report import document
        from jailpy.report.quote import for_terminal

        if self._entry is not None:
            self._entry.ended(result.outcome)
        if self._capture is not None:
            self._output = self._capture.release()
        journal = self._journal or Journal(self._jail, history=self._history)
        report = document.report(result, plan, request, self._jail, document.caller(*self._caller))
        journal.audit(document.audit(report))
        if journal.homeless:
            self._mild.append("neither history nor audit log: the caller has no home folder (HOME, XDG_STATE_HOME)")
        told = list(journal.problems)
        self._report = {**report, "warnings": [*result.warnings, *told, *self._mild]}
        journal.keep(self._text())
        told += journal.problems[len(told) :]
        if result.failure or request is None or request.quiet:
            return []
        told += self._mild if request.verbose else []
        return [f"warning: {for_terminal(problem)}" for problem in told]

    def publish(self) -> None:
        """Write the report where the caller wants it. Raises UsageError where that cannot be done."""
        if self._fd >= 0:
            _write(self._fd, self._target, self._text())
        if self._capture is not None:
            self._report["output"] = self._output
            out(self._text().decode())

    def _text(self) -> bytes:
        from jailpy.report.quote import for_json

        return (for_json(self._report) + "\n").encode()


def _for_all(file: str) -> bool:
    """Whether everybody can enter the folder of this file."""
    folder = file.rpartition("/")[0]
    while folder not in ("", "/"):
        if not os.stat(folder).st_mode & stat.S_IXOTH:
            return False
        folder = folder.rpartition("/")[0]
    return True


def _fetch() -> None:
    """Import what is needed later, if at all: root's launcher goes on as the jail's id, which could not read it."""
    from jailpy.cli import boundary  # noqa: F401
    from jailpy.kernel import host_facts  # noqa: F401
    from jailpy.launch import diagnose, result, watch  # noqa: F401
    from jailpy.report import words  # noqa: F401


def new_id(seconds: float, pid: int) -> str:
    """Short, sorts by time, and unique where process ids are: no two launchers have one at the same millisecond."""
    return f"{_base32(int(seconds * 1000), 9)}-{_base32(pid, 1)}"


def _base32(number: int, width: int) -> str:
    digits = ""
    while number or len(digits) < width:
        number, digit = divmod(number, 32)
        digits = _DIGITS[digit] + digits
    return digits


def _open(target: str) -> int:
    """Before anything starts: a report that cannot be written is no reason to find out afterwards."""
    hint = "name a file that can be written, or fd:N"
    kind, _, number = target.partition(":")
    if kind == "fd" and not (number.isdecimal() and len(number) < 8):
        raise UsageError(f"--report {target}: there is no such descriptor", hint=hint)
    try:
        if kind == "fd":
            return os.dup(int(number))
        return os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"--report {target}: {error.strerror}", hint=hint) from error


def _write(fd: int, target: str, text: bytes) -> None:
    try:
        write_all(fd, text)
    except OSError as error:
        raise UsageError(f"--report {target}: {error.strerror}", hint="the run itself is over") from error
    finally:
        os.close(fd)
