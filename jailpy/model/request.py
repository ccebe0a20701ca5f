"""Request: what the caller asked for, as the command line or the library understood it."""

from __future__ import annotations

from jailpy.model.record import Record


class Share(Record):
    """A host path that the jail is given."""

    host: str  # absolute
    jail: str  # absolute
    writable: bool = False


class Request(Record):
    command: str  # "run" | "exec"
    profile: str = "default"
    plugin: str = ""  # a path; "-" is standard input
    code: str | None = None  # run -c
    tree: str = ""  # run --code DIR
    module: str = ""  # run -m
    arguments: tuple[str, ...] = ()
    changes: tuple[tuple[str, object], ...] = ()  # dotted key, value: what options ask of the profile
    shares: tuple[Share, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    python: str = ""
    require: tuple[str, ...] = ()
    policy_digest: str = ""
    report: str = ""  # a path, or "fd:N"
    exit_status: str = "plugin"
    stdin: str = ""
    quiet: bool = False
    verbose: bool = False
    raw: bool = False
