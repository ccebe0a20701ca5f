"""Makes jails with some steps of their plans left out, or lists plans; started as the caller, by the installed copy.

The command line offers no such thing, on purpose. ``python -I -c SOURCE FILE``: FILE holds a JSON list of orders, each
with ``request``, the fields of a Request; ``without``, names of steps; ``plan``, to list only; ``result``, the file to
write; ``output``, the file for what is printed. One order is carried out in this process, of several each in its own.
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
    with open(sys.argv[1], encoding="utf-8") as file:
        orders = json.load(file)
    if len(orders) == 1:
        carry_out(orders[0])
        return
    for order in orders:
        child = os.fork()
        if child == 0:
            output = os.open(order["output"], os.O_WRONLY | os.O_CREAT)
            for number in (1, 2):
                os.dup2(output, number)
            carry_out(order)
            os._exit(0)
        os.waitpid(child, 0)


def carry_out(order: dict[str, object]) -> None:
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
