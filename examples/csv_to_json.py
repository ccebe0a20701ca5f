"""Turn the CSV on standard input, whose first line names the columns, into JSON: an object for each line.

jailpy run examples/csv_to_json.py < people.csv > people.json
"""

import csv
import json
import sys
from collections.abc import Iterator


def objects(lines: Iterator[str]) -> Iterator[dict[str, object]]:
    """One for each line of CSV. Raises ValueError where a line has too few or too many fields."""
    reader = csv.reader(lines, strict=True)
    names = next(reader, [])
    if len(set(names)) != len(names):
        raise ValueError("line 1: two columns have the same name")
    for row in reader:
        if row and len(row) != len(names):
            raise ValueError(f"line {reader.line_num}: {len(row)} fields, but there are {len(names)} columns")
        if row:
            yield {name: value(text) for name, text in zip(names, row, strict=True)}


def value(text: str) -> object:
    """A number where writing it out again gives the same text, so that 007 stays what it is."""
    for kind in (int, float):
        try:
            if str(kind(text)) == text and text not in ("nan", "inf", "-inf"):
                return kind(text)
        except ValueError:
            continue
    return text or None


def main() -> int:
    sys.stdin.reconfigure(encoding="utf-8-sig", newline="")  # type: ignore[union-attr]
    try:
        found = [json.dumps(item, ensure_ascii=False) for item in objects(sys.stdin)]
    except (ValueError, csv.Error) as error:  # what is not UTF-8 is a ValueError too
        print(f"csv_to_json.py: {error}", file=sys.stderr)
        return 1
    print("[", ",\n ".join(found), "]", sep="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
