"""Rules for the arguments of system calls: whether one lets through no more than another."""

from __future__ import annotations

from jailpy.model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jailpy.model.policy import Condition, Policy

_OPPOSITE = {"in": "not-in", "not-in": "in"}


class Demand(Record):
    """What one rule says of one call."""

    group: str
    conditions: tuple[Condition, ...]
    refuse: bool
    otherwise: str
    when: str


def tests_of(policy: Policy, call: str) -> list[Demand]:
    """All that has to hold for a call."""
    return [
        Demand(
            group=rule.group,
            conditions=dict(rule.conditions)[call],
            refuse=rule.refuse,
            otherwise=rule.otherwise,
            when=rule.when,
        )
        for rule in policy.seccomp.rules
        if call in rule.calls
    ]


def words(test: Demand) -> str:
    """What a test says, as ``jailpy plan`` has it."""
    said = " and ".join(condition.text for condition in test.conditions)
    return f"refused where {said}: {test.otherwise}" if test.refuse else f"{said}, else {test.otherwise}"


def implies(strong: Demand, weak: Demand) -> bool:
    """Whether ``strong`` surely refuses all that ``weak`` does, whatever the error that they give."""
    if strong.when not in ("", weak.when):
        return False
    if strong.refuse and weak.refuse:
        return all(any(_within(one, other) for one in weak.conditions) for other in strong.conditions)
    if weak.refuse:
        return any(contradicts(one, other) for one in strong.conditions for other in weak.conditions)
    if strong.refuse:
        return len(strong.conditions) == 1 and all(
            _within(_opposite(one), strong.conditions[0]) for one in weak.conditions
        )
    return all(any(_within(one, other) for one in strong.conditions) for other in weak.conditions)


def contradicts(one: Condition, other: Condition) -> bool:
    """Whether both surely never hold."""
    return _within(one, _opposite(other))


def _opposite(condition: Condition) -> Condition:
    return condition._replace(op=_OPPOSITE[condition.op])


def _within(one: Condition, other: Condition) -> bool:
    """Whether ``other`` surely holds where ``one`` does."""
    if one.argument != other.argument:
        return False
    if one.op == "in" and one.mask & other.mask == other.mask:
        return all((value & other.mask in other.values) == (other.op == "in") for value in one.values)
    return one.op == other.op == "not-in" and one.mask == other.mask and set(other.values) <= set(one.values)
