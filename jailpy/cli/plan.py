"""``jailpy plan``: what ``run`` would do here, a line a step, and the layers that this gives."""

from __future__ import annotations

from jailpy import api
from jailpy.cli.output import out, require_stdout
from jailpy.launch import launcher
from jailpy.model.request import Request
from jailpy.report import plan as report
from jailpy.report.document import as_json as json_text


def show(request: Request, *, as_json: bool) -> int:
    """Print the plan; the exit status. Raises JailError."""
    require_stdout()
    launcher.stand_on_descriptors()
    plan = api.plan(request)
    out(json_text(report.document(plan)) + "\n" if as_json else "".join(f"{line}\n" for line in report.lines(plan)))
    return 0
