"""Policies to compile, and what they must mean: the rules applied by plain Python."""

from __future__ import annotations

from functools import cache

from jailpy.abi.syscalls import ARCHITECTURES, X32_BIT
from jailpy.model.policy import ArgRule, Condition, SeccompPolicy
from jailpy.plan.filter import compile_filter, switch_on
from jailpy.policy.seccomp_sets import resolve
from tests.unit.seccomp.bpf import ALLOW, AUDIT, Stack, refused

SETS = (
    "@inotify", "@fanotify", "@sysv-ipc", "@posix-mq", "@mlock", "@numa", "@pkey", "@xattr-write", "@netlink-route",
    "@signalfd", "@self-sandbox", "@io-priority",
)  # fmt: skip
STRICT_ARGS = {"socketpair": {"type": {"mask": 0xF, "in": ["SOCK_STREAM", "SOCK_SEQPACKET"]}, "else": "EPERM"}}
OWN_ARGS = {
    "socket": {"domain": {"none-of": ["AF_INET6"]}, "type": "SOCK_STREAM", "else": "EACCES"},
    "fcntl": {"cmd": ["F_GETFD", "F_SETFD", "F_DUPFD_CLOEXEC"], "else": "ENOSYS"},
    "lseek": {"whence": {"none-of": [3, 4]}, "else": "ENOSYS"},
    "kill": {"sig": [0, 15], "pid": {"none-of": [0xFFFFFFFF]}},
    "mprotect": {"prot": {"none-of-flags": ["PROT_EXEC"]}, "else": "EACCES"},
}


def resolved(*allow: str, remove: tuple[str, ...] = (), kill: tuple[str, ...] = (), args=None) -> SeccompPolicy:
    """A policy without a problem."""

    def problem(key: str, message: str) -> None:
        raise AssertionError(f"{key}: {message}")

    return resolve(allow, remove, kill, args or {}, problem)


@cache
def policy(name: str) -> SeccompPolicy:
    """The policies that the tests compile, by name."""
    default = resolved("@python")
    match name:
        case "default":
            return default
        case "strict":
            narrow = ("@python", "@no-exec", "@single-process")
            taken = ("socket", "connect", "sendfile")
            return switch_on(resolved(*narrow, remove=taken, kill=("@escape",), args=STRICT_ARGS), "network-off")
        case "circumstances":
            return switch_on(switch_on(switch_on(default, "tty"), "network-off"), "memory-fallback")
        case "all-sets":
            return resolved("@python", *SETS)
        case "own-rules":
            return resolved("@python", args=OWN_ARGS)
    raise ValueError(name)


POLICIES = ("default", "strict", "circumstances", "all-sets", "own-rules")


@cache
def stack(name: str, arch: str) -> Stack:
    return Stack(compile_filter(policy(name), arch), arch)


def expected(seccomp: SeccompPolicy, arch: str, number: int, arguments: tuple[int, ...], audit: int = 0) -> int:
    """The answer that the policy asks for."""
    if audit not in (0, AUDIT[arch]) or (arch == "x86_64" and number >= X32_BIT):
        return refused(seccomp.foreign_abi)
    names = {found: name for name, found in ARCHITECTURES[arch].items()}
    if number not in names:
        return refused(seccomp.newer_calls)
    name = names[number]
    for group in seccomp.refuse:
        if name in group.calls:
            return refused(group.otherwise)
    assert name in seccomp.allow
    broken = (rule for rule in seccomp.rules if not rule.when and not permits(rule, name, arguments))
    return next((refused(rule.otherwise) for rule in broken), ALLOW)


def permits(rule: ArgRule, call: str, arguments: tuple[int, ...]) -> bool:
    """Does the rule let the call pass?"""
    if call not in rule.calls:
        return True
    return all(holds(condition, arguments) for condition in dict(rule.conditions)[call]) != rule.refuse


def holds(condition: Condition, arguments: tuple[int, ...]) -> bool:
    return (arguments[condition.argument] & condition.mask in condition.values) == (condition.op == "in")


def ruled(seccomp: SeccompPolicy, arch: str) -> list[str]:
    """The calls of this architecture that have rules."""
    calls = {call for rule in seccomp.rules if not rule.when for call in rule.calls}
    return sorted(calls & ARCHITECTURES[arch].keys())


def telling(seccomp: SeccompPolicy, call: str) -> list[tuple[int, ...]]:
    """For each argument of a call the values that its rules turn on, their neighbours, and rubbish in unused bits."""
    values: list[set[int]] = [{0} for _ in range(6)]
    for rule in seccomp.rules:
        for condition in dict(rule.conditions).get(call, ()):
            bits = {1 << n for n in range(64) if condition.mask >> n & 1 and condition.mask.bit_count() <= 16}
            for value in {*condition.values, *bits, 0, condition.mask}:
                near = {value, value + 1, abs(value - 1), value ^ 1 << 31, value | 1 << 32, value | 0xDEAD << 48}
                values[condition.argument] |= {number & (1 << 64) - 1 for number in near}
    return [tuple(sorted(of_one)) for of_one in values]
