"""``jailpy run`` in its plain form, understood without typer (50 ms). Anything else: None, and typer decides."""

from __future__ import annotations

from jailpy.errors import JailError
from jailpy.model.request import Request

_VALUES = {"-p": "profile", "--profile": "profile", "--timeout": "timeout", "--report": "report", "--python": "python"}
_LISTS = {"--read": "read", "--write": "write", "--limit": "limit", "--env": "env"}
_FLAGS = {"-q": "quiet", "-v": "verbose"}


def parse(words: list[str]) -> Request | None:
    """The Request for plain words; None for all else, wrong ones included, whose errors typer words."""
    if words[:1] != ["run"]:
        return None
    options: dict[str, object] = {}
    lists: dict[str, list[str]] = {}
    at = 1
    while at < len(words) and words[at].startswith("-") and words[at] not in ("-", "--"):
        name, equals, value = words[at].partition("=")
        if name in _FLAGS and not equals:
            options[_FLAGS[name]] = True
            at += 1
            continue
        if not equals:
            at += 1
            value = words[at] if at < len(words) else ""
        elif not name.startswith("--"):
            return None
        if not value or value.startswith("-"):
            return None
        if name in _VALUES:
            options[_VALUES[name]] = value
        elif name in _LISTS:
            lists.setdefault(_LISTS[name], []).append(value)
        elif name == "-c" and not equals:
            return _request({**options, **lists, "code": value, "arguments": tuple(words[at + 1 :])})
        else:
            return None
        at += 1
    if at >= len(words) or words[at] == "--":
        return None
    return _request({**options, **lists, "plugin": words[at], "arguments": tuple(words[at + 1 :])})


def _request(fields: dict[str, object]) -> Request | None:
    from jailpy.cli.request import make

    try:
        return make("run", **fields)  # type: ignore[arg-type]
    except JailError:
        return None
