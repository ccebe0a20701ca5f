"""Runs one jail with some steps of its plan left out, or lists the plan; started as the caller, by the installed copy.

The command line offers no such thing, on purpose. ``python -I -c SOURCE ORDER`` takes a JSON object: ``request``, the
fields of a Request; ``without``, names of steps; ``result``, the file to write; ``plan``, to list only.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from jailpy import api
from jailpy.errors import JailError
from jailpy.model.plan import Plan
from jailpy.model.request import Request


def main() -> None:
    order = json.loads(sys.argv[1])
    request = Request(**{key: _tuples(value) for key, value in order["request"].items()})
    heard: list[int] = []
    signal.signal(signal.SIGUSR1, lambda number, _: heard.append(number))
    with open(order["result"], "w", encoding="utf-8") as file:  # open before root gives up its rights
        try:
            if order["plan"]:
                plan, ending = api.plan(request, host_id=os.geteuid() or None), {}
            else:
                plan, result = api.execute(request, without=frozenset(order["without"]))
                failure = result.failure and result.failure._asdict()
                ending = {"outcome": result.outcome, "failure": failure, "heard": len(heard)}
        except JailError as error:
            ending, plan = {"outcome": error.outcome, "failure": {"message": error.message}}, None
        json.dump({**ending, "steps": _steps(plan) if plan else {}}, file)


def _tuples(value: object) -> object:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _steps(plan: Plan) -> dict[str, object]:
    return {step.name: {"wall": step.wall, "shadows": step.shadows, "text": step.text} for step in plan.steps}


main()
