"""An exception that reached the top becomes a line or two and the status 125."""

from __future__ import annotations

from jailpy.cli.output import say
from jailpy.errors import HostError, JailError, SetupError
from jailpy.launch.diagnose import LIMIT, LIMITS
from jailpy.report import words


def explain(error: Exception) -> int:
    """Say what went wrong; the exit status."""
    say(words.of_error(cause(error)))
    return 125


def cause(error: Exception) -> JailError:
    """The same in words; of what jailpy did not expect, where it happened is what a report of it needs."""
    if isinstance(error, JailError):
        return error
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    place = f" ({at.tb_frame.f_code.co_filename}:{at.tb_lineno})" if at else ""
    if isinstance(error, OSError) and error.errno in LIMITS:
        return HostError(str(error), hint=LIMIT)
    if isinstance(error, OSError):
        notes = "; ".join(getattr(error, "__notes__", ()))
        return SetupError(f"{error}{notes and f' ({notes})'}", hint=f"not foreseen{place}", stage="launcher")
    hint = f"this is a fault of jailpy{place}: please report it"
    return SetupError(f"{type(error).__name__}: {error}", hint=hint, stage="launcher")
