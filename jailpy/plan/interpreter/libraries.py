"""Where the dynamic loader will find the shared libraries of an interpreter.

The rules are those of ld.so(8), without the environment: a jail has no LD_LIBRARY_PATH. What is missing on
the host is left out without a word: there, too, the module that wants it cannot be imported.
"""

from __future__ import annotations

import os
from struct import Struct

from jailpy.plan.interpreter.elf import MACHINES, Elf, NotElf, read_elf

CACHE = "/etc/ld.so.cache"

_MAGIC = b"glibc-ld.so.cache1.1"
_HEAD = Struct("<20sII")  # magic, number of entries, size of the strings
_ITEM = Struct("<iIIIQ")  # flags, name, path, osversion, hwcap
_FLAGS = {MACHINES["x86_64"]: 0x0303, MACHINES["aarch64"]: 0x0A03}
_MOST_CACHE = 16 << 20  # bytes


class Loader:
    """The dynamic loader that ``interp`` (PT_INTERP) names, as far as finding files goes."""

    def __init__(self, interp: str, machine: int) -> None:
        self.machine = machine
        self.musl = os.path.basename(interp).startswith("ld-musl-")
        self.path_file = f"/etc/{os.path.basename(interp).removesuffix('.so.1')}.path" if self.musl else ""
        self.cache_used = False
        self._folders = self._musl_folders() if self.musl else _default_folders(interp)
        self._cache: dict[str, str] | None = None
        self._elves: dict[str, Elf | None] = {}

    def read(self, path: str) -> Elf | None:
        """The headers of a file that this loader would take, else None; each file is read once."""
        if path not in self._elves:
            try:
                elf = read_elf(path)
            except (OSError, NotElf):
                self._elves[path] = None
            else:
                self._elves[path] = elf if elf.machine == self.machine else None
        return self._elves[path]

    def closure(self, program: str, more: list[str]) -> list[str]:
        """Every library that ``program``, a real path, and the modules ``more`` pull in, by the path that finds it."""
        main = self.read(program)
        inherited = () if main is None or main.runpath else _expand(main.rpath, program)
        pending, found = [program, *more], dict[str, None]()
        seen: set[tuple[str, tuple[str, ...]]] = set()
        while pending:
            path = pending.pop()
            elf = self.read(path)
            if elf is None:
                continue
            own = _expand(elf.runpath, path) if elf.runpath else (*_expand(elf.rpath, path), *inherited)
            for name in elf.needed:
                if (name, own) in seen:
                    continue
                seen.add((name, own))
                library = self.find(name, own)
                if library and library not in found:
                    found[library] = None
                    pending.append(library)
        return list(found)

    def find(self, name: str, folders: tuple[str, ...] = ()) -> str:
        """The path under which the loader opens the library ``name``; "" where it does not find it."""
        if "/" in name:
            return name if name[0] == "/" and self.read(name) else ""
        for folder in folders:
            if self.read(f"{folder}/{name}"):
                return f"{folder}/{name}"
        cached = "" if self.musl else self._from_cache(name)
        if cached and self.read(cached):
            # Without the cache only the folders built into the loader are searched.
            self.cache_used = self.cache_used or os.path.dirname(cached) not in self._folders
            return cached
        for folder in self._folders:
            if self.read(f"{folder}/{name}"):
                return f"{folder}/{name}"
        return ""

    def _from_cache(self, name: str) -> str:
        if self._cache is None:
            self._cache = read_cache(CACHE, _FLAGS.get(self.machine, 0))
        return self._cache.get(name, "")

    def _musl_folders(self) -> tuple[str, ...]:
        try:
            with open(self.path_file, encoding="utf-8", errors="surrogateescape") as file:
                return tuple(folder for folder in file.read(1 << 16).replace("\n", ":").split(":") if folder[:1] == "/")
        except OSError:
            return ("/lib", "/usr/local/lib", "/usr/lib")


def read_cache(path: str, flags: int) -> dict[str, str]:
    """Library name to path, from the file that ldconfig(8) writes; empty where it cannot be read."""
    try:
        with open(path, "rb") as file:
            data = file.read(_MOST_CACHE)
    except OSError:
        return {}
    start = data.find(_MAGIC)  # an older format may stand before it
    if start < 0 or len(data) < start + 48:
        return {}
    data = data[start:]
    count = min(_HEAD.unpack_from(data)[1], (len(data) - 48) // _ITEM.size)
    found: dict[str, str] = {}
    for item_flags, name, value, _, hwcap in _ITEM.iter_unpack(data[48 : 48 + count * _ITEM.size]):
        # Entries for better processors (hwcap) stand for copies of libraries that are there without, too.
        if item_flags == flags and not hwcap:
            key, end, _ = data[name : name + 256].partition(b"\0")
            target, also, _ = data[value : value + 4096].partition(b"\0")
            if end and also and target[:1] == b"/":
                found.setdefault(os.fsdecode(key), os.fsdecode(target))
    return found


def _default_folders(interp: str) -> tuple[str, ...]:
    """The folders built into glibc's loader: distributions put it into the first of them."""
    home = os.path.dirname(os.path.realpath(interp))
    tail = home.removeprefix("/usr")
    return (tail, f"/usr{tail}", "/lib", "/usr/lib")


def _expand(folders: tuple[str, ...], path: str) -> tuple[str, ...]:
    """Put the folder of ``path`` for $ORIGIN."""
    origin = os.path.dirname(path)
    expanded = [folder.replace("${ORIGIN}", origin).replace("$ORIGIN", origin) for folder in folders]
    return tuple(folder for folder in expanded if folder[0] == "/" and "$" not in folder)
