"""The limits that were in force, and how near a run came to each.

Where the kernel counts nothing that can be read, a limit that was reached is seen by the peak alone, and the peak by
looking from time to time; a run that is over before the first look has none.
"""

from __future__ import annotations

import resource

from jailpy.model.plan import Plan
from jailpy.model.result import Limit, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jailpy.launch.result import Ending

    Row = tuple[str, float | None, float | None, int | None, bool]  # as the fields of Limit; without a limit no row


def rows(plan: Plan, ending: Ending, outcome: str, wall_s: float, usage: Usage | None) -> tuple[Limit, ...]:
    """Every limit that the policy sets and this version enforces; none where there was no jail."""
    if usage is None:
        return ()
    found = _of_time(plan, outcome, wall_s, usage) + _of_amount(plan, ending, outcome, usage) + _of_files(plan, ending)
    return tuple(
        Limit(name=name, limit=limit, peak=peak, hits=hits, ended_run=ended)
        for name, limit, peak, hits, ended in found
        if limit is not None
    )


def over_time(plan: Plan, usage: Usage) -> bool:
    """Whether the jail has used all the processor time that it may."""
    limit = plan.policy.limits.cpu
    return limit is not None and usage.cpu_user_s + usage.cpu_system_s >= limit


def _of_time(plan: Plan, outcome: str, wall_s: float, usage: Usage) -> list[Row]:
    limits = plan.policy.limits
    wall, cpu = outcome == "timeout", outcome == "cpu-limit"
    return [
        ("wall", limits.wall, round(wall_s, 6), int(wall), wall),
        ("cpu", limits.cpu, round(usage.cpu_user_s + usage.cpu_system_s, 6), int(cpu), cpu),
    ]


def _of_amount(plan: Plan, ending: Ending, outcome: str, usage: Usage) -> list[Row]:
    limits, output = plan.policy.limits, ending.stdout + ending.stderr
    memory = outcome == "memory-limit"
    tasks = _lowered(limits.tasks, resource.RLIMIT_NPROC, 1)  # and pid 1
    return [
        ("memory", limits.memory, usage.memory_peak_bytes, int(memory), memory),
        ("tasks", tasks, usage.tasks_peak, _reached(tasks, usage.tasks_peak), False),
        ("output", limits.output, output, int(ending.flooded), outcome == "output-limit"),
    ]


def _of_files(plan: Plan, ending: Ending) -> list[Row]:
    limits, filesystem, watch, last = plan.policy.limits, plan.policy.filesystem, ending.watch, ending.last
    files = _lowered(limits.open_files, resource.RLIMIT_NOFILE)
    size = _lowered(limits.file_size, resource.RLIMIT_FSIZE)
    opened = watch.open_files if watch and watch.open_files else None
    scratch = max(watch.scratch if watch else 0, last.scratch if last else 0)
    inodes = max(watch.scratch_files if watch else 0, last.scratch_files if last else 0)
    return [
        ("open-files", files, opened, _reached(files, opened), False),
        ("file-size", size, None, None, False),  # SIGXFSZ proves nothing: a plugin can send it to itself
        ("tmp", filesystem.tmp, scratch, _reached(filesystem.tmp, scratch), False),
        ("tmp-files", filesystem.tmp_files, inodes, _reached(filesystem.tmp_files, inodes), False),
    ]


def _reached(limit: int | None, peak: int | None) -> int | None:
    return None if peak is None or limit is None else int(peak >= limit)


def _lowered(limit: int | None, which: int, ours: int = 0) -> int | None:
    """The limit in force where the caller's own is lower (getrlimit(2))."""
    ceiling = resource.getrlimit(which)[1]
    if limit is None or ceiling == resource.RLIM_INFINITY:
        return limit
    return min(limit, ceiling - ours)
