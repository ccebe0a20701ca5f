"""How two policies differ, in what they come to: what the second gives that the first does not, and the reverse."""

from __future__ import annotations

from jailpy.authoring import places, risks, rules, secret, values
from jailpy.authoring.calls import ALLOW, KILL, Calls
from jailpy.model.record import Record
from jailpy.policy.paths import inside, split
from jailpy.policy.schema import SETTINGS, covers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from jailpy.model.policy import Policy

WIDER, NARROWER, OTHER = "wider", "narrower", "other"
DIRECTIONS = (WIDER, NARROWER, OTHER)
READ, WRITE, WIDEN = "filesystem.read", "filesystem.write", "overrides.widen"
DOMAIN = "seccomp.args.socket.domain"
_APART = (READ, WRITE, WIDEN)


class Change(Record):
    """One difference; ``old`` and ``new`` are words, of which one may be empty. Of what is wider it says the grade."""

    direction: str
    key: str
    old: str
    new: str
    grade: str = "note"
    meaning: str = ""
    items: tuple[str, ...] = ()  # the system calls that it is about


def changes(old: Policy, new: Policy) -> list[Change]:
    """Every difference, what is wider first and of that the gravest; none where both come to the same."""
    found = [*_calls(old, new), *_killed(old, new), *_rules(old, new), *_families(old, new), *_paths(old, new)]
    found += [*_widen(old, new), *_settings(old, new), *_environment(old, new)]
    return sorted(found, key=lambda change: (DIRECTIONS.index(change.direction), -risks.GRADES.index(change.grade)))


def verdict(found: list[Change]) -> str:
    """ "same", "wider", "narrower", or "other" where nothing is either."""
    directions = {change.direction for change in found}
    return next((direction for direction in DIRECTIONS if direction in directions), "same")


def words(change: Change) -> str:
    """The difference in words, without its direction."""
    if change.old and change.new:
        said = f"{change.key}: {change.old} → {change.new}"
    else:
        said = f"{change.key}: + {change.new}" if change.new else f"{change.key}: - {change.old}"
    return f"{said} ({change.meaning})" if change.meaning else said


def _calls(old: Policy, new: Policy) -> Iterator[Change]:
    before, after = Calls(old), Calls(new)
    for grade, meaning, calls in risks.of_calls(after, after.allowed - before.allowed):
        names = ", ".join(name for name, _ in after.folded(calls))
        yield Change(direction=WIDER, key=ALLOW, old="", new=names, grade=grade, meaning=meaning, items=calls)
    taken = before.allowed - after.allowed
    if taken:
        names = ", ".join(name for name, _ in before.folded(taken))
        yield Change(direction=NARROWER, key=ALLOW, old=names, new="", items=tuple(sorted(taken)))


def _killed(old: Policy, new: Policy) -> Iterator[Change]:
    """What calls that are refused in both end with."""
    before, after = _errors(old), _errors(new)
    both = sorted(before.keys() & after.keys())
    for key in dict.fromkeys((before[call], after[call]) for call in both if before[call] != after[call]):
        calls = tuple(call for call in both if (before[call], after[call]) == key)
        names = ", ".join(name for name, _ in Calls(new).folded(calls))
        direction = NARROWER if key[1] == "kill" else WIDER if key[0] == "kill" else OTHER
        meaning = "a process that tries it lives on" if direction == WIDER else ""
        yield Change(
            direction=direction,
            key=KILL if "kill" in key else ALLOW,
            old=f"{names}: {key[0]}",
            new=f"{names}: {key[1]}",
            meaning=meaning,
            items=calls,
        )


def _errors(policy: Policy) -> dict[str, str]:
    return {call: group.otherwise for group in policy.seccomp.refuse for call in group.calls}


def _rules(old: Policy, new: Policy) -> Iterator[Change]:
    for call in sorted({*old.seccomp.allow} & {*new.seccomp.allow}):
        before, after = rules.tests_of(old, call), rules.tests_of(new, call)
        lost = [test for test in before if not any(rules.implies(other, test) for other in after)]
        gained = [test for test in after if not any(rules.implies(other, test) for other in before)]
        yield from (_without(call, test, after) for test in lost if not _about_family(call, test))
        yield from (_with(call, test) for test in gained if not _about_family(call, test))
        yield from _errnos(call, before, after)


def _without(call: str, test: rules.Demand, after: list[rules.Demand]) -> Change:
    """What a rule refused is let through, by a wider rule of its name or none."""
    wider = next((rules.words(other) for other in after if other.group == test.group), "")
    return Change(
        direction=WIDER,
        key=f"seccomp.args.{call}",
        old=rules.words(test),
        new=wider,
        grade="risk",
        meaning=f"what the rule {test.group} refused is let through",
        items=(call,),
    )


