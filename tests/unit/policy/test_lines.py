"""The line of a key, where tomllib does not tell it."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from jailpy.policy.lines import key_lines

TEXT = (
    """\
# [not.a.table]
schema = 1
"quoted" = "x # not a comment"
'single' . dotted = 1   # [no]

[ table . sub ]   # comment
list = [
  "a]", 'b]',  # ]
  [ 1,
  fake = 2
]
""".replace("  fake = 2\n", "  2 ],\n")
    + '''\
text = """
key = 1
\\""" still
""" # closed
literal = \'\'\'
[fake]
\'\'\'
inline = { a = "}", b = [1, 2] }
last = true
[[array]]
item = 1
'''
)


def test_keys_are_found_on_their_lines() -> None:
    tomllib.loads(TEXT)
    lines = key_lines(TEXT)
    rows = TEXT.split("\n")
    expected = {
        "schema": "schema",
        "quoted": '"quoted"',
        "single": "'single'",
        "single.dotted": "'single'",
        "table": "[ table",
        "table.sub": "[ table",
        "table.sub.list": "list",
        "table.sub.text": "text",
        "table.sub.literal": "literal",
        "table.sub.inline": "inline",
        "table.sub.last": "last",
        "array": "[[array",
        "array.item": "item",
    }
    assert set(lines) == set(expected)
    for key, start in expected.items():
        assert rows[lines[key] - 1].startswith(start), key


bare = st.text("abcdefghijklmnop-_0123456789", min_size=1, max_size=6)
value = st.sampled_from(
    ["1", '"a # b"', "'[x'", "[1,\n 2,\n]", '"""\nx = 1\n"""', "'''\n[t]\n'''", "{ k = 1 }", '"\\""']
)


@given(st.dictionaries(bare, st.dictionaries(bare, value, max_size=4), max_size=4))
def test_lines_of_any_tables(tables: dict[str, dict[str, str]]) -> None:
    text, expected = "", {}
    for table, keys in tables.items():
        expected[table] = text.count("\n") + 1
        text += f"[{table}]\n"
        for key, content in keys.items():
            expected[f"{table}.{key}"] = text.count("\n") + 1
            text += f"{key} = {content}  # = [\n"
    tomllib.loads(text)
    assert key_lines(text) == expected
