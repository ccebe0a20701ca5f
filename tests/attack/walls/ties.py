"""Attacks on the ties between a jail and its launcher: the launcher is killed, or is still root."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any

from tests.attack.walls.arena import Attack, Run, Scene, children, eventually, hear, status, stepped_down, tell

SURVIVE = """
print("READY", flush=True)
sys.stdin.read()  # until the launcher is gone
time.sleep(1)  # if that is the end of the jail, this does not return
call("prctl", 15, b"survivor\\0", 0, 0, 0)
time.sleep(30)
"""


class Killed(Scene):
    """The launcher is killed; the plugin, if it lives on, says so in its name."""

    def meet(self, run: Run, process: subprocess.Popen[bytes]) -> None:
        if hear(process):
            pid_1 = children(process.pid)
            process.kill()
            watch(run, [*pid_1, *(plugin for pid in pid_1 for plugin in children(pid))])

    def judge(self, run: Run, result: dict[str, Any], output: str) -> tuple[bool, str]:
        assert run.remarks, f"the plugin did not run: {result} {output}"
        return run.remarks == ["survivor"], run.remarks[0]


def watch(run: Run, family: list[int]) -> None:
    """Wait until the last of them has ended, or the plugin has said that it lives; then end it."""
    assert family

    def lived() -> bool:
        return any(status(pid, "Name") == "survivor" for pid in family)

    eventually(lambda: lived() or not any(status(pid, "Name") for pid in family), 20)
    run.remarks.append("survivor" if lived() else "all ended")
    for pid in family:
        if status(pid, "Name"):
            os.kill(pid, signal.SIGKILL)


class StillRoot(Scene):
    """The host looks at whose process it is that reads what the plugin writes."""

    def meet(self, run: Run, process: subprocess.Popen[bytes]) -> None:
        if hear(process):
            run.remarks.append("stepped down" if stepped_down(run, process) else "root")
            tell(process)

    def judge(self, run: Run, result: dict[str, Any], output: str) -> tuple[bool, str]:
        super().judge(run, result, output)
        return run.remarks == ["root"], run.remarks[0]


ATTACKS = (
    Attack("dies-with-launcher", SURVIVE, Killed()),
    Attack("launcher-watched", SURVIVE, Killed()),
    Attack("launcher-unprivileged", "ready()\nfinish(False, 'the host says')\n", StillRoot(), callers=("root",)),
)
