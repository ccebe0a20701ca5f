"""``jailpy run`` understood without typer (50 ms). Whatever is not plainly right gives None, and typer decides."""

from __future__ import annotations

from jailpy.cli.request import make
from jailpy.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jailpy.cli.options import Option
    from jailpy.model.request import Request


def parse(words: list[str]) -> Request | None:
    """The Request for plain words; None for all else, wrong ones included, whose errors typer words."""
    if words[:1] != ["run"]:
        return None
    given: dict[str, object] = {}
    options = _options() if words[1:] and words[1].startswith("-") else {}
    at = 1
    while at < len(words) and words[at].startswith("-") and words[at] != "-":
        name, equals, value = words[at].partition("=")
        option = options.get(name)
        if option is None or (equals and (option.kind == "flag" or not name.startswith("--"))):
            return None
        at += 1
        if option.kind == "flag":
            given[option.field] = True
            continue
        if not equals:
            if at == len(words):
                return None
            value = words[at]
            at += 1
        given[option.field] = [*given.get(option.field, ()), value] if option.kind == "list" else value  # type: ignore[misc]
        if option.kind == "last":
            break
    try:
        return make("run", words[at:], given)
    except UsageError:
        return None


def _options() -> dict[str, Option]:
    from jailpy.cli.options import OPTIONS  # which the plainest form of all does not need

    return {flag: option for option in OPTIONS if "run" in option.commands for flag in option.flags}
