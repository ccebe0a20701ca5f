"""What a diff says of system calls is true of every call: tried on the values that the rules of both turn on."""

from __future__ import annotations

import os
import random
from itertools import permutations, product

import pytest

from jailpy.abi.syscalls import KNOWN
from jailpy.authoring.changes import DOMAIN, WIDER, changes
from jailpy.model.policy import Policy, SeccompPolicy
from jailpy.policy.load import load
from tests.unit.seccomp.policies import POLICIES, permits, policy, telling

AT_MOST = 2000  # combinations of values that are tried of one call


def whole(seccomp: SeccompPolicy) -> Policy:
    return load("default", uid=os.geteuid(), home=None, config_home=None)._replace(seccomp=seccomp)


def passes(seccomp: SeccompPolicy, call: str, arguments: tuple[int, ...]) -> bool:
    rules = (rule for rule in seccomp.rules if not rule.when)
    return call in seccomp.allow and all(permits(rule, call, arguments) for rule in rules)


def tried(old: SeccompPolicy, new: SeccompPolicy, call: str) -> list[tuple[int, ...]]:
    """Arguments on which the two may disagree."""
    columns = [sorted({*one, *other}) for one, other in zip(telling(old, call), telling(new, call), strict=True)]
    count = 1
    for column in columns:
        count *= len(column)
    if count <= AT_MOST:
        return list(product(*columns))
    chance = random.Random(call)
    return [tuple(map(chance.choice, columns)) for _ in range(AT_MOST)]


@pytest.mark.parametrize(("one", "other"), [*permutations(POLICIES, 2)])
def test_call_that_only_the_second_lets_through_is_told_as_wider(one: str, other: str) -> None:
    """And a rule that is told as wider lets something through that it did not."""
    old, new = policy(one), policy(other)
    wider = [change for change in changes(whole(old), whole(new)) if change.direction == WIDER]
    told = {call for change in wider for call in change.items} | {"socket" for change in wider if change.key == DOMAIN}
    gained = {
        call
        for call in KNOWN
        for arguments in tried(old, new, call)
        if passes(new, call, arguments) and not passes(old, call, arguments)
    }
    assert gained <= told
    assert told - gained <= {call for change in wider if change.key == "seccomp.kill" for call in change.items}
