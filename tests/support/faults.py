"""Run as the caller: for every step of a plan, let it fail, or kill the launcher in it, and tell what came of it.

    faults.py fail|kill SHARED FOLDER [FOLDER]…

SHARED has two folders, read and write, that the jail is given, so that there are steps for them; FOLDERs must not
change. The answer is one line of JSON for each step. Needs ``leftovers`` beside it.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import leftovers  # type: ignore[import-not-found]

from jailpy import api
from jailpy.cli import quick_run
from jailpy.launch import child, host_ids, launcher
from jailpy.launch.stages import guard
from jailpy.model.plan import Plan

MARK = b"the plugin ran"


def with_fault(plan: Plan, number: int, fault: Callable[[], None]) -> Plan:
    """The plan with ``fault`` before the act of one step."""
    step = plan.steps[number]
    tables = (launcher.ACTS, guard.ACTS, child.ACTS)
    act = next(acts[step.act] for acts in tables if step.act in acts)

    def faulty(*arguments: Any) -> None:
        fault()
        act(*arguments)

    for acts in tables:
        acts["faulty"] = faulty
    return plan._replace(steps=(*plan.steps[:number], step._replace(act="faulty"), *plan.steps[number + 1 :]))


class Launcher:
    """A forked launcher that runs the plan with a fault; ``output`` is what the plugin wrote."""

    def __init__(self, plan: Plan, number: int, fault: Callable[[], None]) -> None:
        self.told, tell = os.pipe()
        self.output, output = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            for fd in (self.told, self.output):
                os.close(fd)
            os.dup2(output, 1)
            result = launcher.run(with_fault(plan, number, fault))
            failure = result.failure._asdict() if result.failure else None
            answer = {"outcome": result.outcome, "status": result.status, "failure": failure}
            os.write(tell, json.dumps({**answer, "warnings": result.warnings}).encode())
            os._exit(0)
        os.close(tell)
        os.close(output)

    def finish(self) -> dict[str, Any]:
        """Wait until nothing of the run is left; what the launcher told, and whether the plugin ran."""
        told = read_all(self.told)
        found = {"left": leftovers.remaining(), "ran": MARK in read_all(self.output)}
        return {**found, **(json.loads(told) if told else {})}


def read_all(fd: int) -> bytes:
    with open(fd, "rb") as file:
        return file.read()


def fail(plan: Plan, number: int) -> dict[str, Any]:
    """The step ends with an error: EIO, which no set-up code expects, or EPERM."""
    wrong = (errno.EIO, errno.EPERM)[number % 2]

    def fault() -> None:
        raise OSError(wrong, os.strerror(wrong))

    return {"errno": wrong, **Launcher(plan, number, fault).finish()}


def kill(plan: Plan, number: int) -> dict[str, Any]:
    """The launcher is killed while the step is carried out; then the step goes on, if its process still lives."""
    here, there = os.pipe()
    wait, go = os.pipe()

    def fault() -> None:
        os.close(go)
        os.write(there, b"x")
        os.read(wait, 1)

    run = Launcher(plan, number, fault)
    os.close(there)
    reached = os.read(here, 1) == b"x"
    jail = [os.pidfd_open(pid) for pid in leftovers.children(run.pid)]
    os.kill(run.pid, signal.SIGKILL)
    os.close(go)
    ended = all(leftovers.ends(fd) for fd in jail)
    for fd in (here, wait, *jail):
        os.close(fd)
    return {"reached": reached, "jail": len(jail), "ended": ended, **run.finish()}


def main() -> None:
    mode, shared, *folders = sys.argv[1:]
    os.chdir(folders[0])
    leftovers.adopt_orphans()
    words = [
        "run",
        "--read",
        f"{shared}/read:/read",
        "--write",
        f"{shared}/write:/write",
        "-c",
        f"print({MARK.decode()!r})",
    ]
    request = quick_run.parse(words)
    assert request is not None
    host_id = host_ids.claim()[0] if os.geteuid() == 0 else None
    plan = api.plan(request, host_id=host_id)
    mounts, files = leftovers.mounts(), leftovers.files(*folders)
    for number, step in enumerate(plan.steps):
        found = {"fail": fail, "kill": kill}[mode](plan, number)
        found["left"] += sorted(set(leftovers.files(*folders)) ^ set(files))
        found["left"] += sorted(set(leftovers.mounts()) ^ set(mounts))
        print(json.dumps({"step": step.name, "stage": step.stage, "soft": step.soft, **found}))


main()
