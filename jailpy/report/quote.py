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


def for_toml(text: str) -> str:
    """A basic string of TOML in quotes: what cannot be seen stands there as an escape.

    Raises ValueError for a lone surrogate, which TOML cannot hold (TOML 1.0, "String").
    """
    text.encode()
    return '"' + "".join(_in_toml(c) for c in text) + '"'


def _in_toml(c: str) -> str:
    if c in '"\\':
        return f"\\{c}"
    if c.isprintable():
        return c
    return f"\\u{ord(c):04x}" if ord(c) < 1 << 16 else f"\\U{ord(c):08x}"


def for_comment(text: str) -> str:
    """A comment of TOML that ends where the line does."""
    return f"# {for_terminal(text)}"


def for_markdown(text: str) -> str:
    """A code span, in which Markdown, HTML and names after an @ mean nothing (CommonMark, "Code spans")."""
    shown = for_terminal(text)
    ticks = "`"
    while ticks in shown:
        ticks += "`"
    blank = " " if shown[:1] in ("`", " ", "") or shown[-1:] in ("`", " ") else ""
    return f"{ticks}{blank}{shown}{blank}{ticks}"


def for_sarif(text: str) -> str:
    """The text of a message, in which a bracket would begin a link (SARIF 2.1.0, section 3.11.6)."""
    return "".join(f"\\{c}" if c in "[]\\" else c for c in for_terminal(text))


def _refuse(value: object) -> object:
    raise TypeError(f"JSON has no {type(value).__name__}")


_encode = make_encoder(None, _refuse, encode_basestring_ascii, None, ": ", ", ", False, False, False)
