"""Profiles that forbid exec or fork: a first filter under which the interpreter can start, and a second that narrows.

The first one leaves seccomp(2) open for a plain filter, never for a listener; the second closes it for good. The
bootstrap in ``inside`` adds the second before it opens the plugin.
"""

from __future__ import annotations

import os

from jailpy.model.policy import ArgRule, Condition, RefuseGroup, SeccompPolicy
from jailpy.plan import filter as bpf

GROUPS = ("no-exec", "single-process")
FOLDER = "/run/jailpy"
BOOTSTRAP = f"{FOLDER}/bootstrap.py"
PROGRAM = f"{FOLDER}/narrower.bpf"
_ALL = 0xFFFFFFFF


def is_narrow(seccomp: SeccompPolicy) -> bool:
    """Whether the policy forbids what the start of the interpreter needs."""
    return any(name in GROUPS for name, _ in bpf.groups(seccomp))


def first(seccomp: SeccompPolicy) -> SeccompPolicy:
    """The policy of pid 1 and of the plugin's process until the bootstrap has narrowed it."""
    if not is_narrow(seccomp):
        return seccomp
    for name in GROUPS:
        if name in dict(bpf.groups(seccomp)):
            seccomp = bpf.without(seccomp, name)
    refuse = tuple(g._replace(calls=tuple(c for c in g.calls if c != "seccomp")) for g in seccomp.refuse)
    plain = tuple(
        Condition(argument=number, name=name, op="in", mask=_ALL, values=(value,), text=f"{name} is {value}")
        for number, name, value in ((0, "operation", 1), (1, "flags", 0))
    )
    rule = ArgRule(group="plain-filters", calls=("seccomp",), conditions=(("seccomp", plain),), otherwise="EPERM")
    allow = tuple(sorted({*seccomp.allow, "seccomp"}))
    return seccomp._replace(allow=allow, rules=(*seccomp.rules, rule), refuse=refuse)


def second(seccomp: SeccompPolicy) -> SeccompPolicy:
    """What the bootstrap adds: the narrowing groups, and no filter after this one."""
    closed = RefuseGroup(group="no-more-filters", calls=("seccomp",), otherwise="EPERM", why="no listener after ours")
    rules = tuple(rule for rule in seccomp.rules if rule.group in GROUPS and not rule.when)
    calls = tuple({call for rule in rules for call in rule.calls})
    refuse = tuple(group for group in seccomp.refuse if group.group in GROUPS)
    return seccomp._replace(allow=calls, rules=rules, refuse=(*refuse, closed), newer_calls="allow")


def files(seccomp: SeccompPolicy, *, traced: bool = False) -> tuple[tuple[str, int, bytes], ...]:
    """The bootstrap, and the place of its program, which is filled in when the steps are final."""
    narrow = is_narrow(seccomp)
    if not (narrow or traced):
        return ()
    with open(os.path.join(os.path.dirname(__file__), "inside", "bootstrap.py"), "rb") as file:
        return ((BOOTSTRAP, 0o444, file.read()), *(((PROGRAM, 0o444, b""),) if narrow else ()))
