"""Modules that a profile leaves out: which files of an interpreter they are, and which cannot be left out."""

from __future__ import annotations

import os

from jailpy.errors import ProfileError
from jailpy.plan.interpreter.scan import bytes_after

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jailpy.plan.interpreter.layout import Layout

# The extension modules that do the work of a module. Without them the plugin could do the same in five lines.
_PARTS = {
    "asyncio": ("_asyncio",),
    "bz2": ("_bz2",),
    "crypt": ("_crypt",),
    "ctypes": ("_ctypes", "_ctypes_test"),
    "curses": ("_curses", "_curses_panel"),
    "dbm": ("_dbm", "_gdbm"),
    "hashlib": ("_hashlib",),
    "interpreters": ("_interpreters", "_xxsubinterpreters"),
    "lzma": ("_lzma",),
    "multiprocessing": ("_multiprocessing", "_posixshmem"),
    "pickle": ("_pickle",),
    "socket": ("_socket",),
    "sqlite3": ("_sqlite3",),
    "ssl": ("_ssl",),
    "subprocess": ("_posixsubprocess",),
    "threading": ("_thread",),
    "tkinter": ("_tkinter",),
    "uuid": ("_uuid",),
    "xml": ("pyexpat", "_elementtree"),
}

# Frozen into every CPython, part of its core, or needed before the first line of a program.
_CORE = {
    *("_collections_abc", "_frozen_importlib", "_frozen_importlib_external", "_sitebuiltins", "_warnings"),
    *("abc", "builtins", "codecs", "encodings", "genericpath", "importlib", "io", "marshal", "ntpath", "os"),
    *("posixpath", "runpy", "site", "stat", "sys", "zipimport"),
}


def leave_out(
    layout: Layout, names: tuple[str, ...], standard: str, packages: tuple[str, ...], programs: list[str]
) -> None:
    """Mask the modules ``names``; ProfileError, with all its problems, where that cannot be done.

    ``standard`` is the folder of the standard library, ``packages`` are those of installed packages, and
    ``programs`` the files that built-in modules are compiled into.
    """
    folders = (standard, f"{standard}/lib-dynload", *packages)
    problems: list[str] = []
    for name in dict.fromkeys(names):
        if not all(part.isidentifier() for part in name.split(".")):
            problems.append(f"python.without: {name!r} is no module name")
        elif name in _CORE or name.partition(".")[0] in _CORE:
            problems.append(f"python.without: {name} is part of the interpreter itself and cannot be left out")
        else:
            problems += _mask(layout, name, folders, programs)
    if problems:
        raise ProfileError(problems[0], hint="leave it away, or refuse by system call rules", problems=tuple(problems))


def _mask(layout: Layout, name: str, folders: tuple[str, ...], programs: list[str]) -> list[str]:
    parts = (name, *_PARTS.get(name, ()))
    built_in = [part for part in parts if any(_is_built_in(program, part) for program in programs)]
    if built_in:
        return [f"python.without: {built_in[0]} is compiled into this interpreter, so {name} cannot be left out"]
    masks = [mask for part in parts for folder in folders for mask in _files(folder, part)]
    for path, kind in masks:
        layout.mask(path, kind, name)
    return [] if masks else [f"python.without: no module {name} in this interpreter{_near(name, folders)}"]


def _files(folder: str, module: str) -> list[tuple[str, str]]:
    """The files from which ``folder`` would import ``module``, with the kind of their masks."""
    folder, _, name = f"{folder}/{module.replace('.', '/')}".rpartition("/")
    found: list[tuple[str, str]] = []
    if os.path.isdir(f"{folder}/{name}"):
        found.append((f"{folder}/{name}", "package"))
    if os.path.isfile(f"{folder}/{name}.py"):
        found.append((f"{folder}/{name}.py", "module"))
    compiled = [entry for entry in _listing(folder) if entry.startswith(f"{name}.") and entry.endswith((".so", ".pyc"))]
    return [*found, *((f"{folder}/{entry}", "file") for entry in compiled)]


def _is_built_in(program: str, module: str) -> bool:
    """Does ``program`` have the function that starts a built-in module of that name?"""
    return bytes_after(program, b"PyInit_" + os.fsencode(module) + b"\0", 0) is not None


def _near(name: str, folders: tuple[str, ...]) -> str:
    from difflib import get_close_matches  # only for a message

    known = {entry.partition(".")[0] for folder in folders for entry in _listing(folder)}
    close = get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _listing(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
