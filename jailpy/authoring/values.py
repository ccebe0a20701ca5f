"""The settings of a policy by their dotted keys, and how each of them is written in a profile."""

from __future__ import annotations

import math

from jailpy.policy.schema import SETTINGS, field_of
from jailpy.policy.values import DURATIONS, percent, size_text
from jailpy.report.quote import for_toml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from jailpy.model.policy import Policy

ENV = "process.env."
SECONDS = ("limits.wall", "limits.cpu")
BYTES = (
    "filesystem.tmp", "limits.memory", "limits.memory-high", "limits.swap", "limits.io-read", "limits.io-write",
    "limits.file-size", "limits.write", "limits.output",
)  # fmt: skip
SHARE = "limits.cpu-quota"
CPUS = "limits.cpus"
UNSET = (None, "", ())


def settings(policy: Policy) -> dict[str, Any]:
    """Every key but those of ``[seccomp]``, and every variable of ``process.env``, with its value as the model has it.

    The order is that of the tables in a profile.
    """
    found: dict[str, Any] = {}
    for key in SETTINGS:
        table, field = field_of(key)
        if table == "layers":
            found[key] = dict(policy.layers)[key.partition(".")[2]]
        elif table == "overrides":
            found[key] = policy.widen
        elif table != "seccomp":
            found[key] = getattr(getattr(policy, table), field)
        if key == "process.hostname":
            found.update({f"{ENV}{name}": value for name, value in policy.process.env})
    return found


def worth_writing(policy: Policy, key: str) -> bool:
    """Whether a key has to stand in a profile that inherits nothing: one that is not set by default either need not."""
    table, field = field_of(key)
    if key.startswith(ENV) or table in ("layers", "overrides"):
        return True
    record = getattr(policy, table)
    value: object = getattr(record, field)
    return value not in UNSET or value != getattr(type(record)(), field)


def shown(key: str, value: Any) -> str:
    """A value for a person to read, without the quotes of TOML."""
    if value is None or (key == CPUS and value == ""):
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if key in SECONDS:
        return _duration(value)
    if key in BYTES:
        return size_text(value)
    if key == SHARE:
        return _share(value)
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "nothing"
    return str(value)


def written(key: str, value: Any) -> str:
    """A value as TOML; what reads it gets the very same value."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(for_toml, value))}]"
    text = shown(key, value)
    if isinstance(value, bool) or (isinstance(value, (int, float)) and not text.endswith(("%", *"TGMKhms"))):
        return text
    return for_toml(text)


def _duration(seconds: float) -> str:
    """Seconds in the largest unit that is exact; else their number."""
    for unit in ("h", "m", "s", "ms"):
        whole = round(seconds / DURATIONS[unit])
        if whole and whole * DURATIONS[unit] == seconds:
            return f"{whole}{unit}"
    return repr(seconds)


def _share(processors: float) -> str:
    """As a percentage, of which the hundredth part is exactly this number."""
    near = 100 * processors
    numbers = (near, math.nextafter(near, 0), math.nextafter(near, math.inf))
    texts = (f"{number:.{places}f}%" for places in (0, 1, 2, 13) for number in numbers)
    exact = (text for text in texts if percent(text) == processors)
    return next(exact, f"{near:.2f}%")
