"""Pythons other than the suite's own, in a place that every caller can reach."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from pathlib import Path


def shareable_copy(python: Path, folder: Path) -> Path:
    """The same Python, or a copy of its whole prefix where the folders above it are closed to others."""
    real = python.resolve()
    if all(part.stat().st_mode & stat.S_IXOTH for part in (real, *real.parents)):
        return python
    prefix = real.parents[1]
    copy = folder / prefix.name
    with (folder / f"{prefix.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not copy.exists():
            unfinished = folder / f"{prefix.name}.new"
            left = shutil.ignore_patterns("site-packages", "*.a", "__pycache__")
            shutil.copytree(prefix, unfinished, symlinks=True, ignore=left)
            _find_library_beside(unfinished / "bin" / real.name, prefix)
            os.rename(unfinished, copy)
    return copy / "bin" / real.name


def _find_library_beside(program: Path, prefix: Path) -> None:
    """libpython is looked for where it was installed; the copy takes its own."""
    absolute = f"{prefix}/lib\0".encode()
    program.write_bytes(program.read_bytes().replace(absolute, b"$ORIGIN/../lib".ljust(len(absolute), b"\0")))
