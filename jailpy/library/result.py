"""How a run ended, for the application that asked for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal, Self

from jailpy.errors import HostError, JailError, ProfileError, SetupError, UsageError
from jailpy.report.quote import for_terminal

Outcome = Literal[
    "ok", "error", "signal", "timeout", "cpu-limit", "memory-limit", "output-limit", "killed", "denied"
]  # what a plugin can come to; that jailpy could not start it is an exception
_LAST_WORDS = 200  # characters of a plugin's last line in a message


@dataclass(frozen=True, slots=True, repr=False)
class Result:
    """How a run ended. The outcome was decided outside the jail; what ``stdout`` and ``stderr`` say is the plugin's."""

    outcome: Outcome
    status: int  # what the command would exit with: 0 to 255
    exit_code: int | None  # the plugin's own; None where it did not exit
    signal: int | None  # that ended it; None too where the whole jail was ended at once
    stdout: bytes
    stderr: bytes
    report: dict[str, Any]  # all of it, as jailpy-report(5) has it

    @property
    def ok(self) -> bool:
        """Whether the plugin ended by itself, with the exit code 0."""
        return self.outcome == "ok"

    @property
    def jail(self) -> str:
        """The id of the run, by which history, audit log and ``jailpy explain`` know it."""
        return str(self.report["jail"])

    @property
    def wall_s(self) -> float:
        """Seconds from the start of the jail to its end."""
        return float(self.report["wall_s"])

    @property
    def usage(self) -> dict[str, Any]:
        """What the plugin used: seconds (``…_s``), bytes (``…_bytes``), counts; empty where nothing was seen of it."""
        return self.report["usage"] or {}

    @property
    def limits(self) -> list[dict[str, Any]]:
        """Each limit in force: name, limit, peak, hits, ended_run."""
        return list(self.report["limits"])

    @property
    def layers(self) -> dict[str, dict[str, str]]:
        """Each layer of the jail by name: its state ("on", "off" or "fallback"), and a detail."""
        return dict(self.report["layers"])

    @property
    def denials(self) -> list[dict[str, Any]]:
        """What the plugin was refused."""
        return list(self.report["denials"])

    @property
    def warnings(self) -> list[str]:
        """What jailpy had to go on without."""
        return list(self.report["warnings"])

    def check(self) -> Self:
        """This result, if it is ok. Raises PluginError."""
        if not self.ok:
            raise PluginError(self)
        return self

    def __repr__(self) -> str:
        sizes = f"stdout={len(self.stdout)} bytes, stderr={len(self.stderr)} bytes"
        return f"<Result {self.outcome}: status={self.status}, {sizes}, wall_s={self.wall_s}>"


class PluginError(Exception):
    """Raised by ``Result.check()`` and by nothing else: the plugin did not end well. ``result`` says how."""

    def __init__(self, result: Result) -> None:
        super().__init__(result)
        self.result = result

    def __str__(self) -> str:
        result = self.result
        how = f"signal {result.signal}" if result.signal else f"exit code {result.exit_code}"
        ended = f" ({how})" if result.outcome in ("error", "signal") else ""
        name = for_terminal(str(result.report["plugin"]["name"]))
        return "; it said last: ".join(filter(None, (f"{name}: {result.outcome}{ended}", _last_words(result.stderr))))


def _last_words(stderr: bytes) -> str:
    lines = stderr[-4096:].decode(errors="replace").strip().splitlines()
    return for_terminal(lines[-1][:_LAST_WORDS]) if lines else ""


def conclude(report: bytes, stdout: bytes, stderr: bytes) -> Result:
    """The Result that a launcher's report tells. Raises JailError for what jailpy could not do."""
    failure: JailError
    try:
        told: dict[str, Any] = json.loads(report)
        if told["error"] is None:
            return _result(told, stdout, stderr)
        failure = _exception(told["outcome"], told["error"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        hint = _last_words(stderr) or "somebody killed it, or the machine is out of memory"
        failure = SetupError("the launcher ended without a report", hint=hint, stage="launcher")
    raise failure


def _result(told: dict[str, Any], stdout: bytes, stderr: bytes) -> Result:
    return Result(
        outcome=told["outcome"],
        status=told["status"],
        exit_code=told["exit_code"],
        signal=told["signal"],
        stdout=stdout,
        stderr=stderr,
        report=told,
    )


def _exception(outcome: str, error: dict[str, Any]) -> JailError:
    message, hint = error["message"], error["hint"]
    if outcome == "usage-error":
        return UsageError(message, hint=hint)
    if outcome == "profile-error":
        return ProfileError(message, hint=hint, problems=tuple(message.splitlines()))
    if not error["stage"]:  # found out before the first step
        return HostError(message, hint=hint)
    return SetupError(message, hint=hint, stage=error["stage"], step=error["step"], errno=error["errno"])
