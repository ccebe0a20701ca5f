"""The limits that were in force, and how near a run came to each.

Where the kernel counts nothing that can be read, a limit that was reached is seen by the peak alone, and the peak by
looking from time to time; a run that is over before the first look has none.
"""

from __future__ import annotations

from jailpy.kernel.usage import FILE_SIZE, OPEN_FILES, PROCESSES, ceiling
from jailpy.model.plan import Plan
from jailpy.model.result import Limit, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jailpy.launch.ending import Ending

    Row = tuple[str, float | None, float | None, int | None]  # name, limit, peak, hits; without a limit no row


def rows(plan: Plan, ending: Ending, outcome: str, wall_s: float, usage: Usage | None) -> tuple[Limit, ...]:
    """Every limit that the policy sets and this version enforces; of a jail that was never finished only the clock."""
    wall = plan.policy.limits.wall
    if usage is None and ending.limit == "wall" and wall is not None:
        return (Limit(name="wall", limit=wall, peak=round(wall_s, 6), hits=1, ended_run=True),)
    if usage is None:
        return ()
    by = ending.limit or ("cpu" if outcome == "cpu-limit" else "")
    found = _of_amount(plan, ending, wall_s, usage) + _of_files(plan, ending)
    return tuple(
        Limit(name=name, limit=limit, peak=peak, hits=1 if name == by else hits, ended_run=name == by)
        for name, limit, peak, hits in found
        if limit is not None
    )


def over_time(plan: Plan, usage: Usage) -> bool:
    """Whether the jail has used all the processor time that it may."""
    limit = plan.policy.limits.cpu
    return limit is not None and usage.cpu_user_s + usage.cpu_system_s >= limit


def _of_amount(plan: Plan, ending: Ending, wall_s: float, usage: Usage) -> list[Row]:
    limits, tasks = plan.policy.limits, _lowered(plan.policy.limits.tasks, PROCESSES, 1)  # and pid 1
    tally = ending.tally
    refused = tally.task_hits if tally and tally.task_hits is not None else _reached(tasks, usage.tasks_peak)
    return [
        ("wall", limits.wall, round(wall_s, 6), 0),
        ("cpu", limits.cpu, round(usage.cpu_user_s + usage.cpu_system_s, 6), 0),
        ("memory", limits.memory, usage.memory_peak_bytes, tally.memory_hits if tally else 0),
        ("tasks", tasks, usage.tasks_peak, refused),
        ("output", limits.output, ending.stdout + ending.stderr, int(ending.flooded)),
    ]


def _of_files(plan: Plan, ending: Ending) -> list[Row]:
    limits, filesystem, watch, last = plan.policy.limits, plan.policy.filesystem, ending.watch, ending.last
    files = _lowered(limits.open_files, OPEN_FILES)
    size = _lowered(limits.file_size, FILE_SIZE)
    opened = watch.open_files if watch and watch.open_files else None
    scratch = max(watch.scratch if watch else 0, last.scratch if last else 0)
    inodes = max(watch.scratch_files if watch else 0, last.scratch_files if last else 0)
    found: list[Row] = [
        ("open-files", files, opened, _reached(files, opened)),
        ("file-size", size, None, None),  # SIGXFSZ proves nothing: a plugin can send it to itself
        ("tmp", filesystem.tmp, scratch, _reached(filesystem.tmp, scratch)),
        ("tmp-files", filesystem.tmp_files, inodes, _reached(filesystem.tmp_files, inodes)),
    ]
    if watch and watch.grown:
        grown, made = watch.grown
        found.append(("write", limits.write, grown, _reached(limits.write, grown - 1)))
        found.append(("write-files", limits.write_files, made, _reached(limits.write_files, made - 1)))
    return found


def _reached(limit: int | None, peak: int | None) -> int | None:
    return None if peak is None or limit is None else int(peak >= limit)


def _lowered(limit: int | None, which: int, ours: int = 0) -> int | None:
    """The limit in force where the caller's own is lower (getrlimit(2))."""
    most = ceiling(which)
    return limit if limit is None or most is None else min(limit, most - ours)
