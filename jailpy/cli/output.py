"""What jailpy itself writes: its lines on standard error, and what plan, doctor and --version print."""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms
import sys

from jailpy import system as os
from jailpy.errors import UsageError


def say(lines: list[str]) -> None:
    """jailpy's own lines, on standard error; where that is closed there is nobody to tell."""
    try:
        write_all(2, "".join(f"jailpy: {line}\n" for line in lines).encode())
    except OSError:
        return


def out(text: str) -> None:
    """Print ``text``; a reader that has gone ends us as it ends every tool. Raises UsageError where nothing can be."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    require_stdout()
    try:
        write_all(1, text.encode())
    except OSError as error:
        raise UsageError(
            f"standard output: {error.strerror}", hint="what was asked for could not be printed"
        ) from error


def require_stdout() -> None:
    """Raise UsageError where the caller closed standard output (Python then has no object for it)."""
    if sys.stdout is None:
        raise UsageError("standard output is closed", hint="what this command prints would be lost")


def write_all(fd: int, data: bytes) -> None:
    """Every byte, however many calls it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
