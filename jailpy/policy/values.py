"""What one value of a profile may be: checks that return it in the form of the model, or say what was expected.

A check tests ``type(value) is kind``: TOML's ``true`` must not pass for 1.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Check = Callable[[object], object]

SIZES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}  # bytes
DURATIONS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}  # seconds
LARGEST = 1 << 60  # bytes; a sum of several still fits in the kernel's 63 bits
MOST_ITEMS = 1000  # of one array: paths are compared with one another
LAST_CPU = 8191  # no kernel has more than 8192 (CONFIG_NR_CPUS)
YEAR = 366 * 24 * 3600.0


class UnfitError(Exception):
    """A value is not what its key takes; ``at`` is the place inside a list, ``options`` what may have been meant."""

    def __init__(self, expected: str, *, at: str = "", found: str = "", options: tuple[str, ...] = ()) -> None:
        super().__init__(expected)
        self.expected = expected
        self.at = at
        self.found = found
        self.options = options


def shown(text: str) -> str:
    """A name or path as it may stand in a message: with control and escape characters spelled out."""
    return text if text.isprintable() else repr(text)


def found(value: object) -> str:
    """What stands in the file, in a few words."""
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int:
        return str(value) if value.bit_length() <= 64 else "a number of more than 64 bits"
    if type(value) is float:
        return str(value)
    if type(value) is str:
        return repr(value) if len(value) <= 60 else f"{value[:60]!r}…"
    if type(value) in (list, tuple):
        return "an array"
    return "a table" if type(value) is dict else "a date or time"


def _scaled(text: str, units: Mapping[str, float]) -> int | float | None:
    """A number with a unit, or None; a whole number of whole units stays an int."""
    number = text.rstrip("".join(units))
    whole, dot, part = number.partition(".")
    if not number.isascii() or len(number) > 20 or not whole.isdigit() or bool(dot) != part.isdigit():
        return None
    factor = units.get(text[len(number) :])
    return None if factor is None else (float(number) if dot else int(whole)) * factor


def _measure(value: object, units: Mapping[str, float]) -> int | float | None:
    if type(value) is str:
        return _scaled(value, units)
    return value if type(value) is int or type(value) is float else None


def size(low: int = 0, *, none: bool = True) -> Check:
    """Bytes, as a number or such as "64M"; "none" is None where a limit can be lifted."""

    def check(value: object) -> int | None:
        if none and value == "none":
            return None
        number = _measure(value, SIZES)
        if not isinstance(number, int) or not low <= number <= LARGEST:
            raise UnfitError(f'a size such as "64M", {low} bytes or more' + (', or "none"' if none else ""))
        return number

    return check


def size_text(value: int) -> str:
    """Bytes in the largest unit that is exact."""
    unit = next((unit for unit in "TGMK" if value and value % SIZES[unit] == 0), "")
    return f"{value // SIZES[unit]}{unit}"


def duration(low: float) -> Check:
    """Seconds, as a number or such as "60s", "5m", "500ms"; "none" is None."""

    def check(value: object) -> float | None:
        if value == "none":
            return None
        number = _measure(value, DURATIONS)
        if number is None or not low <= number <= YEAR:
            raise UnfitError(f'a duration such as "60s" or "5m", between {low:g} s and a year, or "none"')
        return float(number)

    return check


def percent(value: object) -> float | None:
    """A share of one processor such as "150%", as 1.5; "none" is None."""
    if value == "none":
        return None
    number = _scaled(value[:-1], {"": 1}) if type(value) is str and value.endswith("%") else None
    if number is None or not 1 <= number <= 100_000:
        raise UnfitError('a share of one processor such as "50%" or "150%", 1% or more, or "none"')
    return number / 100


def count(low: int, high: int, *, none: bool = False) -> Check:
    """A whole number in a range; "none" is None where a limit can be lifted."""

    def check(value: object) -> int | None:
        if none and value == "none":
            return None
        if type(value) is not int or not low <= value <= high:
            raise UnfitError(f"a number from {low} to {high}" + (', or "none"' if none else ""))
        return value

    return check


def cpu_list(value: object) -> str:
    """Processors in the kernel's own form, such as "0-1,3", sorted and joined; "" (from "none") is all of them."""
    if value == "none":
        return ""
    ranges = [_cpu_range(part) for part in value.split(",")] if type(value) is str and len(value) < 4096 else [()]
    if not all(ranges):
        raise UnfitError(f'processors such as "0-1,3", none above {LAST_CPU}, or "none"')
    listed: list[list[int]] = []
    for first, last in sorted(ranges):
        if listed and first <= listed[-1][1] + 1:
            listed[-1][1] = max(listed[-1][1], last)
        else:
            listed.append([first, last])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in listed)


def cpus_of(text: str) -> frozenset[int]:
    """The processors that a checked list names."""
    ranges = [_cpu_range(part) for part in text.split(",")]
    return frozenset(cpu for first, last in ranges for cpu in range(first, last + 1))


def _cpu_range(part: str) -> tuple[int, ...]:
    """The first and the last processor of "3" or "0-3"; nothing where it is none of these."""
    first, dash, last = part.partition("-")
    bounds = (first, last if dash else first)
    if not all(bound.isascii() and bound.isdigit() and len(bound) <= 4 for bound in bounds):
        return ()
    low, high = map(int, bounds)
    return (low, high) if low <= high <= LAST_CPU else ()


def choice(*options: str) -> Check:
    """One of a few words."""
    words = " or ".join((", ".join(f'"{word}"' for word in options[:-1]), f'"{options[-1]}"'))

    def check(value: object) -> str:
        if type(value) is not str or value not in options:
            raise UnfitError(words, options=options)
        return value

    return check


def boolean(value: object) -> bool:
    """true or false."""
    if type(value) is not bool:
        raise UnfitError("true or false")
    return value


def text(expected: str, accept: Callable[[str], bool]) -> Check:
    """A string that ``accept`` takes."""

    def check(value: object) -> str:
        if type(value) is not str or not accept(value):
            raise UnfitError(expected)
        return value

    return check


def listed(item: Check) -> Check:
    """An array, each item of which fits."""

    def check(value: object) -> tuple[object, ...]:
        if not isinstance(value, (list, tuple)):
            raise UnfitError("an array")
        if len(value) > MOST_ITEMS:
            raise UnfitError(f"an array of at most {MOST_ITEMS} items", found=f"{len(value)} items")
        items = []
        for index, entry in enumerate(value):
            try:
                items.append(item(entry))
            except UnfitError as unfit:
                at = f"[{index}]"
                raise UnfitError(unfit.expected, at=at, found=found(entry), options=unfit.options) from None
        return tuple(items)

    return check
