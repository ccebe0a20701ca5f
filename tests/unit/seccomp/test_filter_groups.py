"""Each group of refusals can be taken out, and then opens what it closed and nothing else."""

from __future__ import annotations

import random

import pytest

from jailpy.abi.syscalls import ARCHITECTURES, KNOWN, X32_BIT
from jailpy.model.policy import SeccompPolicy
from jailpy.plan.filter import FOREIGN_ABI, NEWER_CALLS, compile_filter, groups, switch_on, without
from tests.unit.seccomp.bpf import ALLOW, AUDIT, I386, KILL_PROCESS, NO_ARGUMENTS, Stack, refused
from tests.unit.seccomp.policies import POLICIES, expected, policy, resolved, ruled, stack, telling

EVERY_GROUP = [(name, group) for name in ("default", "strict") for group, _ in groups(policy(name))]
ARCH = "x86_64"


def calls_of(seccomp: SeccompPolicy, group: str) -> set[str]:
    """The calls of a group, those that this architecture has."""
    calls = {call for refused_ in seccomp.refuse if refused_.group == group for call in refused_.calls}
    calls |= {call for rule in seccomp.rules if rule.group == group and not rule.when for call in rule.calls}
    return calls & ARCHITECTURES[ARCH].keys()


def cases(seccomp: SeccompPolicy, group: str) -> list[tuple[int, tuple[int, ...]]]:
    """Every number without arguments; of calls with rules some telling arguments, many of the group's own."""
    tried = [(number, NO_ARGUMENTS) for number in range(500)]
    dice = random.Random(group)
    for call in ruled(seccomp, ARCH):
        values = telling(seccomp, call)
        many = 400 if call in calls_of(seccomp, group) else 5
        number = ARCHITECTURES[ARCH][call]
        tried += [(number, tuple(dice.choice(of_one) for of_one in values)) for _ in range(many)]
    return tried


@pytest.mark.parametrize(("name", "group"), EVERY_GROUP)
def test_without_a_group(name: str, group: str) -> None:
    whole, part = policy(name), without(policy(name), group)
    before, after = stack(name, ARCH), Stack(compile_filter(part, ARCH), ARCH)
    opened = set()
    for number, arguments in cases(whole, group):
        answer = after.answer(number, arguments)
        assert answer == expected(part, ARCH, number, arguments)
        if answer != before.answer(number, arguments):
            opened.add(number)
    if group == NEWER_CALLS:
        assert opened == set(range(500)) - {*ARCHITECTURES[ARCH].values()}
    elif group == FOREIGN_ABI:
        assert not opened
        assert after.answer(39 | X32_BIT) == after.answer(39, audit=I386) == ALLOW
    else:
        assert opened == {ARCHITECTURES[ARCH][call] for call in calls_of(whole, group)}


@pytest.mark.parametrize("name", POLICIES)
def test_every_known_call_is_allowed_or_in_one_group(name: str) -> None:
    seccomp = policy(name)
    refused_calls = [call for group in seccomp.refuse for call in group.calls]
    assert sorted((*seccomp.allow, *refused_calls)) == sorted(KNOWN)


def test_groups_that_are_out_are_not_listed() -> None:
    for group in (FOREIGN_ABI, NEWER_CALLS, "mount", "ioctl", "huge-pages"):
        assert group in dict(groups(policy("default")))
        assert group not in dict(groups(without(policy("default"), group)))


def test_a_group_that_does_not_exist_cannot_be_taken_out() -> None:
    with pytest.raises(ValueError, match="no such group of system calls: mont"):
        without(policy("default"), "mont")


def test_rules_that_wait_for_a_circumstance_are_no_groups_yet() -> None:
    assert "network-off" not in dict(groups(policy("default")))
    assert "network-off" in dict(groups(switch_on(policy("default"), "network-off")))
    assert len(groups(switch_on(policy("default"), "tty"))) == len(groups(policy("default")))


def test_each_description_says_what_and_why() -> None:
    for name in POLICIES:
        for group, text in groups(policy(name)):
            assert group in (FOREIGN_ABI, NEWER_CALLS) or text.endswith(")")
            assert "\n" not in text


def test_in_aarch64_the_other_architecture_is_let_in_only_without_the_group() -> None:
    programs = compile_filter(without(policy("default"), FOREIGN_ABI), "aarch64")
    assert Stack(programs, "aarch64").answer(0, audit=AUDIT["x86_64"]) == ALLOW
    assert stack("default", "aarch64").answer(0, audit=AUDIT["x86_64"]) == KILL_PROCESS


def test_a_group_that_a_set_opens_is_no_group_any_more() -> None:
    opened = dict(groups(resolved("@python", "@inotify", "@sysv-ipc")))
    assert "inotify" not in opened
    assert "sysv-ipc" not in opened
    assert "posix-mq" in opened


def test_several_refusals_are_answered_by_the_first_rule() -> None:
    """socket(AF_ALG, SOCK_SEQPACKET) breaks the rules on family and on type: the family's errno is the answer."""
    arguments = (38, 5, 99, 0, 0, 0)
    number = ARCHITECTURES[ARCH]["socket"]
    assert stack("circumstances", ARCH).answer(number, arguments) == refused("EAFNOSUPPORT")
