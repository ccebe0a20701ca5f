"""What a terminal is given of arbitrary bytes: nothing that it obeys but line ends, tabs and colours."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jailpy.broker.terminal import Cleaner

OBEYED = re.compile(rb"\x1b\[[0-9;:]*m")
PIECES = st.sampled_from(
    [
        b"\x1b", b"[", b"]", b"\x1b[", b"\x1b[31m", b"\x1b[2J", b"\x1b]52;c;eA==\x07", b"\x1bP$q\x1b\\", b"\x9b",
        b"\xc2\x9b", b"\xc2", b"\x9b2J", b"m", b";", b"0", b"1" * 80, b"\r", b"\n", b"\r\n", b"\b", b"\x07", b"\x00",
        b"\x7f", b"\xe2\x82", b"\xac", b"\xf0\x9f\x91\x8d", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5", b"plain", b"\t",
        "ü中".encode(), b"\xc3\x9f",
    ]
)  # fmt: skip
CHUNKS = st.lists(st.one_of(st.binary(max_size=12), PIECES), max_size=30)
TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs"))).map(lambda text: text + "\n\t")


def cleaned(chunks: list[bytes], *, utf8: bool = True, edited: bool = False) -> tuple[list[bytes], bytes]:
    cleaner = Cleaner(utf8=utf8, edited=edited)
    written = [cleaner.clean(chunk) for chunk in chunks]
    return written, cleaner.end()


def harmless(data: bytes, *, allowed: bytes = b"\n\t") -> bool:
    """Whether nothing is left, without colours and CR LF, that a terminal would obey."""
    rest = OBEYED.sub(b"", data).replace(b"\r\n", b"\n")
    controls = {byte for byte in rest if byte < 0x20 or byte == 0x7F}
    return controls <= set(allowed) and not any(0x80 <= ord(character) < 0xA0 for character in rest.decode())


@given(CHUNKS)
@example([b"\x1b", b"]0;title\x07"])
@example([b"\xc2", b"\x9b", b"2J"])
@example([b"\x1b[3", b"1;", b"2", b"J"])
@example([b"a\r", b"b"])
def test_nothing_but_colours_and_line_ends_is_obeyed(chunks: list[bytes]) -> None:
    written, end = cleaned(chunks)
    assert harmless(b"".join(written) + end)
    assert all(harmless(piece) for piece in written), "each piece is whole: another stream's bytes may follow it"


@given(CHUNKS)
def test_where_lines_are_edited_the_cursor_moves_within_them(chunks: list[bytes]) -> None:
    written, end = cleaned(chunks, edited=True)
    assert harmless(b"".join(written) + end, allowed=b"\n\t\r\b")


@given(CHUNKS)
def test_a_terminal_without_utf8_is_sent_no_c1_control(chunks: list[bytes]) -> None:
    """It takes the bytes of some letters for control characters (ECMA-48, C1)."""
    written, end = cleaned(chunks, utf8=False)
    assert not any(0x80 <= byte < 0xA0 for byte in b"".join(written) + end)


@given(CHUNKS, st.integers(0, 400))
def test_chunk_borders_change_nothing(chunks: list[bytes], at: int) -> None:
    data = b"".join(chunks)
    whole, whole_end = cleaned([data])
    parts, parts_end = cleaned([data[:at], data[at:]])
    single, single_end = cleaned([data[i : i + 1] for i in range(len(data))])
    assert b"".join(whole) + whole_end == b"".join(parts) + parts_end == b"".join(single) + single_end


@given(TEXT, st.integers(1, 7))
def test_plain_text_passes_unchanged(text: str, size: int) -> None:
    data = text.encode()
    written, end = cleaned([data[i : i + size] for i in range(0, len(data), size)])
    assert b"".join(written) + end == data


@given(st.lists(st.lists(st.integers(0, 255), max_size=5), max_size=8))
def test_colours_pass(colours: list[list[int]]) -> None:
    data = b"".join(b"\x1b[%sm." % b";".join(b"%d" % number for number in numbers) for numbers in colours)
    written, end = cleaned([data])
    assert b"".join(written) == data
    assert end in (b"", b"\x1b[0m")


@given(CHUNKS)
def test_no_byte_is_lost(chunks: list[bytes]) -> None:
    """What is not written as it is, is written as an escape: every byte can be told from the output."""
    data = b"".join(chunks)
    written, end = cleaned(chunks)
    shown = (b"".join(written) + end).removesuffix(b"\x1b[0m") if not data.endswith(b"\x1b[0m") else b"".join(written)
    unescaped = re.sub(
        rb"\\x([0-9a-f]{2})|\\(r)", lambda found: bytes([int(found[1], 16)]) if found[1] else b"\r", shown
    )
    assert unescaped == data or b"\\" in data


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (b"\x1b[2J", rb"\x1b[2J"),
        (b"\x1b]52;c;eA==\x07", rb"\x1b]52;c;eA==\x07"),
        (b"\x1bP$qm\x1b\\", rb"\x1bP$qm\x1b" + b"\\"),
        (b"safe\rSAFE", rb"safe\rSAFE"),
        (b"\xc2\x9b2J", rb"\xc2\x9b2J"),
        (b"\x9b2J", rb"\x9b2J"),
        (b"\x1b[" + b"1" * 100 + b"m", rb"\x1b[" + b"1" * 100 + b"m"),
        (b"\x1b[?25l", rb"\x1b[?25l"),
        (b"\x1b[>4;2m", rb"\x1b[>4;2m"),
    ],
)
def test_an_order_is_shown(sent: bytes, shown: bytes) -> None:
    written, end = cleaned([sent])
    assert b"".join(written) + end == shown


def test_colours_end_with_the_output() -> None:
    """What jailpy says afterwards must not be hidden by a colour of the plugin's (ECMA-48, conceal)."""
    assert cleaned([b"\x1b[8mhidden"])[1] == b"\x1b[0m"
    assert cleaned([b"\x1b[31mred\x1b[0m"])[1] == b""
