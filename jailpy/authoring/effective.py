"""What a policy says in effect, a row for each key and item, with where it came from."""

from __future__ import annotations

from jailpy.abi.arguments import ARGUMENTS
from jailpy.authoring import values
from jailpy.authoring.calls import ALLOW, KILL, Calls
from jailpy.model.record import Record
from jailpy.policy.schema import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from jailpy.model.policy import ArgRule, Condition, Origin, Policy

OWN = "args-"  # the group of a rule that a profile has written, before the name of the call


class Row(Record):
    """One value; ``item`` says that it is one of a list. ``source`` is empty where no profile sets the key."""

    key: str
    value: Any  # as the model has it: bytes, seconds, None for no limit
    written: str  # as TOML has it
    item: bool = False
    source: str = ""
    line: int = 0
    note: str = ""


def rows(policy: Policy) -> Iterator[Row]:
    """The effective policy in the order of a profile, system calls folded into sets."""
    origins = {origin.key: origin for origin in policy.origins}
    before = {key: value for key, value in values.settings(policy).items() if not key.startswith("overrides.")}
    for key, value in before.items():
        if not values.worth_writing(policy, key):
            continue
        if key in SETTINGS and SETTINGS[key].adds:
            for index, item in enumerate(value):
                yield _row(key, item, values.written(key, item), origins.get(f"{key}[{index}]"), item=True)
        else:
            yield _row(key, value, values.written(key, value), origins.get(key))
    yield from _calls(policy, origins)
    widen = values.written("overrides.widen", policy.widen)
    yield _row("overrides.widen", policy.widen, widen, origins.get("overrides.widen"))


def _calls(policy: Policy, origins: dict[str, Origin]) -> Iterator[Row]:
    calls = Calls(policy)
    for name, members in calls.folded(calls.allowed):
        first, *more = calls.sources(members)
        note = "".join(f", {origin.source}:{origin.line}" for origin in more if origin.source != first.source)
        yield _row(ALLOW, name, values.written(ALLOW, name), first, item=True)._replace(note=note)
    for name in calls.switches:
        place = next(origin for origin in calls.items(ALLOW) if origin.item == name)
        yield _row(ALLOW, name, values.written(ALLOW, name), place, item=True)
    for name, _ in calls.folded(calls.killed):
        yield _row(KILL, name, values.written(KILL, name), origins.get(KILL), item=True)
    for rule in own_rules(policy):
        call = rule.calls[0]
        for key, text, note in conditions(rule):
            yield _row(f"seccomp.args.{call}.{key}", text, text, origins.get(f"seccomp.args.{call}.{key}"))._replace(
                note=note
            )


def own_rules(policy: Policy) -> list[ArgRule]:
    """The rules that profiles of the chain have written, one for each call."""
    return [rule for rule in policy.seccomp.rules if rule.group.startswith(OWN)]


def conditions(rule: ArgRule) -> Iterator[tuple[str, str, str]]:
    """The keys of ``[seccomp.args.CALL]``: each with its value in TOML, and what that means in words."""
    ((call, tests),) = rule.conditions
    for test in tests:
        yield test.name, _condition(test, dict(ARGUMENTS[call])[test.name]), test.text
    yield "else", values.written("else", rule.otherwise), ""


def _condition(test: Condition, bits: int) -> str:
    """One condition by its numbers: what reads it gets the very same mask and values."""
    numbers = ", ".join(map(str, test.values))
    if test.mask == bits:
        several = numbers if len(test.values) == 1 else f"[{numbers}]"
        return several if test.op == "in" else f"{{ none-of = [{numbers}] }}"
    if test.values == (0,):
        return f"{{ {'none-of-flags' if test.op == 'in' else 'any-of-flags'} = [{test.mask}] }}"
    return f"{{ mask = {test.mask}, in = [{numbers}] }}"


def _row(key: str, value: Any, written: str, origin: Origin | None, *, item: bool = False) -> Row:
    place = {"source": origin.source, "line": origin.line} if origin else {}
    return Row(key=key, value=value, written=written, item=item, **place)  # type: ignore[arg-type]
