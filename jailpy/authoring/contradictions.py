"""Where one key of a profile takes back what another says, or a line changes nothing."""

from __future__ import annotations

from jailpy.authoring import values
from jailpy.authoring.calls import ALLOW, REMOVE, Calls
from jailpy.authoring.effective import own_rules
from jailpy.authoring.findings import Finding, Places
from jailpy.authoring.rules import contradicts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpy.model.policy import ArgRule, Policy

_BY_CGROUP = ("memory-high", "cpu-quota", "cpu-weight", "cpus", "io-read", "io-write")
_OUT = "take one of them out"


def contradictions(policy: Policy) -> Iterator[Finding]:
    """All of them."""
    known, calls = Places(policy), Calls(policy)
    if dict(policy.layers)["seccomp"] != "off":
        yield from _lists(calls, known)
        yield from _conditions(calls, known)
    yield from _limits(policy, known)
    yield from _cgroup(policy, known)
    for index, name in enumerate(policy.process.pass_env):
        if name in dict(policy.process.env):
            message = f"{name} has a value under process.env, which wins"
            yield known.finding("no-effect", "note", f"process.pass-env[{index}]", message, _OUT)
    if policy.filesystem.sockets and not (policy.filesystem.read or policy.filesystem.write):
        message = "nothing is shared that could hold one"
        yield known.finding("no-effect", "note", "filesystem.sockets", message, "leave it out")


def _lists(calls: Calls, known: Places) -> Iterator[Finding]:
    """Items of allow that are taken away again as a whole, and items of remove that take nothing away."""
    removed = calls.items(REMOVE)
    for origin in calls.items(ALLOW):
        wanted = calls.expanded(origin.item)
        if wanted and not wanted & calls.allowed:
            taker = next((f"{other.item} under remove" for other in removed if wanted & calls.expanded(other.item)), "")
            message = f"allows {origin.item}, which {taker or 'kill or another set'} takes away"
            yield known.finding("contradiction", "risk", origin.key, message, _OUT)
    everything = frozenset().union(*(calls.expanded(origin.item) for origin in calls.items(ALLOW)))
    switched = {origin.item for origin in calls.items(ALLOW)}
    for origin in removed:
        if origin.item not in switched and not calls.expanded(origin.item) & everything:
            message = f"removes {origin.item}, of which nothing is allowed"
            yield known.finding("no-effect", "note", origin.key, message, "leave it out")
    if "execve" not in calls.allowed and "@no-exec" not in calls.switches:
        message = "execve is not allowed, so that not even the interpreter can be started"
        yield known.finding("contradiction", "risk", ALLOW, message, 'allow = ["@exec"], or "@python" with "@no-exec"')


def _conditions(calls: Calls, known: Places) -> Iterator[Finding]:
    """The profile's own rules for arguments, beside the shipped ones that hold as well."""
    keys = [origin.key for origin in calls.policy.origins if origin.key.startswith("seccomp.args.")]
    for key in keys:
        call = key.split(".")[2]
        if call not in calls.allowed:
            message = f"{call} is not allowed, whatever its arguments are"
            yield known.finding("no-effect", "note", key, message, "leave it out, or allow the call")
    for rule in own_rules(calls.policy):
        yield from _never_passes(calls.policy, rule, known)


def _never_passes(policy: Policy, own: ArgRule, known: Places) -> Iterator[Finding]:
    call = own.calls[0]
    shipped = [
        (rule.group, test)
        for rule in policy.seccomp.rules
        if call in rule.calls and rule is not own and not rule.refuse and not rule.when
        for test in dict(rule.conditions)[call]
    ]
    for test in dict(own.conditions)[call] if own.conditions else ():
        if test.op != "in":
            continue
        stopped = {
            value: group
            for value in test.values
            for group, other in shipped
            if contradicts(test._replace(values=(value,)), other)
        }
        if stopped:
            every = len(stopped) == len(test.values)
            groups = ", ".join(sorted(set(stopped.values())))
            passes = "no call passes" if every else "not all of them pass"
            message = f"{test.text}: {passes}, as the rule {groups} holds too"
            key = f"seccomp.args.{call}.{test.name}"
            advice = "a profile's own conditions only narrow"
            yield known.finding("contradiction", "risk" if every else "note", key, message, advice)


def _limits(policy: Policy, known: Places) -> Iterator[Finding]:
    memory, high, tmp = policy.limits.memory, policy.limits.memory_high, policy.filesystem.tmp
    if memory is not None and high is not None and high >= memory:
        message = f"memory ends the run at {values.shown('limits.memory', memory)}, before this is reached"
        yield known.finding("contradiction", "risk", "limits.memory-high", message, "a mark below memory")
    if memory is not None and tmp is not None and tmp > memory:
        message = f"what lies there counts as memory, of which there are {values.shown('limits.memory', memory)}"
        yield known.finding("contradiction", "risk", "filesystem.tmp", message, "more memory, or a smaller tmp")


def _cgroup(policy: Policy, known: Places) -> Iterator[Finding]:
    state = dict(policy.layers)["cgroup"]
    given = values.settings(policy)
    for name in _BY_CGROUP:
        key = f"limits.{name}"
        if given[key] in values.UNSET or state == "required":
            continue
        off = state == "off"
        message = "limits nothing: the layer cgroup is off" if off else "holds only where the host gives a cgroup"
        advice = f'[layers] cgroup = "{"preferred" if off else "required"}"'
        yield known.finding("contradiction" if off else "needs-cgroup", "risk" if off else "note", key, message, advice)
