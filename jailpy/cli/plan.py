"""``jailpy plan``: what ``run`` would do here, a line a step, and the layers that this gives."""

from __future__ import annotations

from typing import Any

from jailpy import api
from jailpy.cli.output import out, require_stdout
from jailpy.cli.request import make
from jailpy.launch import launcher
from jailpy.report import plan as report
from jailpy.report.quote import for_json


def main(words: list[str], given: dict[str, Any]) -> int:
    """Print the plan; the exit status. Raises JailError."""
    request = make("plan", words, given)
    require_stdout()
    launcher.stand_on_descriptors()
    plan = api.plan(request)
    out(
        for_json(report.document(plan)) + "\n"
        if given.get("json")
        else "".join(f"{line}\n" for line in report.lines(plan))
    )
    return 0
