"""The seccomp rules of a policy as steps, and the programs that enforce those that are left."""

from __future__ import annotations

from jailpy.model.host import Host
from jailpy.model.plan import Step
from jailpy.model.policy import Policy
from jailpy.plan import cache
from jailpy.plan import filter as bpf
from jailpy.plan.steps import build, wall

PREFIX = "seccomp-"
_NARROWING = frozenset((PREFIX + "no-exec", PREFIX + "single-process"))  # pid 1 has to fork: not for it
_NEEDS = ("no-new-privileges",)
_SHADOWS = {
    "namespaces": ("user-namespaces-none", "below-namespace-root"),
    "clone-namespaces": ("user-namespaces-none", "below-namespace-root"),
}


def steps(policy: Policy) -> list[Step]:
    """A step for each group of rules, and the filter's own, still without a program."""
    rules = [
        wall("close", "seccomp", PREFIX + name, text, "rule", needs=_NEEDS, shadows=_SHADOWS.get(name, ()))
        for name, text in bpf.groups(policy.seccomp)
    ]
    if not is_narrow(rules):
        return [
            *rules,
            build(
                "close",
                "seccomp",
                "seccomp-filter",
                "the rules above, on pid 1 and all below it",
                "filter",
                needs=_NEEDS,
            ),
        ]
    return [
        *rules,
        build("plugin", "seccomp", "seccomp-filter", "the rules above, before execve", "filter", needs=_NEEDS),
        build("reaper", "seccomp", "seccomp-pid-1", "the same for pid 1, which may fork", "filter", needs=_NEEDS),
    ]


def is_narrow(rules: list[Step]) -> bool:
    """Whether the plugin's filter would keep pid 1 from starting it."""
    return any(step.name in _NARROWING for step in rules)


def with_programs(steps: list[Step], policy: Policy, host: Host) -> list[Step]:
    """The steps, with programs of exactly the rules that are among them."""
    present = {step.name for step in steps}
    removed = {name for name, _ in bpf.groups(policy.seccomp) if PREFIX + name not in present}
    wide = removed | {name.removeprefix(PREFIX) for name in _NARROWING}
    return [
        step
        if step.act not in ("filter", "step-down")
        else _filled(step, policy, host, removed if step.name == "seccomp-filter" else wide)
        for step in steps
    ]


def _filled(step: Step, policy: Policy, host: Host, removed: set[str]) -> Step:
    return step._replace(arguments=(*step.arguments, _programs(policy, host, frozenset(removed))))


def _programs(policy: Policy, host: Host, removed: frozenset[str]) -> tuple[bytes, ...]:
    name = cache.key("filter", policy.sha256, host.architecture, sorted(removed))
    known = cache.load(name)
    if isinstance(known, tuple):
        return known
    rules = policy.seccomp
    for group in sorted(removed & {group for group, _ in bpf.groups(rules)}):
        rules = bpf.without(rules, group)
    programs = bpf.compile_filter(rules, host.architecture)
    cache.store(name, programs, ())
    return programs
