"""Records behave as the NamedTuples that type checkers take them for."""

from __future__ import annotations

import pytest

from jailpy.model.record import Record


class Point(Record):
    x: int
    y: int = 2


def test_fields_are_read_by_name_and_have_defaults() -> None:
    assert (Point(x=1).x, Point(x=1).y, Point(x=1, y=3).y) == (1, 2, 3)
    assert Point(1, 3) == Point(x=1, y=3) == Point._make((1, 3))


@pytest.mark.parametrize("given", [{}, {"y": 1}, {"x": 1, "z": 2}, {"x": 1, "y": 2, "z": 3}, {"z": 1, "y": 2}])
def test_missing_and_unknown_fields_are_refused(given: dict[str, int]) -> None:
    with pytest.raises(TypeError, match=r"missing|unknown"):
        Point(**given)


def test_too_many_values_are_refused() -> None:
    with pytest.raises(TypeError):
        Point(1, 2, 3)  # type: ignore[call-arg]


def test_a_record_is_replaced_never_changed() -> None:
    point = Point(x=1)
    assert point._replace(y=5) == Point(x=1, y=5)
    with pytest.raises(AttributeError):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError):
        point.other = 2  # type: ignore[attr-defined]
