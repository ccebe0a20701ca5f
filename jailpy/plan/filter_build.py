"""From a SeccompPolicy to BPF, by libseccomp; nothing is loaded here.

The programs are a stack. The last one to be installed decides by number and holds the first rule of each call; those
before it hold the second rule, the third, and let everything else pass. The kernel takes the gravest answer of all, and
of several errnos that of the program installed last: the first rule's (seccomp(2)).

libseccomp orders the tests on one call itself: those on higher arguments first, of one argument equality before greater
(db.c, _db_chain_lt). ``argument 0 >= 0`` always holds and so comes last: it says what happens otherwise.
"""

from __future__ import annotations

import errno
import os
from itertools import product

import pyseccomp  # noqa: TID253  # this module itself is imported late

from jailpy.abi.syscalls import ARCHITECTURES
from jailpy.model.policy import ArgRule, Condition, SeccompPolicy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

BINARY_TREE = 2  # SCMP_FLTATR_CTL_OPTIMIZE, seccomp_attr_set(3)
ARCHES = {"x86_64": pyseccomp.Arch.X86_64, "aarch64": pyseccomp.Arch.AARCH64}
# libseccomp takes no rule whose action is the default one, and rules need them all: this one stands for the default.
DEFAULT = pyseccomp.TRACE(0)
ALWAYS = pyseccomp.Arg(0, pyseccomp.GE, 0)
RETURN = b"\x06\0\0\0"  # code BPF_RET | BPF_K, no jumps


def programs(seccomp: SeccompPolicy, arch: str) -> tuple[bytes, ...]:
    """The stack of programs for one architecture, in the order of installation."""
    tests = _tests_of_calls(seccomp)
    deepest = max(map(len, tests.values()), default=0)
    later = (_rules_alone({c: t[n] for c, t in tests.items() if n < len(t)}, seccomp, arch) for n in range(1, deepest))
    return (*reversed(tuple(later)), _by_number({call: test[0] for call, test in tests.items()}, seccomp, arch))


class _Test:
    """One rule on one call: some combinations of values, each with its action, and what happens otherwise."""

    def __init__(self, rule: ArgRule, conditions: list[Condition]) -> None:
        refused = _action(rule.otherwise)
        held, failed = (refused, pyseccomp.ALLOW) if rule.refuse else (pyseccomp.ALLOW, refused)
        inside = [condition for condition in conditions if condition.op == "in"]
        outside = [condition for condition in conditions if condition.op == "not-in"]
        if inside and outside and outside[0].argument < inside[0].argument:
            raise ValueError(f"{rule.group}: libseccomp would look at {inside[0].name} before {outside[0].name}")
        self.cases = [((_equals(test, value),), failed) for test in outside for value in test.values]
        if inside:
            values = product(*([_equals(test, value) for value in test.values] for test in inside))
            self.cases += [(combination, held) for combination in values]
        self.otherwise = failed if inside else held


def _equals(condition: Condition, value: int) -> pyseccomp.Arg:
    return pyseccomp.Arg(condition.argument, pyseccomp.MASKED_EQ, condition.mask, value)


def _tests_of_calls(seccomp: SeccompPolicy) -> dict[str, list[_Test]]:
    """The tests on each allowed call, in the order in which they may answer."""
    tests: dict[str, list[_Test]] = {}
    for rule in seccomp.rules:
        for call, conditions in () if rule.when else rule.conditions:
            if call in seccomp.allow:
                tests.setdefault(call, []).extend(_Test(rule, part) for part in _parts(rule, conditions))
    return tests


def _parts(rule: ArgRule, conditions: tuple[Condition, ...]) -> Iterator[list[Condition]]:
    """What must all hold can be tested in two programs, and then needs no order among its tests."""
    if rule.refuse:
        yield list(conditions)
        return
    for op in ("in", "not-in"):
        part = [condition for condition in conditions if condition.op == op]
        if part:
            yield part


def _by_number(tests: dict[str, _Test], seccomp: SeccompPolicy, arch: str) -> bytes:
    """The program that knows every call."""
    default = _action(seccomp.newer_calls)
    builder = _Builder(arch, seccomp.foreign_abi, default)
    for call in seccomp.allow:
        if call in tests:
            builder.test(call, tests[call])
        else:
            builder.answer(call, pyseccomp.ALLOW)
    for group in seccomp.refuse:
        for call in group.calls:
            builder.answer(call, _action(group.otherwise))
    return builder.program()


def _rules_alone(tests: dict[str, _Test], seccomp: SeccompPolicy, arch: str) -> bytes:
    """A program that has further rules of some calls and nothing to say on others."""
    builder = _Builder(arch, seccomp.foreign_abi, pyseccomp.ALLOW)
    for call, test in tests.items():
        builder.test(call, test)
    return builder.program()


def _action(name: str) -> int:
    """The action for "allow", "kill", "ignore" (nothing is done, success is reported) or the name of an errno."""
    named = {"allow": pyseccomp.ALLOW, "kill": pyseccomp.KILL_PROCESS, "ignore": pyseccomp.ERRNO(0)}
    action: int = named[name] if name in named else pyseccomp.ERRNO(getattr(errno, name))
    return action


class _Builder:
    """One libseccomp filter for one architecture."""

    def __init__(self, arch: str, foreign: str, default: int) -> None:
        self.arch = arch
        self.default = default
        self.filter = pyseccomp.SyscallFilter(DEFAULT)
        self.filter.set_attr(pyseccomp.Attr.CTL_OPTIMIZE, BINARY_TREE)
        self.filter.set_attr(pyseccomp.Attr.ACT_BADARCH, _action(foreign))
        self.native = pyseccomp.system_arch() == ARCHES[arch]
        if not self.native:
            self.filter.add_arch(ARCHES[arch])
            self.filter.remove_arch(pyseccomp.Arch.NATIVE)

    def _number(self, call: str) -> int | None:
        """What libseccomp takes for a call: its number here, even for a filter of another architecture.

        For this architecture the tables decide, as libseccomp 2.5.4 knows no call above 453.
        """
        if call not in ARCHITECTURES[self.arch]:
            return None
        if self.native:
            return ARCHITECTURES[self.arch][call]
        try:
            number: int = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, call)
        except OSError:
            return None
        return number

    def answer(self, call: str, action: int) -> None:
        """The call gets this action whatever its arguments are."""
        number = self._number(call)
        if number is not None and action != self.default:
            self.filter.add_rule(action, number)

    def test(self, call: str, test: _Test) -> None:
        """The call gets the action of the first case that holds."""
        number = self._number(call)
        if number is None:
            return
        for arguments, action in test.cases:
            self.filter.add_rule(action, number, *arguments)
        self.filter.add_rule(test.otherwise, number, ALWAYS)

    def program(self) -> bytes:
        """The instructions, with the default action in the place of its stand-in."""
        stand_in, default = (RETURN + action.to_bytes(4, "little") for action in (DEFAULT, self.default))
        with open(os.memfd_create("filter", os.MFD_CLOEXEC), "r+b") as file:
            self.filter.export_bpf(file)
            file.seek(0)
            code = file.read()
        instructions = (code[at : at + 8] for at in range(0, len(code), 8))
        return b"".join(default if instruction == stand_in else instruction for instruction in instructions)
