"""Runs a jail and tells what its supervisor saw of the memory, and when; started by the installed copy.

``python -I -c SOURCE RESULT WORD...``: RESULT is the file to write, the words are those of the command line.
"""

from __future__ import annotations

import json
import sys
import time

from jailpy import api
from jailpy.cli import quick_run
from jailpy.launch.supervisor import Supervisor
from jailpy.launch.watch import Watch

looks: list[tuple[float, int]] = []  # when a look began, of ``clock``, and what it found
ended: list[float] = []
_look, _kill = Watch.look, Supervisor.kill


def clock() -> float:
    """Seconds, without those in which this process was ready to run and another one had the processor (proc(5))."""
    with open("/proc/self/schedstat", encoding="ascii") as file:
        return time.monotonic() - int(file.read().split()[1]) / 1e9


def look(watch: Watch) -> str:
    began, peak = clock(), watch.memory
    watch.memory = 0
    reason = _look(watch)
    looks.append((began, watch.memory))
    watch.memory = max(watch.memory, peak)
    return reason


def kill(supervisor: Supervisor) -> None:
    _kill(supervisor)
    ended.append(clock())


Watch.look, Supervisor.kill = look, kill  # type: ignore[method-assign]
with open(sys.argv[1], "w", encoding="utf-8") as file:
    request = quick_run.parse(sys.argv[2:])
    assert request is not None
    _, result = api.execute(request)
    json.dump({"outcome": result.outcome, "looks": looks, "ended": ended[0]}, file)
