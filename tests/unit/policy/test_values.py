"""Sizes, durations, shares and counts, as profiles and options write them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jailpy.policy.values import UnfitError, choice, count, cpu_list, duration, found, percent, size


@pytest.mark.parametrize(
    ("value", "expected"),
    [("64M", 64 << 20), ("1K", 1024), ("2G", 2 << 30), ("3T", 3 << 40), ("12", 12), (12, 12), (0, 0), ("none", None)],
)
def test_sizes_are_powers_of_1024(value: object, expected: int | None) -> None:
    assert size()(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("60s", 60.0), ("5m", 300.0), ("1h", 3600.0), ("500ms", 0.5), ("1.5s", 1.5), (2, 2.0), (0.5, 0.5), ("none", None)],
)
def test_durations_are_seconds(value: object, expected: float | None) -> None:
    assert duration(0.01)(value) == expected


@pytest.mark.parametrize(("value", "expected"), [("150%", 1.5), ("100%", 1.0), ("12.5%", 0.125), ("none", None)])
def test_shares_are_fractions_of_a_processor(value: object, expected: float | None) -> None:
    assert percent(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("3", "3"), ("3,0-1", "0-1,3"), ("0,1,2", "0-2"), ("0-3,2-5,9", "0-5,9"), ("7-7,7", "7"), ("none", "")],
)
def test_lists_of_processors_are_sorted_and_joined(value: object, expected: str) -> None:
    assert cpu_list(value) == expected


REFUSED: list[tuple[Callable[[object], object], tuple[object, ...]]] = [
    (size(), ("64MB", "64m", "-1", -1, "1.5G", "", "M", "٣M", "1" * 30, 1 << 70, True, 1.0, [])),
    (size(none=False), ("none",)),
    (size(4096), (0, 4095, "3K")),
    (duration(0.01), (0, "0s", "1d", "1.s", ".5s", "inf", float("inf"), float("nan"), True, "9999h")),
    (percent, ("150", 150, 1.5, "0%", "%", "-1%", "100001%")),
    (count(1, 9), (0, 10, "1", True, 1.0, "none")),
    (choice("a", "b"), ("c", 1, "")),
    (cpu_list, ("", "3-1", "0-", "-1", "0,,1", "a", "0-8192", "0 1", "٣", 3, ["3"], "0," * 2048 + "0", "0:2")),
]


@pytest.mark.parametrize(("check", "values"), REFUSED)
def test_everything_else_is_refused(check: Callable[[object], object], values: tuple[object, ...]) -> None:
    for value in values:
        with pytest.raises(UnfitError):
            check(value)


@given(st.text() | st.integers() | st.floats() | st.booleans() | st.none() | st.lists(st.integers()))
def test_checks_refuse_in_no_other_way(value: object) -> None:
    checks: tuple[Callable[[object], object], ...] = (size(), duration(0.01), percent, count(0, 9), choice("a", "b"),
                                                      cpu_list)  # fmt: skip
    for check in checks:
        try:
            check(value)
        except UnfitError as unfit:
            assert unfit.expected  # noqa: PT017
    assert found(value).isprintable()
