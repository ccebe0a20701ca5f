"""The functions through which every string that a plugin could choose is written out, one for each target."""

from __future__ import annotations

from _json import encode_basestring_ascii as _json_string  # what the json module uses; it costs 6 ms to import  # type: ignore[import-not-found]


def for_terminal(text: str) -> str:
    """One line that no terminal obeys: control characters, line ends and lone surrogates become escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in text)


def for_json(text: str) -> str:
    """A JSON string in ASCII (RFC 8259, section 7)."""
    return str(_json_string(text))
