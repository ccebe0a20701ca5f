"""A new profile, with what can be said in it as comments: they show what is inherited, and change nothing."""

from __future__ import annotations

from jailpy.authoring import values
from jailpy.errors import UsageError
from jailpy.policy.schema import SCHEMA, profile_name
from jailpy.policy.shipped import GENERATIONS
from jailpy.policy.values import UnfitError, shown
from jailpy.report.quote import for_toml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jailpy.model.policy import Policy

_HEAD = """\
# {name}: for whom it is, and what they may do.
#
# Lines that begin with # are examples, or what {extends} gives, and change nothing.
#     jailpy profile check FILE                  what is too wide, or contradicts itself
#     jailpy profile show --effective FILE       all of it, with where each line is from
#     jailpy profile diff {extends} FILE         what it adds and takes away
schema = {schema}
name = {quoted}
extends = {parent}

# Files and folders of the host, by absolute paths; "/host:/jail" shows one elsewhere.
[filesystem]
# read = ["/srv/data"]
# write = ["/srv/results"]
{filesystem}

[limits]
{limits}

# Variables; pass-env names those that have the caller's value.
[process]
# env = {{ LANG = "C.UTF-8" }}
# pass-env = ["TZ"]

# Modules that no program under it needs.
# [python]
# without = ["ctypes"]

# "@no-exec" and "@single-process" take away: no other program, no other process.
[seccomp]
# allow = ["@no-exec", "@single-process"]
# remove = ["sendfile"]

# What options of the command line may widen: nothing.
[overrides]
widen = []
"""
_FILESYSTEM = ("filesystem.tmp", "filesystem.tmp-files")
_LIMITS = ("wall", "cpu", "memory", "tasks", "open-files", "file-size", "output")


def generation(extends: str) -> str:
    """What ``extends`` may say: a generation of a profile that comes with jailpy, or a file. Raises UsageError."""
    bare, _, number = extends.partition("@")
    if "/" in extends:
        return extends
    if bare not in GENERATIONS or number not in ("", str(GENERATIONS[bare])):
        hint = f"one of {', '.join(f'{name}@{current}' for name, current in GENERATIONS.items())}; a file has a slash"
        raise UsageError(f"--extends {shown(extends)}: is neither a generation of a profile nor a file", hint=hint)
    return f"{bare}@{GENERATIONS[bare]}"


def start(name: str, extends: str, parent: Policy) -> str:
    """The text of a profile that extends ``extends``, whose policy is ``parent``. Raises UsageError for its name."""
    try:
        profile_name(name)
    except UnfitError as unfit:
        raise UsageError(f"profile new {shown(name)}: expected {unfit.expected}") from None
    if name in GENERATIONS:
        raise UsageError(f"profile new {name}: is the name of a profile that comes with jailpy")
    given = values.settings(parent)

    def lines(keys: list[str]) -> str:
        return "\n".join(f"# {key.partition('.')[2]} = {values.written(key, given[key])}" for key in keys)

    return _HEAD.format(
        name=name,
        extends=shown(extends),
        schema=SCHEMA,
        quoted=for_toml(name),
        parent=for_toml(extends),
        filesystem=lines([*_FILESYSTEM]),
        limits=lines([f"limits.{key}" for key in _LIMITS]),
    )
