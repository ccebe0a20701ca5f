"""From what a profile allows, removes and kills to what happens to every system call that is known."""

from __future__ import annotations

import errno

from jailpy.abi.syscalls import KNOWN
from jailpy.model.policy import ArgRule, RefuseGroup, SeccompPolicy
from jailpy.policy.problems import did_you_mean
from jailpy.policy.seccomp_args import conditions
from jailpy.policy.seccomp_catalogue import Catalogue, read_catalogue
from jailpy.policy.values import found, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jailpy.policy.seccomp_args import Problem

ERRNOS = frozenset(errno.errorcode.values())
REST = "not-allowed"  # the group of what a profile leaves out or takes away


def resolve(
    allow: tuple[str, ...],
    remove: tuple[str, ...],
    kill: tuple[str, ...],
    args: Mapping[str, Mapping[str, object]],
    problem: Problem,
) -> SeccompPolicy:
    """The rules for system calls, with every name and ``@set`` looked up; ``remove`` and ``kill`` beat ``allow``.

    ``args`` is ``{call: {argument: condition, "else": errno}}``; a call that has a shipped rule must satisfy both, so
    that a profile's own only narrows. Faults go to ``problem`` with their dotted key, all of them.
    """
    catalogue = read_catalogue()
    wanted = _expand(allow, "seccomp.allow", catalogue, problem)
    removed = _expand(remove, "seccomp.remove", catalogue, problem)
    killed = _expand(kill, "seccomp.kill", catalogue, problem)
    if "execve" in removed | killed:
        key = "seccomp.remove" if "execve" in removed else "seccomp.kill"
        problem(key, 'without execve nothing can be started; write allow = ["@no-exec"] to refuse it from then on')
    switches = {"", *allow} - {*remove}
    narrowed = [group.calls for when, group in catalogue.refuse if when and when in switches]
    allowed = wanted - removed - killed - frozenset().union(*narrowed)
    return SeccompPolicy(
        allow=tuple(sorted(allowed)),
        rules=(*_rules(catalogue, switches, allowed), *_own_rules(args, allowed, problem)),
        refuse=_refused(catalogue, switches, KNOWN - allowed, killed),
    )


def _expand(names: tuple[str, ...], key: str, catalogue: Catalogue, problem: Problem) -> frozenset[str]:
    """The calls behind a list of calls and sets."""
    calls: set[str] = set()
    for index, name in enumerate(names):
        if name.startswith("@") and name[1:] in catalogue.sets:
            calls |= catalogue.sets[name[1:]]
        elif name in KNOWN:
            calls.add(name)
        else:
            kind, options = (
                ("set", [f"@{s}" for s in catalogue.sets]) if name.startswith("@") else ("system call", KNOWN)
            )
            problem(
                f"{key}[{index}]", f"expected a {kind} that is known, found {found(name)}{did_you_mean(name, options)}"
            )
    return frozenset(calls)


def _rules(catalogue: Catalogue, switches: set[str], allowed: frozenset[str]) -> Iterable[ArgRule]:
    """The shipped rules for what is allowed; those of a set that was asked for stand in for their namesakes.

    Rules that wait for a circumstance of the run keep their ``when``.
    """
    rules: dict[tuple[str, ...], ArgRule] = {}
    for rule in catalogue.rules:
        calls = tuple(call for call in rule.calls if call in allowed)
        if not calls or (rule.when.startswith("@") and rule.when not in switches):
            continue
        when = "" if rule.when in switches else rule.when
        tests = tuple((call, test) for call, test in rule.conditions if call in calls)
        rules[rule.group, when, *calls] = rule._replace(calls=calls, conditions=tests, when=when)
    return rules.values()


def _own_rules(
    args: Mapping[str, Mapping[str, object]], allowed: frozenset[str], problem: Problem
) -> Iterable[ArgRule]:
    """The rules of the profile's own tables, each a group of its own."""
    for call, table in args.items():
        key = f"seccomp.args.{shown(call)}"
        if call not in KNOWN:
            problem(key, f"expected a system call that is known{did_you_mean(call, KNOWN)}")
            continue
        otherwise = table.get("else", "EPERM")
        if otherwise not in ERRNOS:
            near = did_you_mean(otherwise, ERRNOS) if type(otherwise) is str else ""
            problem(f"{key}.else", f"expected the name of an errno, found {found(otherwise)}{near}")
        said = {name: value for name, value in table.items() if name != "else"}
        tests = conditions(call, said, key, problem)
        if not said:
            problem(key, "expected a condition on an argument")
        elif call in allowed:
            yield ArgRule(
                group=f"args-{call}",
                calls=(call,),
                conditions=((call, tests),),
                otherwise=str(otherwise),
                why="the profile says so",
            )


def _refused(
    catalogue: Catalogue, switches: set[str], calls: frozenset[str], killed: frozenset[str]
) -> tuple[RefuseGroup, ...]:
    """Every known call that is not allowed, in the group that says why; what is to be killed apart from the rest."""
    groups: list[RefuseGroup] = []
    left = set(calls)
    for when, group in catalogue.refuse:
        if not when or when in switches:
            groups += _parted(group._replace(calls=tuple(call for call in group.calls if call in left)), killed)
            left -= {*group.calls}
    rest = RefuseGroup(group=REST, calls=tuple(sorted(left)), otherwise="EPERM", why="the profile does not allow it")
    return (*groups, *_parted(rest, killed))


def _parted(group: RefuseGroup, killed: frozenset[str]) -> Iterable[RefuseGroup]:
    """A group as it is, or with another one for those of its calls that kill."""
    alive = tuple(call for call in group.calls if call not in killed)
    dead = tuple(call for call in group.calls if call in killed)
    if alive:
        yield group._replace(calls=alive)
    if dead:
        yield group._replace(group=f"{group.group}-killed" if alive else group.group, calls=dead, otherwise="kill")
