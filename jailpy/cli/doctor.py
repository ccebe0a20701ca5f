"""``jailpy doctor``: what this host offers. Exits 0 where ``run`` works with the default profile, else 1."""

from __future__ import annotations

import os
import signal
from typing import Any

from jailpy import __version__, api
from jailpy.cli.output import out, require_stdout
from jailpy.errors import JailError
from jailpy.kernel import host_probe
from jailpy.launch import launcher
from jailpy.model.request import Request
from jailpy.report import doctor
from jailpy.report.quote import for_json


def main(_: list[str], given: dict[str, Any]) -> int:
    """Print the findings; the exit status. Raises JailError where nothing can be printed."""
    require_stdout()
    launcher.stand_on_descriptors()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    findings = _examine()
    works = findings[-1].state == "ok"
    if given.get("json"):
        listed = [finding._asdict() for finding in findings]
        out(for_json({"schema": 1, "jailpy": __version__, "works": works, "findings": listed}) + "\n")
    else:
        out("".join(f"{line}\n" for line in doctor.lines(findings)))
    return 0 if works else 1


def _examine() -> tuple[doctor.Finding, ...]:
    try:
        looked = doctor.examine(host_probe.look())
        return (*looked, *_try_jail(looked))
    except JailError as error:
        return (doctor.of_failure(error.message, error.hint),)


def _try_jail(looked: tuple[doctor.Finding, ...]) -> tuple[doctor.Finding, ...]:
    """A whole jail, last of all: started by root, the launcher gives up its rights on the way."""
    nothing = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    os.dup2(nothing, 0)
    try:
        plan, result = api.execute(Request(command="run", code="pass"))
    except JailError as error:
        return (doctor.of_failure(error.message, error.hint),)
    if result.failure is not None:
        return (doctor.of_failure(result.failure.message, result.failure.hint),)
    if result.outcome != "ok":
        return (doctor.of_failure(f"a trial run ended with the outcome {result.outcome}", ""),)
    return doctor.of_success(plan.layers, looked)
