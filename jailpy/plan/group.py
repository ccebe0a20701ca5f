"""Steps by which the kernel itself limits the jail as a whole: the settings of its cgroup, and its birth there.

Documentation/admin-guide/cgroup-v2.rst has the files by name.
"""

from __future__ import annotations

from jailpy.model.host import Host
from jailpy.model.plan import Step
from jailpy.model.policy import LimitsPolicy, Policy
from jailpy.plan.steps import Section

_PREPARE = Section("prepare", "cgroup")
_CLONE = Section("clone", "cgroup")
_BORN = "cgroup-born"
_PERIOD = 100_000  # microseconds over which a quota is counted, the kernel's own default
OURS = 1  # tasks in the group that are not the plugin's: pid 1


def wanted(limits: LimitsPolicy) -> dict[str, str]:
    """The limits that are set and need a cgroup, each with the controller that enforces it."""
    asked = {
        "memory": (limits.memory, "memory"),
        "swap": (limits.swap, "memory"),
        "memory-high": (limits.memory_high, "memory"),
        "tasks": (limits.tasks, "pids"),
        "cpu-quota": (limits.cpu_quota, "cpu"),
        "cpu-weight": (limits.cpu_weight, "cpu"),
        "cpus": (limits.cpus or None, "cpuset"),
        "io-read": (limits.io_read, "io"),
        "io-write": (limits.io_write, "io"),
    }
    return {key: controller for key, (value, controller) in asked.items() if value is not None}


def is_traced(policy: Policy, host: Host) -> bool:
    """Whether the plugin is asked where it is when its memory reaches a mark."""
    marked = policy.limits.memory is not None or policy.limits.memory_high is not None
    return policy.python.memory_traceback and marked and "memory" in host.cgroup


def steps(policy: Policy, host: Host, *, traced: bool = False) -> list[Step]:
    """What is written to the group while it is empty, and how pid 1 comes to be in it; without a group nothing."""
    if not host.cgroup:
        return []
    found = []
    if "memory" in host.cgroup:
        found += _memory(policy)
    if "pids" in host.cgroup and policy.limits.tasks is not None:
        text = f"{policy.limits.tasks} processes and threads, and pid 1"
        most = str(policy.limits.tasks + OURS)
        found.append(_limit("cgroup-tasks", text, "pids.max", most, shadows=("limit-tasks",)))
    if "cpu" in host.cgroup:
        found += _processor(policy.limits)
    if "cpuset" in host.cgroup and policy.limits.cpus:
        found.append(_limit("cgroup-cpus", f"processors {policy.limits.cpus}", "cpuset.cpus", policy.limits.cpus))
    if "io" in host.cgroup:
        found += _devices(policy.limits)
    if traced:
        found += _trace(policy.limits)
    return [*found, _CLONE.build(_BORN, f"pid 1 is born in a cgroup of its own, {host.cgroup_note}", "group-enter")]


def _memory(policy: Policy) -> list[Step]:
    limits, found = policy.limits, []
    if limits.memory is not None:
        text = f"{limits.memory} bytes for all that the jail holds, memory of pipes, sockets and the kernel too"
        found.append(_limit("cgroup-memory", text, "memory.max", str(limits.memory)))
        text = "where the limit is reached the whole jail ends, not one of its processes"
        found.append(_limit("cgroup-kill-whole", text, "memory.oom.group", "1"))
    if limits.memory_high is not None:
        text = f"from {limits.memory_high} bytes on the jail is slowed down and its memory taken back"
        found.append(_limit("cgroup-memory-high", text, "memory.high", str(limits.memory_high)))
    if limits.swap is not None:  # a kernel that was told to keep no account of swap has no such file
        text = f"{limits.swap} bytes of it in swap"
        soft = dict(policy.layers)["cgroup"] != "required"
        found.append(_limit("cgroup-swap", text, "memory.swap.max", str(limits.swap), soft=soft))
    return found


def _trace(limits: LimitsPolicy) -> list[Step]:
    """A mark, where the policy sets none, and the traceback when it is reached."""
    lifts, mark = limits.memory_high is None, (limits.memory or 0) // 8 * 7
    text = "when its memory reaches the mark, the plugin's Python tells once where it is"
    found = [_PREPARE.build("memory-traceback", text, "trace", lifts, needs=(_BORN,))]
    if lifts:
        text = f"a mark at {mark} bytes, until it is reached"
        found.insert(0, _PREPARE.build("memory-mark", text, "group-limit", "memory.high", str(mark), needs=(_BORN,)))
    return found


def _processor(limits: LimitsPolicy) -> list[Step]:
    found = []
    if limits.cpu_quota is not None:
        text = f"{limits.cpu_quota:g} of one processor's time"
        found.append(_limit("cgroup-cpu-quota", text, "cpu.max", f"{int(limits.cpu_quota * _PERIOD)} {_PERIOD}"))
    if limits.cpu_weight is not None:
        text = f"a share of {limits.cpu_weight} where processors are short; a neighbour has 100"
        found.append(_limit("cgroup-cpu-weight", text, "cpu.weight", str(limits.cpu_weight)))
    return found


def _devices(limits: LimitsPolicy) -> list[Step]:
    rates = (("rbps", "read from", limits.io_read), ("wbps", "written to", limits.io_write))
    return [
        _PREPARE.wall(
            f"cgroup-io-{key}",
            f"{rate} bytes a second {what} each device",
            "group-devices",
            f"{key}={rate}",
            needs=(_BORN,),
        )
        for key, what, rate in rates
        if rate is not None
    ]


def _limit(name: str, text: str, file: str, value: str, *, shadows: tuple[str, ...] = (), soft: bool = False) -> Step:
    return _PREPARE.wall(name, text, "group-limit", file, value, shadows=shadows, soft=soft, needs=(_BORN,))
