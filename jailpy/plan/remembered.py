"""Whole plans, kept between runs of the plain form: one Python file or -c, a shipped profile, no share.

What is of one run is left open in them and filled in for each: the plugin's file, the room that it takes, the
command, and the jail's id outside, which root's jails have each their own. A remembered plan stands for as long as
every file that it came from is the same (see ``cache``).
"""

from __future__ import annotations

import sys

from jailpy import system as os
from jailpy.model.host import Host
from jailpy.model.plan import Layer, Plan, Step
from jailpy.model.request import Request
from jailpy.plan import cache, intake, plugin
from jailpy.policy import compiled, shipped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CONTENTS = ("/etc/services", "/etc/protocols", "/etc/localtime", "/etc/group")  # whose content stands in the steps
_OF_ID = ("map-id", "map-owner", "step-down")  # acts that are given the jail's id outside
_OPEN = ("new-root", "execute", *_OF_ID)
_OF_THE_RUN = ("plugin", "arguments", "labels", "report", "exit_status", "json", "no_history", "stdin", "raw", "quiet",
               "verbose")  # fmt: skip
_ID = "{id}"  # stands for it in their texts


def place(request: Request, host: Host) -> str:
    """The name under which the plan for such a request is kept; empty for one that is never remembered."""
    plain = request.code is not None or (request.plugin and request.plugin != "-")
    limits_only = all(key.startswith("limits.") for key, _ in request.changes)
    trusted = request.profile.partition("@")[0] in shipped.GENERATIONS  # of others, that is looked at each time
    special = request.command != "run" or request.module or request.policy_digest or request.tty or request.out
    if special or not (plain and limits_only and trusted):
        return ""
    other: dict[str, Any] = {"code": None if request.code is None else "", **dict.fromkeys(_OF_THE_RUN)}
    asked = request._replace(**other)
    caller = (os.environ.get("PATH"), os.environ.get("HOME"), getattr(sys, "_base_executable", sys.executable))
    return cache.key("plan", asked, caller, host, _limits())


def _limits() -> bytes:
    """The caller's limits as the kernel writes them (proc(5)), which take a module less than getrlimit(2)."""
    fd = os.open("/proc/self/limits", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 4096)
    finally:
        os.close(fd)


def recall(name: str, request: Request, host_id: int) -> Plan | None:
    """The plan that is kept under ``name``, for this plugin and this id. Raises UsageError for a bad plugin."""
    known = cache.load(name)
    if known is None:
        return None
    policy, layers, widened, steps = known
    policy = compiled.restore(policy)
    what = intake.program(request, policy.filesystem)
    if what.shares or len(what.files) > 1:
        return None  # a folder
    return Plan(
        steps=tuple(_filled(steps, what, host_id)),
        policy=policy,
        plugin=what.plugin,
        layers=tuple(map(Layer._make, layers)),
        widened=widened,
        host_id=host_id,
    )


def _filled(steps: Any, what: intake.Program, host_id: int) -> list[Step]:
    made = []
    for fields in steps:
        if fields is None:  # where the plugin's file stands
            made += [plugin.file(*file) for file in what.files]
            continue
        step = Step._make(fields)
        made.append(_closed(step, what, host_id) if step.act in _OPEN else step)
    return made


def _closed(step: Step, what: intake.Program, host_id: int) -> Step:
    """The step with what the plugin and the id give it."""
    arguments: Any = step.arguments
    if step.act == "new-root":
        size, files = arguments
        return step._replace(arguments=(size + sum(plugin.room(content) for _, _, content in what.files), files))
    if step.act == "execute":
        argv, search = arguments
        return plugin.execution((*argv, *plugin.words(what)), search)
    own = tuple(host_id if argument is None else argument for argument in arguments)
    return step._replace(text=step.text.replace(_ID, str(host_id)), arguments=own)


def remember(name: str, plan: Plan, what: intake.Program, evidence: tuple[str, ...]) -> None:
    """Keep ``plan`` without its plugin, if nothing else in it is of this one run."""
    from jailpy.plan.birth import INSIDE_ID

    policy = plan.policy
    narrow = any(step.act == "confirm" for step in plan.steps)
    mistakable = os.geteuid() == 0 and plan.host_id == INSIDE_ID
    if (
        what.shares
        or policy.process.pass_env
        or narrow
        or mistakable
        or policy.filesystem.read
        or policy.filesystem.write
    ):
        return
    own = {f"file {path}" for path, _, _ in what.files}
    steps = [None if step.name in own else tuple(_opened(step, what, plan.host_id)) for step in plan.steps]
    value = (compiled.dump(policy), tuple(map(tuple, plan.layers)), plan.widened, tuple(steps))
    cache.store(name, value, (*evidence, *_CONTENTS))


def _opened(step: Step, what: intake.Program, host_id: int) -> Step:
    """The step without what the plugin and the id gave it."""
    arguments: Any = step.arguments
    if step.act == "new-root":
        size, files = arguments
        return step._replace(arguments=(size - sum(plugin.room(content) for _, _, content in what.files), files))
    if step.act == "execute":
        argv, search = arguments
        return step._replace(text="", arguments=(argv[: -len(plugin.words(what))], search))
    if step.act in _OF_ID:
        others = tuple(None if argument == host_id else argument for argument in arguments)
        return step._replace(text=step.text.replace(str(host_id), _ID), arguments=others)
    return step
