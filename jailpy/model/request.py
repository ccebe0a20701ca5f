"""Request: what the caller asked for, as the command line or the library understood it."""

from __future__ import annotations

from jailpy.model.record import Record


class Request(Record):
    command: str  # "run" | "exec"
    profile: str = "default"
    plugin: str = ""  # a path; "-" is standard input
    code: str | None = None  # run -c
    tree: str = ""  # run --code DIR
    module: str = ""  # run -m
    arguments: tuple[str, ...] = ()
    changes: tuple[tuple[str, object], ...] = ()  # dotted key, value: what options ask of the profile
    python: str = ""
    require: tuple[str, ...] = ()
    policy_digest: str = ""
    report: str = ""  # a path, or "fd:N"
    exit_status: str = "plugin"
    json: bool = False  # the report, and the output in it, on standard output
    no_history: bool = False
    labels: tuple[tuple[str, str], ...] = ()
    stdin: str = ""  # a file, in place of the caller's standard input
    out: str = ""  # a folder, for what the plugin leaves in /out
    raw: bool = False
    tty: bool = False
    quiet: bool = False
    verbose: bool = False
    leashes: tuple[int, ...] = ()  # descriptors that turn readable when whoever asked has ended, or wants no more
