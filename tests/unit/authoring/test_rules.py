"""What is said of two rules for arguments is true of every argument."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from jailpy.authoring.rules import Demand, contradicts, implies
from jailpy.model.policy import Condition

VALUES = range(8)  # of each argument: three bits
masks = st.sampled_from([7, 6, 3, 1])
conditions = st.builds(
    lambda argument, op, mask, values: Condition(
        argument=argument,
        name=f"a{argument}",
        op=op,
        mask=mask,
        values=tuple(sorted({v & mask for v in values})),
        text="",
    ),
    st.integers(0, 1),
    st.sampled_from(["in", "not-in"]),
    masks,
    st.lists(st.integers(0, 7), min_size=1, max_size=4),
)
rules = st.builds(
    lambda tests, refuse: Demand(group="g", conditions=tuple(tests), refuse=refuse, otherwise="EPERM", when=""),
    st.lists(conditions, min_size=1, max_size=2),
    st.booleans(),
)


def holds(condition: Condition, arguments: tuple[int, ...]) -> bool:
    return (arguments[condition.argument] & condition.mask in condition.values) == (condition.op == "in")


def passes(test: Demand, arguments: tuple[int, ...]) -> bool:
    return all(holds(condition, arguments) for condition in test.conditions) != test.refuse


@given(rules, rules)
def test_rule_that_implies_another_lets_nothing_more_through(strong: Demand, weak: Demand) -> None:
    if implies(strong, weak):
        assert all(passes(weak, call) for call in product(VALUES, VALUES) if passes(strong, call))


@given(rules)
def test_every_rule_implies_itself(rule: Demand) -> None:
    assert implies(rule, rule)


@given(conditions, conditions)
def test_conditions_that_contradict_each_other_never_both_hold(one: Condition, other: Condition) -> None:
    if contradicts(one, other):
        assert not [call for call in product(VALUES, VALUES) if holds(one, call) and holds(other, call)]


def test_rule_that_waits_for_a_circumstance_implies_none_that_always_holds() -> None:
    condition = Condition(argument=0, name="a", op="in", mask=7, values=(1,), text="")
    always = Demand(group="g", conditions=(condition,), refuse=False, otherwise="EPERM", when="")
    assert implies(always, always._replace(when="tty"))
    assert not implies(always._replace(when="tty"), always)
