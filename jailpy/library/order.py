"""What an application asks for, as the words and options of the command line, which alone says what they mean."""

from __future__ import annotations

import marshal
import os
import stat
from collections.abc import Iterable, Mapping
from typing import Any

from jailpy.errors import UsageError

StrPath = str | os.PathLike[str]
Limit = int | float | str | None
_LENGTH = 8  # bytes of the number before the request, as jailpy.cli.hosted reads it
_LONGEST = 128 << 10  # bytes of one word, the NUL after it included (execve(2), MAX_ARG_STRLEN)


def request(plugin: StrPath | None, arguments: tuple[StrPath, ...], asked: Mapping[str, Any]) -> bytes:
    """The bytes that the launcher reads. Raises TypeError for a value of a wrong type, UsageError for a useless one."""
    words = [_word(argument, "an argument") for argument in arguments]
    if plugin is not None:
        named = asked["code"] is not None or asked["module"] is not None
        words.insert(0, _word(plugin, "an argument") if named else _path(plugin, "plugin"))
    given: dict[str, object] = {}
    for field, value in asked.items():
        if value is not None:
            word = _FIELDS[field](value, field)
            if word or isinstance(value, str):  # an empty string is told to be one; an empty list asks for nothing
                given[_NAMES.get(field, field)] = word
    message = marshal.dumps((words, given), 2)
    return len(message).to_bytes(_LENGTH, "little") + message


def stdin(value: object) -> memoryview | int:
    """What the plugin's standard input is made of: bytes, or the descriptor of an open file."""
    if isinstance(value, bytes | bytearray | memoryview):
        return memoryview(value).cast("B")
    if isinstance(value, int) and not isinstance(value, bool):
        return _open_descriptor(value)
    try:
        return _open_descriptor(value.fileno())  # type: ignore[attr-defined]
    except (AttributeError, ValueError):  # what is closed, or a file in memory alone
        found = type(value).__name__
        raise TypeError(f"stdin: expected bytes, an open file or a descriptor, found {found}") from None


def _open_descriptor(number: int) -> int:
    try:
        mode = os.fstat(number).st_mode
    except (OSError, OverflowError):
        raise UsageError(f"stdin: the descriptor {number} is not open") from None
    if stat.S_ISDIR(mode):  # with which Python itself does not start
        raise UsageError("stdin: is a folder", hint="pass an open file, or bytes")
    return number


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what}: expected str, found {type(value).__name__}")
    try:
        size = len(os.fsencode(value))
    except UnicodeEncodeError:
        raise UsageError(f"{what}: {value[:60]!r} has characters that no file name or argument can have") from None
    if "\0" in value:
        raise UsageError(f"{what}: {value[:60]!r} has a NUL character")
    if size >= _LONGEST:
        raise UsageError(f"{what}: is longer than {_LONGEST - 1} bytes", hint="pass it in a file or by stdin")
    return value


def _word(value: StrPath, what: str) -> str:
    return _text(os.fspath(value) if isinstance(value, os.PathLike) else value, what)


def _path(value: StrPath, what: str) -> str:
    """A name, or a path; what is a path by its type is never taken for a name."""
    word = _word(value, what)
    return word if isinstance(value, str) or "/" in word else f"./{word}"


def _paths(value: StrPath | Iterable[StrPath], what: str) -> list[str]:
    several = [value] if isinstance(value, str | os.PathLike) else value
    return [_word(path, what) for path in several]


def _words(value: str | Iterable[str], what: str) -> str:
    return ",".join([value] if isinstance(value, str) else [_text(word, what) for word in value])


def _pairs(value: Mapping[str, object], what: str) -> list[str]:
    for name in value:
        if "=" in _text(name, what) or not name:
            raise UsageError(f"{what}: {name!r} is not a name")
    return [f"{name}={_text(item, f'{what}[{name!r}]')}" for name, item in value.items()]


def _limits(value: Mapping[str, Limit], what: str) -> list[str]:
    return _pairs({name: _amount(item, f"{what}[{name!r}]") for name, item in value.items()}, what)


def _amount(value: Limit, what: str) -> str:
    """A limit as the command line has it; None lifts it."""
    if value is None:
        return "none"
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{what}: expected a number, a string or None, found {type(value).__name__}")
    return str(value) if isinstance(value, int) else f"{value:f}".rstrip("0").rstrip(".")


_FIELDS: dict[str, Any] = {
    "code": _text,
    "module": _text,
    "tree": _word,
    "profile": _path,
    "read": _paths,
    "write": _paths,
    "out": _word,
    "env": _pairs,
    "limits": _limits,
    "timeout": _amount,
    "labels": _pairs,
    "python": _word,
    "require": _words,
    "policy_digest": _text,
}
_NAMES = {"limits": "limit", "labels": "label"}  # as the table of options has them
