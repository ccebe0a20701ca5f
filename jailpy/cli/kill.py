"""``jailpy kill``: end runs of this user, and say how each of them ended."""

from __future__ import annotations

from typing import Any

from jailpy.cli.output import out, say
from jailpy.cli.request import labels
from jailpy.errors import HostError, UsageError
from jailpy.observe import living
from jailpy.report.quote import for_terminal


def main(words: list[str], given: dict[str, Any]) -> int:
    """End the runs that are asked for. 0 when they have ended, 1 when there was none, or one was not there."""
    wanted = labels(given.get("label", []))
    if (bool(words), bool(wanted), bool(given.get("all"))).count(True) != 1:
        raise UsageError("kill: expected ids, or --label K=V, or --all", hint="jailpy ps lists the runs that live")
    runs = living.living()
    missing = sorted(set(words) - {run.jail for run in runs})
    if words:
        runs = [run for run in runs if run.jail in words]
    elif wanted:
        runs = [run for run in runs if set(wanted) <= set(run.labels)]
    try:
        outcomes = living.end(runs)
    except OSError as error:
        raise HostError(f"kill: {error.filename or 'a run'}: {error.strerror}") from error
    if runs:
        out("".join(f"{run.jail}: {outcome or 'was killed'}\n" for run, outcome in zip(runs, outcomes, strict=True)))
    say([f"kill: no run of the id {for_terminal(word)} lives" for word in missing])
    if wanted and not runs:
        say([f"kill: no run that lives has the label {' '.join(f'{key}={value}' for key, value in wanted)}"])
    return 1 if missing or (wanted and not runs) else 0
