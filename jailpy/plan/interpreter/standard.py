"""The standard library that belongs to a Python binary, found by its landmark as Python itself does it."""

from __future__ import annotations

import os

from jailpy.errors import UsageError
from jailpy.model.record import Record
from jailpy.plan.interpreter.scan import bytes_after

_LIBRARY_FOLDERS = ("lib", "lib64")  # sys.platlibdir
_ENTRY_POINT = b"Py_BytesMain\0"  # every CPython has the function or, where libpython is shared, calls it
_OLDEST = 11


class Standard(Record):
    """Where a Python has its modules."""

    prefix: str
    folder: str  # prefix/lib/python3.11
    name: str  # "python3.11", or "python3.13t"

    @property
    def version(self) -> str:
        return self.name.removeprefix("python").rstrip("t")


def find_standard(program: str, *homes: str) -> Standard:
    """Search upwards from each of ``homes``, the folders that count as the interpreter's; UsageError if in vain.

    ``program`` is the real binary: its name tells the version, or else there must be just one to choose from.
    """
    if not _is_versioned(os.path.basename(program)) and bytes_after(program, _ENTRY_POINT, 0) is None:
        raise UsageError(f"{program}: not a Python interpreter")
    for home in homes:
        prefix = home
        while True:
            found = _below(prefix, os.path.basename(program))
            if found:
                return _the_one(program, found)
            if prefix == "/":
                break
            prefix = os.path.dirname(prefix)
    raise UsageError(
        f"{program}: no standard library of a Python at or above {' or '.join(homes)}",
        hint="give the python of a virtual environment, or of a whole installation",
    )


def _below(prefix: str, binary: str) -> list[Standard]:
    exact = binary if _is_versioned(binary) else ""
    found: list[Standard] = []
    for library in _LIBRARY_FOLDERS:
        base = os.path.join(prefix, library)
        for name in [exact] if exact else _pythons(base):
            same = any(standard.name == name for standard in found)
            if not same and os.path.isfile(f"{base}/{name}/os.py"):
                found.append(Standard(prefix=prefix, folder=f"{base}/{name}", name=name))
    return found


def _pythons(folder: str) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if _is_versioned(name)]
    except OSError:
        return []


def _is_versioned(name: str) -> bool:
    major, dot, minor = name.removeprefix("python").partition(".")
    return bool(dot) and name.startswith("python") and major.isdigit() and minor.removesuffix("t").isdigit()


def _the_one(program: str, found: list[Standard]) -> Standard:
    if len(found) > 1:
        names = " and ".join(sorted(standard.name for standard in found))
        raise UsageError(f"{program}: could be {names}", hint="give the path of one, with the version in its name")
    major, _, minor = found[0].version.partition(".")
    if major != "3" or int(minor) < _OLDEST:
        raise UsageError(f"{program}: Python {found[0].version} is too old", hint=f"it takes 3.{_OLDEST} or newer")
    return found[0]
