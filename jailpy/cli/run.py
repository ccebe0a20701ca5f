"""Carrying out ``run`` and ``exec``: a Request in, the exit status out."""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms
import os

from jailpy import api
from jailpy.cli.output import say, write_all
from jailpy.errors import JailError, UsageError
from jailpy.launch import launcher
from jailpy.model.plan import Plan
from jailpy.model.request import Request
from jailpy.model.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_OUTCOMES = {"ok": 0, "timeout": 124, "cpu-limit": 124, "usage-error": 125, "profile-error": 125, "setup-failed": 125,
             "not-executable": 126, "not-found": 127, "memory-limit": 137}  # fmt: skip


def run(request: Request) -> int:
    """Run the request and say how it went. A signal that ended us is passed to ourselves at the end."""
    return understood(lambda: request, request.report, request.exit_status)


def understood(understand: Callable[[], Request], report: str, exit_status: str, *, silent: bool = False) -> int:
    """The same for a request that may turn out not to be one: that too is in the report.

    ``silent``: standard error has the plugin's bytes and nothing else, as the library wants it.
    """
    launcher.stand_on_descriptors()
    os.umask(0o022)  # a caller's stricter one would lock the next run out of the cache, or the caller out of the report
    caller = (os.getuid(), os.getpid())
    request: Request | None = None
    plan: Plan | None = None
    fd = _open_report(report)
    try:
        request = understand()
        plan, result = api.execute(request)
        said = _said(result, plan, request)
    except JailError as error:
        from jailpy.report import words

        result, said = api.refused(error), words.of_error(error)
    if not silent:
        say(said)
    if fd >= 0:
        _write_report(fd, report, result, plan, request, caller)
    if result.relayed_signal:
        signal.signal(result.relayed_signal, signal.SIG_DFL)
        os.kill(os.getpid(), result.relayed_signal)
    return _OUTCOMES.get(result.outcome, 1) if exit_status == "outcome" else result.status


def _said(result: Result, plan: Plan, request: Request) -> list[str]:
    terminal = os.isatty(2)
    if result.outcome == "ok" and not (request.verbose or terminal):
        return []
    from jailpy.report import words

    return words.lines(result, plan, verbose=request.verbose, quiet=request.quiet, terminal=terminal)


def _open_report(target: str) -> int:
    """Before anything starts: a report that cannot be written is no reason to find out afterwards."""
    if not target:
        return -1
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


def _write_report(
    fd: int, target: str, result: Result, plan: Plan | None, request: Request | None, caller: tuple[int, int]
) -> None:
    from jailpy.report import document

    jail = f"{int(result.started * 1e6):x}-{caller[1]:x}"
    text = document.as_json(document.report(result, plan, request, jail, caller)) + "\n"
    try:
        write_all(fd, text.encode())
    except OSError as error:
        raise UsageError(f"--report {target}: {error.strerror}", hint="the run itself is over") from error
    finally:
        os.close(fd)
