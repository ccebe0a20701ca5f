"""The few facts of an ELF file that decide what the dynamic loader will open.

A small reader of its own: the file may be hostile, so every offset is checked, every size has a cap,
and whatever is wrong ends in NotElf. Source: elf(5).
"""

from __future__ import annotations

import os
from struct import Struct

from jailpy.model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Read = Callable[[int, int], bytes]  # (offset, size) -> at most size bytes

MACHINES = {"x86_64": 62, "aarch64": 183}  # e_machine, by the name that uname(2) gives

_HEADER = Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = Struct("<IIQQQQQQ")
_ENTRY = Struct("<qQ")
_LOAD, _DYNAMIC, _INTERP = 1, 2, 3
_NEEDED, _STRTAB, _STRSZ, _RPATH, _RUNPATH = 1, 5, 10, 15, 29
_64_BIT_LITTLE_ENDIAN = b"\x7fELF\x02\x01"
_MOST_SEGMENTS, _MOST_NEEDED = 128, 256
_MOST_DYNAMIC, _LONGEST = 1 << 16, 1 << 14  # bytes


class NotElf(ValueError):  # noqa: N818 - it names what was found, as FileNotFoundError's cousins do
    """The file is no 64-bit little-endian ELF file, or a damaged one."""


class Elf(Record):
    """What the loader reads of a program or library; "" and () where there is none."""

    machine: int
    interp: str
    needed: tuple[str, ...]
    rpath: tuple[str, ...]
    runpath: tuple[str, ...]


def read_elf(path: str) -> Elf:
    """Read the headers of ``path``; NotElf or OSError where that cannot be done."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a FIFO must not hold us up
    try:
        return parse(lambda offset, size: os.pread(fd, size, offset))
    finally:
        os.close(fd)


def parse(read: Read) -> Elf:
    """The same for any source of bytes."""
    head = read(0, 4096)
    if len(head) < _HEADER.size or head[:6] != _64_BIT_LITTLE_ENDIAN:
        raise NotElf("not a 64-bit little-endian ELF file")
    header = _HEADER.unpack_from(head)
    machine, start, entry_size, count = header[2], header[5], header[9], header[10]
    if entry_size != _SEGMENT.size or count > _MOST_SEGMENTS:
        raise NotElf("odd program headers")
    size = count * entry_size
    table = head[start : start + size] if start + size <= len(head) else _exactly(read, start, size)
    loads: list[tuple[int, int, int]] = []
    interp, dynamic = "", b""
    for kind, _, offset, address, _, in_file, _, _ in _SEGMENT.iter_unpack(table):
        if kind == _LOAD:
            loads.append((address, offset, in_file))
        elif kind == _INTERP:
            interp = _text(_exactly(read, offset, min(in_file, _LONGEST)))
        elif kind == _DYNAMIC:
            dynamic = _exactly(read, offset, min(in_file, _MOST_DYNAMIC) // _ENTRY.size * _ENTRY.size)
    needed, rpath, runpath = _names(read, dynamic, loads)
    return Elf(machine=machine, interp=interp, needed=needed, rpath=rpath, runpath=runpath)


def _names(
    read: Read, dynamic: bytes, loads: list[tuple[int, int, int]]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """DT_NEEDED, and the folders of DT_RPATH and DT_RUNPATH."""
    found: dict[int, list[int]] = {_NEEDED: [], _STRTAB: [], _STRSZ: [], _RPATH: [], _RUNPATH: []}
    for tag, value in _ENTRY.iter_unpack(dynamic):
        if tag == 0:
            break
        if tag in found:
            found[tag].append(value)
    wanted = found[_NEEDED] + found[_RPATH] + found[_RUNPATH]
    if not wanted:
        return (), (), ()
    if len(wanted) > _MOST_NEEDED or not found[_STRTAB] or not found[_STRSZ]:
        raise NotElf("odd dynamic section")
    start, end = _offset(found[_STRTAB][-1], loads), found[_STRSZ][-1]

    def text(at: int) -> str:
        return _string(read, start + at, end - at)

    def folders(tag: int) -> tuple[str, ...]:
        return tuple(folder for at in found[tag][-1:] for folder in text(at).split(":") if folder)

    return tuple(text(at) for at in found[_NEEDED]), folders(_RPATH), folders(_RUNPATH)


def _offset(address: int, loads: list[tuple[int, int, int]]) -> int:
    """Where in the file the byte is that will lie at ``address``."""
    for start, offset, size in loads:
        if start <= address < start + size:
            return address - start + offset
    raise NotElf("address outside of the file")


def _string(read: Read, offset: int, left: int) -> str:
    """The string at ``offset``, where its table has ``left`` bytes more: short ones are the rule."""
    for size in (128, _LONGEST):
        data = _some(read, offset, min(size, left))
        if b"\0" in data:
            return _text(data)
    raise NotElf("name without an end")


def _exactly(read: Read, offset: int, size: int) -> bytes:
    data = _some(read, offset, size)
    if len(data) != size:
        raise NotElf("cut short")
    return data


def _some(read: Read, offset: int, size: int) -> bytes:
    if not 0 <= offset < 1 << 62 or size <= 0:
        raise NotElf("outside of the file")
    return read(offset, size)


def _text(data: bytes) -> str:
    text, end, _ = data.partition(b"\0")
    if not end or not text:
        raise NotElf("name without an end")
    return os.fsdecode(text)
