"""Result: how a run ended, decided outside the jail."""

from __future__ import annotations

from jailpy.model.plan import Layer
from jailpy.model.record import Record

OUTCOMES = (
    "ok",
    "error",
    "signal",
    "timeout",
    "cpu-limit",
    "memory-limit",
    "output-limit",
    "killed",
    "denied",
    "not-executable",
    "not-found",
    "setup-failed",
    "profile-error",
    "usage-error",
)


class Failure(Record):
    """Why jailpy could not do what was asked."""

    stage: str
    step: str
    errno: int
    message: str
    hint: str


class Usage(Record):
    cpu_user_s: float
    cpu_system_s: float
    memory_peak_bytes: int
    stdout_bytes: int
    stderr_bytes: int


class Result(Record):
    outcome: str
    status: int  # what the command exits with under --exit-status plugin
    exit_code: int | None
    signal: int | None
    failure: Failure | None
    layers: tuple[Layer, ...]
    warnings: tuple[str, ...]
    started: float  # seconds since the epoch
    wall_s: float
    usage: Usage | None
    relayed_signal: int = 0  # the signal that jailpy itself was told to end by
