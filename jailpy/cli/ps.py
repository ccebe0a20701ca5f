"""``jailpy ps``: the runs of this user that live now."""

from __future__ import annotations

from typing import Any

from jailpy.cli.output import out, require_stdout
from jailpy.observe.living import Run, living
from jailpy.report.quote import for_json, for_terminal

_HEADINGS = ("ID", "PID", "STARTED", "PROFILE", "PLUGIN", "LABELS")


def main(_: list[str], given: dict[str, Any]) -> int:
    """Print the list; the exit status. Raises JailError."""
    require_stdout()
    runs = living()
    out(for_json({"schema": 1, "jails": [_plain(run) for run in runs]}) + "\n" if given.get("json") else _table(runs))
    return 0


def _plain(run: Run) -> dict[str, object]:
    plain = {field: value for field, value in run._asdict().items() if field != "place"}
    return {**plain, "labels": dict(run.labels)}


def _table(runs: list[Run]) -> str:
    rows = [_HEADINGS, *map(_row, runs)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _row(run: Run) -> tuple[str, ...]:
    labels = " ".join(f"{key}={value}" for key, value in run.labels)
    started = run.started[:19] + "Z"
    cells = (run.jail, str(run.pid or "?"), started, run.profile, run.plugin, labels)
    return tuple(map(for_terminal, cells))
