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
    """What the jail used, all its processes together; None where it is not known."""

    cpu_user_s: float
    cpu_system_s: float
    memory_peak_bytes: int  # of the jail where it was sampled, at least that of its largest process
    stdout_bytes: int
    stderr_bytes: int
    tasks_peak: int | None = None  # processes and threads, sampled
    read_bytes: int | None = None  # from storage, not from the page cache (proc_pid_io(5))
    written_bytes: int | None = None  # to storage; what stays in a tmpfs is none


class Limit(Record):
    """A limit in force, and how near the run came to it.

    hits: how often it was run into; 1 where all that can be seen is that it was reached, None where not even that.
    """

    name: str  # the key in the profile's [limits] or [filesystem], such as "memory", "tmp-files"
    limit: float  # seconds, bytes or a count, as the key has it
    peak: float | None
    hits: int | None
    ended_run: bool


class Frame(Record):
    """A line of a traceback, as the plugin's own process tells it."""

    file: str
    line: int
    function: str


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
    limits: tuple[Limit, ...] = ()
    left: tuple[str, ...] = ()  # what of /out was not copied, and why; it stands in the warnings too
    at_memory_high: tuple[tuple[Frame, ...], ...] = ()  # a stack of each thread, when its memory reached the mark
    relayed_signal: int = 0  # the signal that jailpy itself was told to end by
