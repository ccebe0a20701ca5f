"""Whatever a name holds, it stays a name in each target."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jailpy.report.quote import for_comment, for_markdown, for_sarif, for_toml

anything = st.text(max_size=20) | st.text("\"'\\`[]#\n\r\0\x1b\x85\u202e\u2028ab ", max_size=20)


@given(anything.filter(lambda text: text.isprintable() or text.encode("utf-8", "ignore").decode() == text))
def test_string_of_toml_is_read_as_what_it_was(text: str) -> None:
    quoted = for_toml(text)
    assert quoted.isprintable()
    assert tomllib.loads(f"a = {quoted}") == {"a": text}


def test_what_toml_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogate"):
        for_toml("a\udcff")


@given(anything)
def test_comment_of_toml_ends_with_its_line(text: str) -> None:
    comment = for_comment(text)
    assert comment.isprintable()
    assert tomllib.loads(f"a = 1 {comment}\nb = 2\n") == {"a": 1, "b": 2}


@given(anything)
def test_code_span_of_markdown_ends_where_it_should(text: str) -> None:
    """It is closed by the first run of backticks that is as long as the one that opens it."""
    span = for_markdown(text)
    ticks = span[: len(span) - len(span.lstrip("`"))]
    inside = span[len(ticks) : -len(ticks)]
    assert span.isprintable()
    assert span.endswith(ticks)
    assert inside
    assert not inside.startswith("`")
    assert not inside.endswith("`")
    assert ticks not in inside


@given(anything)
def test_message_of_sarif_has_no_link(text: str) -> None:
    quoted = for_sarif(text)
    assert quoted.isprintable()
    assert "[" not in quoted.replace("\\\\", "").replace("\\[", "")
