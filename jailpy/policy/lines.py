"""On which line of a TOML file each key stands.

The standard library's reader does not say. The text has been read by it before, so it is valid TOML, and this scan
has only to skip over values: strings of four kinds, arrays and tables over several lines, comments.
"""

from __future__ import annotations

DEEPEST = 4  # names in the longest key that a profile has
QUOTES = ('"""', "'''", '"', "'")


def key_lines(text: str) -> dict[str, int]:
    """Dotted key → line, from 1; keys inside inline tables are left out."""
    lines: dict[str, int] = {}
    table: list[str] = []
    rest_of_value = _Value()
    for number, line in enumerate(text.split("\n"), 1):
        if rest_of_value.open:
            rest_of_value.feed(line)
            continue
        content = line.strip()
        if content.startswith("["):
            table, _ = _key(content.lstrip("["))
            _note(lines, table, number)
        elif content and not content.startswith("#"):
            key, rest = _key(content)
            _note(lines, table + key, number)
            rest_of_value.feed(rest)
    return lines


def _note(lines: dict[str, int], key: list[str], number: int) -> None:
    """A key stands here, and so do the tables around it that have no line of their own."""
    for length in range(1, min(len(key), DEEPEST) + 1):
        lines.setdefault(".".join(key[:length]), number)


def _key(line: str) -> tuple[list[str], str]:
    """A dotted key without its quotes, and what stands after it."""
    parts, rest = [], line.lstrip()
    while True:
        if rest[:1] in ('"', "'"):
            end = _closing(rest, 1, rest[0])
            parts.append(rest[1 : end - 1])
        else:
            end = next((index for index, letter in enumerate(rest) if letter in " \t.=]"), len(rest))
            parts.append(rest[:end])
        rest = rest[end:].lstrip()
        if not rest.startswith("."):
            return parts, rest
        rest = rest[1:].lstrip()


def _closing(line: str, start: int, quote: str) -> int:
    """The index after the closing quote, or -1 if the line ends before it."""
    while start < len(line):
        if line[start] == "\\" and quote[0] == '"':
            start += 2
        elif line.startswith(quote, start):
            return start + len(quote)
        else:
            start += 1
    return -1


class _Value:
    """Whether the value that began on an earlier line goes on."""

    def __init__(self) -> None:
        self.depth = 0
        self.quote = ""

    @property
    def open(self) -> bool:
        return self.depth > 0 or self.quote != ""

    def feed(self, line: str) -> None:
        """Go over one more line."""
        at = 0
        while at < len(line):
            if self.quote:
                at = _closing(line, at, self.quote)
                if at < 0:
                    return
                self.quote = ""
            elif quote := next((quote for quote in QUOTES if line.startswith(quote, at)), ""):
                self.quote = quote
                at += len(quote)
            elif line[at] == "#":
                return
            else:
                self.depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(line[at], 0)
                at += 1
