"""How a run ended: the one outcome that follows from what was seen."""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms
import errno
import time

from jailpy import system as os
from jailpy.launch import limits
from jailpy.launch.ending import Ending
from jailpy.model.plan import Layer, Plan
from jailpy.model.result import Failure, Result, Usage

_STATUS = {
    "timeout": 124,
    "cpu-limit": 124,
    "setup-failed": 125,
    "not-executable": 126,
    "not-found": 127,
    "memory-limit": 137,
    "output-limit": 137,
    "killed": 137,
}
_OF_TIME = (signal.SIGXCPU, signal.SIGKILL)  # what RLIMIT_CPU ends a process with, softly and hard


def conclude(plan: Plan, ending: Ending) -> Result:
    """The Result of a run that is over."""
    failure = _failure(plan, ending)
    code, number = _exit(ending)
    usage = _usage(ending)
    outcome = _outcome(plan, ending, failure, usage, code, number)
    wall_s = time.monotonic() - ending.clock
    status = _STATUS.get(outcome, 128 + number if number else code if code is not None else 125)
    if ending.relayed:
        status = 128 + ending.relayed  # which we die of ourselves
    return Result(
        outcome=outcome,
        status=status,
        exit_code=code if failure is None else None,
        signal=number or None,
        failure=failure,
        layers=_layers(plan, ending),
        warnings=(*_warnings(plan, ending), *ending.left),
        started=ending.started,
        wall_s=wall_s,
        usage=usage,
        limits=limits.rows(plan, ending, outcome, wall_s, usage),
        left=ending.left,
        at_memory_high=ending.stacks,
        relayed_signal=ending.relayed,
    )


def _exit(ending: Ending) -> tuple[int | None, int]:
    if ending.last is None:
        return None, 0
    status = ending.last.number
    return (None, os.WTERMSIG(status)) if os.WIFSIGNALED(status) else (os.WEXITSTATUS(status), 0)


def _outcome(
    plan: Plan, ending: Ending, failure: Failure | None, usage: Usage | None, code: int | None, number: int
) -> str:
    if failure is not None:
        from jailpy.launch.diagnose import LIMITS

        if failure.step == "program-executed" and failure.errno not in LIMITS:
            return "not-found" if failure.errno == errno.ENOENT else "not-executable"
        return "setup-failed"
    if ending.why:
        return ending.why
    if number in _OF_TIME and usage is not None and limits.over_time(plan, usage):
        return "cpu-limit"  # the kernel was quicker than the watch; a plugin can send itself the same signals
    if number:
        return "signal"
    return "ok" if code == 0 else "error"


def _failure(plan: Plan, ending: Ending) -> Failure | None:
    if ending.failure is not None:
        from jailpy.launch.diagnose import LIMIT, LIMITS, diagnose

        index, number, text = ending.failure
        step = plan.steps[index] if index >= 0 else None
        if step is None:
            hint = LIMIT if number in LIMITS else "please report this"
            return Failure(stage="", step="", errno=number, message=f"the launcher failed: {text}", hint=hint)
        message = f"step {step.name} ({step.text}): {text}"
        hint = diagnose(step, number)
        return Failure(stage=step.stage, step=step.name, errno=number, message=message, hint=hint)
    if ending.last is None and not ending.why:
        message = "pid 1 of the jail ended before the plugin did, and not by our hand"
        return Failure(stage="guard", step="", errno=0, message=message, hint="")
    return None


def _layers(plan: Plan, ending: Ending) -> tuple[Layer, ...]:
    refused = {plan.steps[index].layer: plan.steps[index].name for index, _ in ending.notes}
    return tuple(
        layer._replace(detail="; ".join(filter(None, (layer.detail, f"without {refused[layer.name]}"))))
        if layer.name in refused
        else layer
        for layer in plan.layers
    )


def _warnings(plan: Plan, ending: Ending) -> tuple[str, ...]:
    found = [f"{plan.steps[i].name}: {plan.steps[i].text}: {os.strerror(n)}; went on without" for i, n in ending.notes]
    if ending.flooded and not ending.why:
        found.append(f"output after {plan.policy.limits.output} bytes was dropped (limits.output)")
    return (*found, *ending.warnings)


def _usage(ending: Ending) -> Usage | None:
    """What was waited for, or what the watch has seen, whichever is more: killed processes are not waited for."""
    account, watch = ending.account, ending.watch
    if account is None or ending.setup_s is None:  # there was no jail
        return None
    times = (account.user_s - ending.setup_s[0], account.system_s - ending.setup_s[1])
    memory, storage, tasks = account.memory, ending.storage, None
    tally = ending.tally
    if watch is not None:
        times = max(times, (watch.user, watch.system), key=sum)
        memory, tasks = max(memory, watch.memory), watch.tasks or None
        storage = storage and (storage[0] + watch.read, storage[1] + watch.written)
    if tally is not None:  # the kernel's own count of the whole jail
        times = (tally.user_s, tally.system_s)
        memory = tally.memory or memory
        tasks = tally.tasks - 1 if tally.tasks else tasks  # pid 1 is ours
        storage = (tally.read, tally.written) if tally.read is not None and tally.written is not None else storage
    return Usage(
        cpu_user_s=round(max(0.0, times[0]), 6),
        cpu_system_s=round(max(0.0, times[1]), 6),
        memory_peak_bytes=memory,
        stdout_bytes=ending.stdout,
        stderr_bytes=ending.stderr,
        tasks_peak=tasks,
        read_bytes=storage[0] if storage else None,
        written_bytes=storage[1] if storage else None,
    )
