"""What the kernel says of a jail's processes, with names in it that the plugin chose."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from jailpy.broker.processes import mapped, parsed

PAGE, TICK = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
DEVICE = os.makedev(0, 1)
numbers = st.integers(min_value=0, max_value=1 << 40)
pieces = st.sampled_from(
    [b")", b"(", b" ", b"\r", b"\x0b", b"\x1c", b"0-1 rw-s 0 00:01 9 a", b"Pss:  -9 kB", b"(deleted)"]
)
names = st.lists(st.one_of(st.binary(max_size=8), pieces), max_size=8).map(b"".join)


def as_shown(name: bytes) -> bytes:
    """As the kernel writes it: the end of a line and the character that escapes it are escaped."""
    return name.replace(b"\\", b"\\134").replace(b"\n", b"\\012")


@given(name=names, fields=st.lists(numbers, min_size=49, max_size=49))
def test_name_of_a_process_changes_no_number(name: bytes, fields: list[int]) -> None:
    line = b"7 (%s) S %s\n" % (as_shown(name), b" ".join(b"%d" % field for field in fields))
    found = parsed(7, line)
    assert found is not None
    assert (found.pid, found.threads, found.born, found.resident) == (7, fields[16], fields[18], fields[20] * PAGE)
    assert found.user + found.reaped_system == fields[10] / TICK + fields[13] / TICK


@given(line=st.binary(max_size=60))
def test_line_that_is_cut_short_is_no_process(line: bytes) -> None:
    assert parsed(7, line.replace(b")", b"")) is None


@given(mappings=st.lists(st.tuples(names, st.booleans(), st.integers(1, 9), st.integers(0, 1 << 20))))
def test_name_of_a_mapping_changes_no_size(mappings: list[tuple[bytes, bool, int, int]]) -> None:
    text = b"".join(
        b"7f00-7f01 rw-s 00000000 %s %d    /%s\nSize:     4 kB\nPss:   %d kB\nPss_Dirty:  3 kB\nVmFlags: rd wr \n"
        % (b"00:01" if ours else b"fe:00", inode, as_shown(name), size)
        for name, ours, inode, size in mappings
    )
    expected = sum(size << 10 for _, ours, inode, size in mappings if ours and inode != 5)
    assert mapped(text, DEVICE, {(DEVICE, 5): 1}) == expected
