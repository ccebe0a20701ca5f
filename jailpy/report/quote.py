"""The functions through which every string that a plugin could choose is written out, one for each target."""

from __future__ import annotations

# What the json module is made of, and calls like this; importing it costs 6 ms.
from _json import encode_basestring_ascii, make_encoder


def for_terminal(text: str) -> str:
    """One line that no terminal obeys: control characters, line ends and lone surrogates become escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in text)


def for_json(value: object) -> str:
    """The JSON text of plain values, on one line and in ASCII (RFC 8259). Raises TypeError for any other."""
    return "".join(_encode(value, 0))


def _refuse(value: object) -> object:
    raise TypeError(f"JSON has no {type(value).__name__}")


_encode = make_encoder(None, _refuse, encode_basestring_ascii, None, ": ", ", ", False, False, False)
