"""Carrying out ``run`` and ``exec``: a Request in, the exit status out."""

from __future__ import annotations

import os
import signal

from jailpy import api
from jailpy.errors import JailError, UsageError
from jailpy.model.plan import Plan
from jailpy.model.request import Request
from jailpy.model.result import Result
from jailpy.report import words

_OUTCOMES = {"ok": 0, "timeout": 124, "cpu-limit": 124, "usage-error": 125, "profile-error": 125, "setup-failed": 125,
             "not-executable": 126, "not-found": 127, "memory-limit": 137}


def run(request: Request) -> int:
    """Run the request and say how it went. A signal that ended us is passed to ourselves at the end."""
    caller = (os.getuid(), os.getpid())
    plan: Plan | None = None
    try:
        report = _open_report(request.report)
        try:
            plan, result = api.execute(request)
            said = words.lines(result, plan, verbose=request.verbose)
            if request.quiet and result.failure is None:
                said = []
        except JailError as error:
            result, said = api.refused(error), words.of_error(error)
        if report >= 0:
            _write_report(report, result, plan, request, caller)
    except JailError as error:
        result, said = api.refused(error), words.of_error(error)
    say(said)
    if result.relayed_signal:
        signal.signal(result.relayed_signal, signal.SIG_DFL)
        os.kill(os.getpid(), result.relayed_signal)
    return _OUTCOMES.get(result.outcome, 1) if request.exit_status == "outcome" else result.status


def say(lines: list[str]) -> None:
    """jailpy's own lines, on standard error; where that is closed there is nobody to tell."""
    try:
        os.write(2, "".join(f"jailpy: {line}\n" for line in lines).encode()) if lines else 0
    except OSError:
        return


def _open_report(target: str) -> int:
    """Before anything starts: a report that cannot be written is no reason to find out afterwards."""
    if not target:
        return -1
    kind, _, number = target.partition(":")
    try:
        if kind == "fd" and number.isdigit():
            return os.dup(int(number))
        return os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError as error:
        hint = "name a file that can be written, or fd:N"
        raise UsageError(f"--report {target}: {error.strerror}", hint=hint) from error


def _write_report(fd: int, result: Result, plan: Plan | None, request: Request, caller: tuple[int, int]) -> None:
    from jailpy.report import document

    jail = f"{int(result.started * 1e6):x}-{caller[1]:x}"
    text = document.as_json(document.report(result, plan, request, jail, caller)) + "\n"
    try:
        os.write(fd, text.encode())
    except OSError as error:
        raise UsageError(f"--report {request.report}: {error.strerror}", hint="the run itself is over") from error
    finally:
        os.close(fd)


