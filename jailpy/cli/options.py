"""The options of all commands: one table, for the quick command line, for typer, for completion and for the Request.

kind "value": takes a value, the last one counts; "list": takes a value, all count; "flag": takes none; "last": takes a
value and ends the options, as Python's own -c and -m do, so that nothing after it is ever taken for an option.
"""

from __future__ import annotations

from jailpy.model.record import Record

_ALL = ("run", "exec", "plan")
_RUNS = ("run", "exec")
_PYTHON = ("run", "plan")
_LISTS = ("plan", "doctor", "ps", "profile list", "profile show", "profile check", "profile diff")


class Option(Record):
    field: str  # what jailpy.cli.request.make calls it
    flags: tuple[str, ...]
    kind: str
    metavar: str
    help: str
    commands: tuple[str, ...]


def _option(kind: str, field: str, flags: str, metavar: str, text: str, commands: tuple[str, ...] = _ALL) -> Option:
    return Option(field=field, flags=tuple(flags.split()), kind=kind, metavar=metavar, help=text, commands=commands)


GROUPS = (
    (
        "The program",
        (
            _option("last", "code", "-c", "CODE", "Run CODE; what follows are its arguments.", _PYTHON),
            _option("last", "module", "-m", "MODULE", "Run a module; what follows are its arguments.", _PYTHON),
            _option("value", "tree", "--code", "DIR", "Show DIR as /plugin, for -m.", _PYTHON),
            _option("value", "python", "--python", "PATH|VERSION", "The interpreter, a virtual environment's too."),
        ),
    ),
    (
        "What it may do",
        (
            _option("value", "profile", "-p --profile", "NAME|FILE", "The profile; a file is named with a slash."),
            _option("list", "read", "--read", "PATH", "Show a file or folder, read-only; HOST:JAIL names its place."),
            _option("list", "write", "--write", "PATH", "The same, and it can be written to."),
            _option("list", "env", "--env", "NAME[=VALUE]", "Set a variable; without a value, the caller's."),
            _option("list", "limit", "--limit", "KEY=VALUE", "Set a limit, such as memory=1G."),
            _option("value", "timeout", "--timeout", "TIME", "The same as --limit wall=TIME: 500ms, 90s, 5m."),
            _option("value", "cgroup_parent", "--cgroup-parent", "PATH", "Make its cgroup below this one."),
            _option("value", "require", "--require", "LAYER,…", "Refuse to run where one of these layers is missing."),
            _option("value", "policy_digest", "--policy-digest", "SHA256", "Refuse to run under any other policy."),
        ),
    ),
    (
        "What it reads and writes",
        (
            _option("value", "stdin", "--stdin", "FILE", "Its standard input, in place of jailpy's own."),
            _option("value", "out", "--out", "DIR", "Copy to this folder what the program leaves in /out."),
            _option("flag", "raw", "--raw", "", "Let a terminal obey all that it writes."),
            _option("flag", "tty", "--tty", "", "Give it a terminal of its own; without PLUGIN, run Python."),
        ),
    ),
    (
        "Which runs",
        (
            _option("list", "label", "--label", "K=V", "Those that have this label.", ("kill",)),
            _option("flag", "all", "--all", "", "All of them.", ("kill",)),
        ),
    ),
    (
        "The profile",
        (
            _option("flag", "effective", "--effective", "", "Print what it says in effect.", ("profile show",)),
            _option("flag", "sarif", "--sarif", "", "Print the findings as SARIF 2.1.0.", ("profile check",)),
            _option("flag", "markdown", "--markdown", "", "Print it as Markdown, for a review.", ("profile diff",)),
            _option("value", "extends", "--extends", "NAME|FILE", "What it builds on: default@1.", ("profile new",)),
            _option("value", "output", "-o", "FILE", "Write it to a new file.", ("profile new", "profile freeze")),
        ),
    ),
    (
        "What comes of it",
        (
            _option("value", "report", "--report", "FILE|fd:N", "Write a report in JSON."),
            _option("value", "exit_status", "--exit-status", "plugin|outcome", "What the exit status tells."),
            _option("list", "label", "--label", "K=V", "What this run is: for the report, ps and kill."),
            _option("flag", "no_history", "--no-history", "", "Keep no report among the last hundred."),
            _option("flag", "json", "--json", "", "Print the report, and the output in it, as JSON.", _RUNS),
            _option("flag", "json", "--json", "", "Print it as JSON.", _LISTS),
            _option("flag", "quiet", "-q", "", "Say nothing about how the program ended."),
            _option("flag", "verbose", "-v", "", "Say which layers are on, and how the program ended."),
        ),
    ),
)  # the headings are those of the help
OPTIONS = tuple(option for _, options in GROUPS for option in options)