def _with(call: str, test: rules.Demand) -> Change:
    return Change(direction=NARROWER, key=f"seccomp.args.{call}", old="", new=rules.words(test), items=(call,))


def _errnos(call: str, before: list[rules.Demand], after: list[rules.Demand]) -> Iterator[Change]:
    """Rules that refuse the same with another error."""
    for test in before:
        for other in after:
            same = (test.group, test.conditions, test.when) == (other.group, other.conditions, other.when)
            if same and test.otherwise != other.otherwise:
                yield Change(
                    direction=OTHER,
                    key=f"seccomp.args.{call}.else",
                    old=test.otherwise,
                    new=other.otherwise,
                    items=(call,),
                )


def _about_family(call: str, test: rules.Demand) -> bool:
    return call == "socket" and all(condition.name == "domain" for condition in test.conditions)


def _families(old: Policy, new: Policy) -> Iterator[Change]:
    """Where only one of them allows the call at all, the usual families go without saying."""
    one, other = risks.families(old), risks.families(new)
    both = "socket" in old.seccomp.allow and "socket" in new.seccomp.allow
    untold = set() if both else set(risks.USUAL)
    for family in sorted(other - one - untold):
        grade, meaning = risks.of_family(family)
        yield Change(direction=WIDER, key=DOMAIN, old="", new=family, grade=grade, meaning=meaning)
    for family in sorted(one - other - untold):
        yield Change(direction=NARROWER, key=DOMAIN, old=family, new="")


def _paths(old: Policy, new: Policy) -> Iterator[Change]:
    for direction, one, other in ((WIDER, old, new), (NARROWER, new, old)):
        for key, entries in ((READ, other.filesystem.read), (WRITE, other.filesystem.write)):
            for entry in entries:
                if _has(one, entry, write=key == WRITE):
                    continue
                if direction == NARROWER:
                    yield Change(direction=direction, key=key, old=entry, new="")
                else:
                    grade, meaning = places.of_path(split(entry)[0], write=key == WRITE)
                    yield Change(direction=direction, key=key, old="", new=entry, grade=grade, meaning=meaning)


def _has(policy: Policy, entry: str, *, write: bool) -> bool:
    """Whether a policy shares this too, itself or with a folder around it."""
    host, jail = split(entry)
    shared = policy.filesystem.write if write else (*policy.filesystem.read, *policy.filesystem.write)
    return any(
        inside(host, folder) and jail.rstrip("/") == (place + host[len(folder) :]).rstrip("/")
        for folder, place in map(split, shared)
    )


def _widen(old: Policy, new: Policy) -> Iterator[Change]:
    keys = (*SETTINGS, "process.env")
    before, after = ({key for key in keys for pattern in policy.widen if covers(pattern, key)} for policy in (old, new))
    if before != after:
        direction = NARROWER if after < before else WIDER
        grade, meaning = risks.of_setting(WIDEN, new.widen) if direction == WIDER else ("note", "")
        yield Change(
            direction=direction,
            key=WIDEN,
            old=values.shown(WIDEN, old.widen),
            new=values.shown(WIDEN, new.widen),
            grade=grade,
            meaning=meaning,
        )


def _settings(old: Policy, new: Policy) -> Iterator[Change]:
    before, after = values.settings(old), values.settings(new)
    for key, setting in SETTINGS.items():
        if key not in before or key in _APART:
            continue
        one, other = before[key], after[key]
        same = set(one) == set(other) if isinstance(one, tuple) else one == other
        if same:
            continue
        direction = WIDER if setting.wider(one, other) else NARROWER if setting.wider(other, one) else OTHER
        grade, meaning = _graded(key, other) if direction == WIDER else ("note", "")
        yield Change(
            direction=direction,
            key=key,
            old=values.shown(key, one),
            new=values.shown(key, other),
            grade=grade,
            meaning=meaning,
        )


def _graded(key: str, new: Any) -> tuple[str, str]:
    if key == "process.pass-env" and any(secret.named(name) for name in new):
        return "risk", "a secret of the caller's reaches the program"
    return risks.of_setting(key, new)


def _environment(old: Policy, new: Policy) -> Iterator[Change]:
    before, after = dict(old.process.env), dict(new.process.env)
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name), after.get(name)
        if one != other:
            said = [value and secret.hidden(name, value) for value in (one, other)]
            secretive = other is not None and secret.why(name, other)
            yield Change(
                direction=NARROWER if other is None else WIDER,
                key=f"{values.ENV}{name}",
                old=said[0] or ("" if one is None else "empty"),
                new=said[1] or ("" if other is None else "empty"),
                grade="risk" if secretive else "note",
                meaning=str(secretive or ""),
            )
