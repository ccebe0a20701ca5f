"""A SeccompPolicy as groups that can be taken out one by one, and as the programs that enforce it."""

from __future__ import annotations

from jailpy.errors import HostError
from jailpy.model.policy import ArgRule, RefuseGroup, SeccompPolicy

FOREIGN_ABI = "foreign-abi"
NEWER_CALLS = "newer-calls"
FORBIDDEN = "a filter around jailpy, such as a unit's SystemCallFilter=, forbids seccomp(2)"
KILLED = "the process is killed"


def groups(seccomp: SeccompPolicy) -> tuple[tuple[str, str], ...]:
    """Every group of refusals that is in force, with its description."""
    texts = {
        FOREIGN_ABI: f"system calls of another architecture, or of x32: {KILLED}",
        NEWER_CALLS: f"numbers that no table knows: {seccomp.newer_calls}",
    }
    if seccomp.foreign_abi == "allow":
        del texts[FOREIGN_ABI]
    if seccomp.newer_calls == "allow":
        del texts[NEWER_CALLS]
    described = [(g.group, _describe_group(g)) for g in seccomp.refuse]
    described += [(r.group, _describe_rule(r)) for r in seccomp.rules if not r.when]
    for name, text in described:
        texts[name] = f"{texts[name]}; {text}" if name in texts else text
    return tuple(texts.items())


def _describe_group(group: RefuseGroup) -> str:
    return f"{', '.join(group.calls)}: {KILLED if group.otherwise == 'kill' else group.otherwise} ({group.why})"


def _describe_rule(rule: ArgRule) -> str:
    tests = " and ".join(condition.text for condition in rule.conditions[0][1])
    answer = "ignored" if rule.otherwise == "ignore" else f"refused with {rule.otherwise}"
    verdict = f"{answer} where {tests}" if rule.refuse else f"{tests}, else {answer}"
    return f"{', '.join(rule.calls)}: {verdict} ({rule.why})"


def without(seccomp: SeccompPolicy, group: str) -> SeccompPolicy:
    """The same policy as if one group did not exist: its calls allowed, its conditions gone.

    Raises ValueError for a group that is not in force.
    """
    if group not in dict(groups(seccomp)):
        raise ValueError(f"no such group of system calls: {group}")
    if group == FOREIGN_ABI:
        return seccomp._replace(foreign_abi="allow")
    if group == NEWER_CALLS:
        return seccomp._replace(newer_calls="allow")
    freed = [call for refused in seccomp.refuse if refused.group == group for call in refused.calls]
    return seccomp._replace(
        allow=tuple(sorted({*seccomp.allow, *freed})),
        rules=tuple(rule for rule in seccomp.rules if rule.group != group or rule.when),
        refuse=tuple(refused for refused in seccomp.refuse if refused.group != group),
    )


def switch_on(seccomp: SeccompPolicy, circumstance: str) -> SeccompPolicy:
    """The policy with the rules that wait for a circumstance in force, each in the place of its namesake.

    "network-off": the profile gives neither loopback nor a host. "tty": the plugin has a terminal of its own.
    "memory-fallback": no cgroup counts the jail's memory.
    """
    on = [rule._replace(when="") for rule in seccomp.rules if rule.when == circumstance]
    replaced = [(rule.group, rule.calls) for rule in on]
    kept = (r for r in seccomp.rules if r.when != circumstance and (r.when or (r.group, r.calls) not in replaced))
    return seccomp._replace(rules=(*kept, *on))


def compile_filter(seccomp: SeccompPolicy, arch: str) -> tuple[bytes, ...]:
    """BPF programs (arrays of struct sock_filter) for "x86_64" or "aarch64", in the order of installation."""
    try:
        from jailpy.plan.filter_build import programs
    except RuntimeError as error:  # pyseccomp has not found the library
        hint = "install it (Debian: libseccomp2), or allow more open files: ulimit -n"
        raise HostError("libseccomp cannot be loaded", hint=hint) from error
    try:
        return programs(seccomp, arch)
    except OSError as error:  # libseccomp asks the kernel what it can do
        message = f"the system call filter cannot be compiled here: {error.strerror}"
        raise HostError(message, hint=FORBIDDEN) from error
