"""The ELF reader, on real files and on damaged ones."""

from __future__ import annotations

import os
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jailpy.plan.interpreter import libraries
from jailpy.plan.interpreter.elf import MACHINES, Elf, NotElf, parse, read_elf
from jailpy.plan.interpreter.libraries import CACHE, Loader, read_cache
from tests.support.must import must_have

REAL = Path(os.path.realpath("/proc/self/exe"))
steady = settings(deadline=None, database=None)  # a busy machine is no failure, a read-only checkout neither
SAMPLE = REAL.read_bytes()[: 1 << 16]


def parse_bytes(data: bytes) -> Elf:
    return parse(lambda offset, size: data[offset : offset + size])


def outcome(data: bytes) -> object:
    try:
        return parse_bytes(data)
    except NotElf as refusal:
        return refusal


def test_own_interpreter_is_read() -> None:
    elf = read_elf(str(REAL))
    assert elf.machine == MACHINES[os.uname().machine]
    assert os.path.exists(elf.interp)
    assert "libc.so.6" in elf.needed


@steady
@given(st.binary(max_size=512))
def test_any_bytes_are_refused_cleanly(data: bytes) -> None:
    assert isinstance(outcome(data), NotElf)


@steady
@given(st.lists(st.tuples(st.integers(0, 1023), st.integers(0, 255)), max_size=12), st.integers(0, len(SAMPLE)))
def test_damaged_headers_are_read_or_refused(changes: list[tuple[int, int]], length: int) -> None:
    data = bytearray(SAMPLE)
    for at, value in changes:
        data[at] = value
    assert isinstance(outcome(bytes(data[:length])), Elf | NotElf)


def made(entries: list[tuple[int, int]], strings: bytes, address: int = 0) -> bytes:
    """A library with one loaded segment, a dynamic section with these entries, and these strings at 0x400."""
    dynamic = b"".join(struct.pack("<qQ", tag, value) for tag, value in entries)
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 4, 0, address, 0, 0x2000, 0x2000, 0x1000)
    table = load + struct.pack("<IIQQQQQQ", 2, 4, 0x200, 0x200, 0, len(dynamic), len(dynamic), 8)
    return (header + table).ljust(0x200, b"\0") + dynamic.ljust(0x200, b"\0") + strings


@steady
@given(
    st.lists(st.tuples(st.sampled_from([0, 1, 5, 10, 15, 29]), st.integers(0, 2**64 - 1)), max_size=20),
    st.integers(0, 2**64 - 1),
)
def test_any_dynamic_section_is_read_or_refused(entries: list[tuple[int, int]], address: int) -> None:
    assert isinstance(outcome(made(entries, b"\0libx.so\0", address)), Elf | NotElf)


def test_names_and_folders_are_read() -> None:
    strings = b"\0libx.so\0$ORIGIN/../lib:/opt/lib\0"
    elf = parse_bytes(made([(1, 1), (29, 9), (5, 0x400), (10, len(strings)), (0, 0)], strings))
    assert (elf.needed, elf.rpath, elf.runpath) == (("libx.so",), (), ("$ORIGIN/../lib", "/opt/lib"))


@pytest.mark.parametrize(
    "entries",
    [
        [(1, 1)],  # no string table
        [(1, 1), (5, 0x400), (10, 3)],  # the name goes beyond it
        [(1, 99), (5, 0x400), (10, 9)],  # the name begins beyond it
        [(1, 1), (5, 1 << 40), (10, 9)],  # it lies in no segment
        [(1, 1)] * 300 + [(5, 0x400), (10, 9)],  # more than there can be
    ],
)
def test_names_outside_of_their_table_are_refused(entries: list[tuple[int, int]]) -> None:
    assert isinstance(outcome(made(entries, b"\0libx.so\0")), NotElf)


def test_fifo_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lib.so")
    with pytest.raises((NotElf, OSError)):
        read_elf(str(tmp_path / "lib.so"))


def test_closure_is_what_the_loader_itself_finds() -> None:
    elf = read_elf(str(REAL))
    listed = subprocess.run(["ldd", REAL], capture_output=True, text=True, check=True).stdout
    expected = {os.path.realpath(word) for word in listed.split() if word.startswith("/")}
    found = Loader(elf.interp, elf.machine).closure(str(REAL), [])
    assert {os.path.realpath(path) for path in found} | {os.path.realpath(elf.interp)} == expected


def test_cache_of_the_loader_is_read() -> None:
    flags = {"x86_64": 0x0303, "aarch64": 0x0A03}[os.uname().machine]
    assert os.path.exists(read_cache(CACHE, flags)["libc.so.6"])


def test_library_that_only_the_cache_knows_is_found_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "source.c").write_text("int answer(void) { return 42; }")
    library = tmp_path / "libjailpytest.so.1"
    options = ["-shared", "-Wl,-soname,libjailpytest.so.1", "-o", library]
    subprocess.run([must_have("gcc"), tmp_path / "source.c", *options], check=True)
    (tmp_path / "conf").write_text(f"{tmp_path}\n")
    cache = tmp_path / "ld.so.cache"
    subprocess.run([must_have("ldconfig"), "-X", "-C", cache, "-f", tmp_path / "conf"], check=True, capture_output=True)
    monkeypatch.setattr(libraries, "CACHE", str(cache))
    elf = read_elf(str(REAL))
    loader = Loader(elf.interp, elf.machine)
    assert loader.find("libc.so.6")
    assert not loader.cache_used
    assert loader.find("libjailpytest.so.1") == str(library)
    assert loader.cache_used


@steady
@given(st.binary(max_size=200))
def test_damaged_cache_gives_no_paths(tmp_path_factory: pytest.TempPathFactory, tail: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "ld.so.cache"
    path.write_bytes(b"glibc-ld.so.cache1.1" + tail)
    assert all(value[0] == "/" for value in read_cache(str(path), 0x0303).values())


def test_musl_loader_searches_the_folders_of_its_path_file(tmp_path: Path) -> None:
    loader = Loader("/lib/ld-musl-x86_64.so.1", 62)
    loader.path_file = str(tmp_path / "ld-musl-x86_64.path")
    Path(loader.path_file).write_text("/opt/a:/opt/b\n/opt/c relative\n")
    assert loader._musl_folders() == ("/opt/a", "/opt/b", "/opt/c relative")
