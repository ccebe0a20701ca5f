"""Carrying out ``run`` and ``exec``: a Request in, the exit status out."""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms

from jailpy import api
from jailpy import system as os
from jailpy.cli.account import Account
from jailpy.cli.output import say
from jailpy.launch import launcher
from jailpy.model.plan import Plan
from jailpy.model.request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpy.model.result import Result

_OUTCOMES = {"ok": 0, "timeout": 124, "cpu-limit": 124, "usage-error": 125, "profile-error": 125, "setup-failed": 125,
             "not-executable": 126, "not-found": 127, "memory-limit": 137}  # fmt: skip
_TOLD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def run(request: Request) -> int:
    """Run the request and say how it went. A signal that ended us is passed to ourselves at the end."""
    json, no_history = request.json, request.no_history
    return understood(lambda: request, request.report, request.exit_status, json=json, no_history=no_history)


def understood(
    understand: Callable[[], Request],
    report: str,
    exit_status: str,
    *,
    json: bool = False,
    no_history: bool = False,
    silent: bool = False,
) -> int:
    """The same for a request that may turn out not to be one: that too is told in the report.

    ``silent``: standard error has the plugin's bytes and nothing else, as the library wants it.
    """
    launcher.stand_on_descriptors()
    os.umask(0o022)  # a caller's stricter one would lock the next run out of the cache, or the caller out of the report
    request = plan = None
    account = Account(report, json=json, no_history=no_history)
    try:
        account.open()
        request = asked = understand()
        plan, result = api.execute(request, born=lambda: account.begin(asked))
        said = _said(result, plan, request)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is told in the report too)
        from jailpy.cli.boundary import cause
        from jailpy.report import words

        known = cause(error)
        result, said = api.refused(known), words.of_error(known)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _TOLD)  # what follows is done whole
    said += account.end(result, plan, request)
    if not silent:
        say(said)
    account.publish()
    if result.relayed_signal:
        signal.signal(result.relayed_signal, signal.SIG_DFL)
        os.kill(os.getpid(), result.relayed_signal)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask - {result.relayed_signal})
    return _OUTCOMES.get(result.outcome, 1) if exit_status == "outcome" else result.status


def _said(result: Result, plan: Plan, request: Request) -> list[str]:
    terminal = os.isatty(2)
    if result.outcome == "ok" and not (result.left or request.verbose or terminal):
        return []
    from jailpy.report import words

    return words.lines(result, plan, verbose=request.verbose, quiet=request.quiet, terminal=terminal)
