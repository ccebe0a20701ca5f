"""A command line that was not understood: what is wrong with it, in our words, and what was probably meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from typer._click.exceptions import BadOptionUsage, NoSuchOption

from jailpy.cli.help import COMMANDS, NAMES, PROFILE
from jailpy.cli.options import OPTIONS, Option
from jailpy.cli.request import is_path
from jailpy.errors import UsageError

if TYPE_CHECKING:
    import typer

_BY_FLAG = {flag: option for option in OPTIONS for flag in option.flags}


def worded(error: typer.TyperException, words: list[str]) -> UsageError:
    """The same error with a hint that names the near miss."""
    command = next((name for name in (" ".join(words[:2]), *words[:1]) if name in (*NAMES, *COMMANDS)), "")
    more = " ".join(filter(None, ("jailpy", command, "--help")))
    if isinstance(error, NoSuchOption):
        flag = next((word for word in words if word.startswith(error.option_name)), error.option_name)
        flag = flag.partition("=")[0]
        return UsageError(f"no such option: {flag}", hint=_meant(flag, command) or more)
    if isinstance(error, BadOptionUsage):
        option = _BY_FLAG.get(error.option_name)
        if option is not None and option.metavar:
            return UsageError(f"{error.option_name}: its value is missing", hint=f"expected {option.metavar}")
        return UsageError(f"{error.option_name}: takes no value", hint=more)
    if command == "profile":
        return _no_command(words[1] if words[1:] else "", more, list(PROFILE))
    if command:
        return UsageError(_lowered(error), hint=more)
    return _no_command(words[0] if words else "", more, list(COMMANDS))


def report_of(words: list[str]) -> str:
    """What --report names in words that were not understood; "" for nothing."""
    return next((value for option, value in reversed(_ours(words)) if option.field == "report"), "")


def wants_json(words: list[str]) -> bool:
    """Whether --json is among words that were not understood."""
    return any(option.field == "json" for option, _ in _ours(words))


def _ours(words: list[str]) -> list[tuple[Option, str]]:
    """The options and values that were surely ours: a plugin's argument must not make us write a file."""
    found, waiting = [], words[1:] if words[:1] in (["run"], ["exec"]) else []
    while waiting and waiting[0].startswith("-") and waiting[0] not in ("-", "--"):
        option, value = _option_of(waiting.pop(0), words[0])
        if option is None:
            continue
        if value is None and option.kind != "flag":
            value = waiting.pop(0) if waiting else ""
        found.append((option, value or ""))
        if option.kind == "last":
            break
    return found


def _option_of(word: str, command: str) -> tuple[Option | None, str | None]:
    """The option that takes a value in ``word``, or the last that takes none; and the value, where it is there too."""
    if word.startswith("--"):
        flag, equals, value = word.partition("=")
        return _BY_FLAG.get(flag) or _BY_FLAG.get(_nearest(flag, command)), value if equals else None
    for end, letter in enumerate(word[1:], start=2):
        option = _BY_FLAG.get(f"-{letter}")
        if option is not None and option.kind != "flag":
            return option, word[end:] or None
    return None, None


def _meant(flag: str, command: str) -> str:
    commands = [name for name in NAMES for option in OPTIONS if flag in option.flags and name in option.commands]
    if commands and not command:
        return f"options follow the command: jailpy {commands[0]} {flag} …"
    if commands:
        return f"{flag} is an option of {' and '.join(commands)}"
    near = _nearest(flag, command)
    return f"did you mean {near}?" if near else ""


def _nearest(flag: str, command: str) -> str:
    """The option that was probably meant; --verbose and -timeout are found too."""
    known = {
        name: option.flags[-1]
        for option in OPTIONS
        if command in ("", *option.commands)
        for name in (*option.flags, f"--{option.field}")
    }
    near = get_close_matches(flag if flag.startswith("--") else f"-{flag}", known, n=1, cutoff=0.7)
    return known[near[0]] if near and len(flag) > 2 else ""


def _no_command(word: str, more: str, known: list[str]) -> UsageError:
    if not word:
        return UsageError("there is no command", hint=more)
    near = get_close_matches(word, known, n=1)
    if is_path(word) and "run" in known:
        return UsageError(f"{word}: is no command", hint=f"did you mean jailpy run {word}?")
    return UsageError(f"{word}: is no command", hint=f"did you mean {near[0]}?" if near else more)


def _lowered(error: Any) -> str:
    text: str = error.format_message().rstrip(".")
    return text[:1].lower() + text[1:]
