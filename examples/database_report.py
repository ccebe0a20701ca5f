"""Say what is in an SQLite database: its tables, their columns, and how much of each is filled.

jailpy run --read shop.db examples/database_report.py shop.db
"""

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path


def quoted(name: str) -> str:
    """A name as SQL has it: those of a database that somebody else made can hold anything."""
    return '"' + name.replace('"', '""') + '"'


def report(database: sqlite3.Connection) -> Iterator[str]:
    tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1"
    for (table,) in database.execute(tables).fetchall():
        (rows,) = database.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()
        yield f"{table}: {rows} rows"
        for _, column, kind, *_ in database.execute(f"PRAGMA table_info({quoted(table)})").fetchall():
            name = quoted(column)
            ask = f"SELECT count({name}), count(DISTINCT {name}), min({name}), max({name}) FROM {quoted(table)}"
            filled, different, least, most = database.execute(ask).fetchone()
            yield f"  {column} {kind or 'any'}: {filled} filled, {different} different, from {least!r} to {most!r}"


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: database_report.py FILE", file=sys.stderr)
        return 2
    # immutable: beside a file that can only be read there is no room for SQLite's journal
    address = Path(sys.argv[1]).absolute().as_uri() + "?immutable=1"
    try:
        for line in report(sqlite3.connect(address, uri=True)):
            print(line)
    except sqlite3.Error as error:
        print(f"{sys.argv[1]}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
