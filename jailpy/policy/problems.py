"""Collects what is wrong with a profile, so that all of it is told at once."""

from __future__ import annotations

from jailpy.errors import ProfileError
from jailpy.policy.values import UnfitError, found, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 100  # problems that are told; a file of a hundred thousand unknown keys must not take minutes


class Problems:
    """One line for each fault: ``file.toml:LINE: dotted.key: expected …, found …``."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.more = 0

    def add(self, path: str, line: int, key: str, message: str) -> None:
        """Note a fault; line 0 is an unknown one."""
        if len(self.lines) >= MOST:
            self.more += 1
            return
        place = f"{shown(path)}:{line}" if line else shown(path)
        self.lines.append(f"{place}: {key}: {message}" if key else f"{place}: {message}")

    def unknown(self, path: str, line: int, key: str, options: Iterable[str]) -> None:
        """Note a key that the schema does not have."""
        full = len(self.lines) >= MOST
        self.add(path, line, shown(key), "unknown key" + ("" if full else did_you_mean(key, options)))

    def unfit(self, path: str, line: int, key: str, value: object, unfit: UnfitError) -> None:
        """Note a value that its key does not take."""
        self.add(path, line, shown(key) + unfit.at, describe(value, unfit))

    def check(self) -> None:
        """Raise ProfileError if anything is wrong."""
        if not self.lines:
            return
        count = len(self.lines) + self.more
        told = (*self.lines, f"and {self.more} more problems") if self.more else tuple(self.lines)
        message = self.lines[0] if count == 1 else f"{self.lines[0]} (the first of {count} problems)"
        raise ProfileError(message, hint="the profile was not used; correct it and run again", problems=told)


def describe(value: object, unfit: UnfitError) -> str:
    """``expected …, found …``, with what was probably meant."""
    near = did_you_mean(value, unfit.options) if type(value) is str else ""
    return f"expected {unfit.expected}, found {unfit.found or found(value)}{near}"


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """``(did you mean …?)`` with a space before it, or nothing."""
    from difflib import get_close_matches

    near = get_close_matches(word[:100], list(options), n=1, cutoff=0.7)
    return f" (did you mean {near[0]}?)" if near else ""
