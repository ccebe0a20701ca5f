"""One profile file: from bytes to a table whose keys know their lines."""

from __future__ import annotations

from jailpy.errors import ProfileError
from jailpy.model.record import Record
from jailpy.policy.values import shown

LONGEST_LINE = 4096  # bytes; to tomllib a key of a hundred thousand dots is minutes of work


class Document(Record):
    """A file that is TOML; ``shipped`` ones may have the reserved names."""

    path: str
    shipped: bool
    table: dict[str, object]
    lines: dict[str, int]

    def line(self, key: str) -> int:
        """Where a key stands, or the nearest table around it; 0 if unknown."""
        while key and key not in self.lines:
            key = key.rpartition(".")[0]
        return self.lines.get(key, 0)


def parse(path: str, data: bytes, *, shipped: bool) -> Document:
    """TOML from a file's bytes; raises ProfileError with the line where it ends being TOML."""
    text = _decoded(path, data)
    import tomllib

    from jailpy.policy.lines import key_lines

    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise ProfileError(f"{shown(path)}: arrays or tables are nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError is one; a number of 5000 digits or a 13th month are others
        raise _not_toml(path, str(error)) from None
    return Document(path=path, shipped=shipped, table=table, lines=key_lines(text.replace("\r\n", "\n")))


def _decoded(path: str, data: bytes) -> str:
    if b"\0" in data:
        raise ProfileError(f"{shown(path)}:{_line_at(data, data.index(0))}: a NUL byte: this is not a TOML file")
    longest = max(data.split(b"\n"), key=len)
    if len(longest) > LONGEST_LINE:
        line = _line_at(data, data.index(longest))
        raise ProfileError(f"{shown(path)}:{line}: a line of more than {LONGEST_LINE} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = _line_at(data, error.start)
        raise ProfileError(f"{shown(path)}:{line}: not UTF-8", hint="save the file as UTF-8, as TOML asks") from None


def _line_at(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1


def _not_toml(path: str, message: str) -> ProfileError:
    """tomllib's words, with its ``(at line 3, column 5)`` moved to the front."""
    words, _, place = message.rpartition(" (at line ")
    line = place.partition(",")[0]
    if not line.isdigit():
        return ProfileError(f"{shown(path)}: not TOML: {shown(message)}")
    return ProfileError(f"{shown(path)}:{line}: not TOML: {shown(words)}")
