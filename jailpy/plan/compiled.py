"""The seccomp rules of a policy as steps, and the programs that enforce those that are left."""

from __future__ import annotations

from jailpy.model.host import Host
from jailpy.model.plan import Step
from jailpy.model.policy import Policy, SeccompPolicy
from jailpy.plan import cache, narrowing
from jailpy.plan import filter as bpf
from jailpy.plan.steps import Section

_CLOSE = Section("close", "seccomp", ("no-new-privileges",))
_PLUGIN = Section("plugin", "seccomp")

PREFIX = "seccomp-"
_NESTED = ("user-namespaces-none", "below-namespace-root")
_PROGRAM_OF = {"filter": "first", "step-down": "launcher"}  # act → which program it installs
_SHADOWS = {
    "namespaces": _NESTED,
    "clone-namespaces": _NESTED,
    "hostname": (*_NESTED, PREFIX + "namespaces"),  # takes a capability, which is had in a namespace of one's own only
    "reboot": (*_NESTED, PREFIX + "namespaces"),
    "mknod-type": ("landlock-make-device",),
}


def in_force(policy: Policy, *, terminal: bool = False, counted: bool = False) -> Policy:
    """The policy with the rules that this run's circumstances call for; ``counted``: a cgroup counts its memory."""
    rules = policy.seccomp
    if not (policy.network.loopback or policy.network.allow):
        rules = bpf.switch_on(rules, "network-off")
    if terminal:
        rules = bpf.switch_on(rules, "tty")
    if not counted:
        rules = bpf.switch_on(rules, "memory-fallback")
    return policy._replace(seccomp=rules)


def steps(policy: Policy) -> list[Step]:
    """A step for each group of rules, and the filter's own, still without a program."""
    text = "the rules above, on pid 1 and all below it"
    found = [
        _CLOSE.wall(PREFIX + name, text, "rule", shadows=_SHADOWS.get(name, ()))
        for name, text in bpf.groups(policy.seccomp)
    ]
    found.append(_CLOSE.build("seccomp-filter", text, "filter"))
    if narrowing.is_narrow(policy.seccomp):
        text = "the interpreter's start is confirmed only when exec and fork are gone"
        found.append(_PLUGIN.build("seccomp-narrowed", text, "confirm", needs=("seccomp-filter",)))
    return found


def with_programs(steps: list[Step], policy: Policy, host: Host, *, terminal: bool = False) -> list[Step]:
    """The steps, with programs of exactly the rules that are among them."""
    present = {step.name for step in steps}
    removed = sorted(name for name, _ in bpf.groups(policy.seccomp) if PREFIX + name not in present)
    rules = policy.seccomp
    for group in removed:
        rules = bpf.without(rules, group)
    place = (
        policy.sha256,
        policy.network.loopback,
        terminal,
        tuple(removed),
        "memory" in host.cgroup,
        host.architecture,
    )
    return [_filled(step, rules, place) for step in steps]


def all_programs(policy: Policy, architecture: str) -> list[tuple[str, tuple[bytes, ...]]]:
    """What a plan of this policy asks the cache for, when no step is left out: keys and programs."""
    found = []
    for counted in (False, True):
        rules = in_force(policy, counted=counted).seccomp
        place = (policy.sha256, policy.network.loopback, False, (), counted, architecture)
        which = (*_PROGRAM_OF.values(), *(("second",) if narrowing.is_narrow(rules) else ()))
        found += [(_key(kind, place), _compile(kind, rules, architecture)) for kind in which]
    return found


def _filled(step: Step, rules: SeccompPolicy, place: tuple[object, ...]) -> Step:
    if step.act in _PROGRAM_OF:
        programs = _programs(_PROGRAM_OF[step.act], rules, place)
        return step._replace(arguments=(*step.arguments, programs))
    if step.name == f"file {narrowing.PROGRAM}":
        (program,) = _programs("second", rules, place)
        return step._replace(arguments=(*step.arguments[:-1], program))
    return step


def _programs(which: str, rules: SeccompPolicy, place: tuple[object, ...]) -> tuple[bytes, ...]:
    name = _key(which, place)
    known = cache.load(name)
    if isinstance(known, tuple):
        return known
    programs = _compile(which, rules, str(place[-1]))
    cache.store(name, programs, ())
    return programs


def _key(which: str, place: tuple[object, ...]) -> str:
    return cache.key("filter", which, *place)


def _compile(which: str, rules: SeccompPolicy, architecture: str) -> tuple[bytes, ...]:
    if which == "launcher":
        rules = _relaying(rules)
    wanted = narrowing.second(rules) if which == "second" else narrowing.first(rules)
    return bpf.compile_filter(wanted, architecture)


def _relaying(rules: SeccompPolicy) -> SeccompPolicy:
    """What the launcher itself runs under: it moves output from pipe to pipe, and sets the caller's terminal."""
    rules = bpf.switch_on(rules, "tty")
    refuse = tuple(group._replace(calls=tuple(c for c in group.calls if c != "splice")) for group in rules.refuse)
    return rules._replace(allow=tuple(sorted({*rules.allow, "splice"})), refuse=refuse)
