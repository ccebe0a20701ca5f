"""The launcher: carries a plan out, watches the jail, and says how it ended.

One thread; every wait is a poll. It does not depend on SIGCHLD, on descriptors 0 to 2, or on anything else that
a caller may have set up badly.
"""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms
import os
import resource
import time

from jailpy.kernel import namespaces
from jailpy.launch import channel, child
from jailpy.launch.context import Context
from jailpy.launch.ending import Ending
from jailpy.launch.result import conclude
from jailpy.launch.supervisor import Supervisor
from jailpy.model.plan import Plan
from jailpy.model.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpy.launch.context import Delivery

_FILES = 1024


def run(plan: Plan, born: Callable[[], None] | None = None) -> Result:
    """Run ``plan`` to its end. What goes wrong on the way is in the result; nothing is left behind.

    ``born`` is called when there is a jail and this process would wait: when the plugin has started, for root while the
    jail builds itself, since root's launcher has its rights until then.
    """
    _make_room()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, the kernel would reap pid 1 before it is looked at
    ending = Ending(started=time.time(), clock=time.monotonic())
    ctx = Context(plan)
    with Supervisor(ctx, ending) as supervisor:
        _supervised(ctx, supervisor, ending, born)
        if ctx.delivery is not None:
            _finish(ctx.delivery, ending)
    return conclude(plan, ending)


def _supervised(ctx: Context, supervisor: Supervisor, ending: Ending, born: Callable[[], None] | None) -> None:
    try:
        _prepare(ctx, ending)
        pid, pidfd = _give_birth(ctx, supervisor, ending)
    except _StoppedError:
        return
    supervisor.adopt(pid, pidfd)
    try:
        ctx.process = str(pid)
        _perform(ctx, "map", ending)
        supervisor.release()
        if born is not None and os.geteuid() == 0:
            born()
        elif born is not None:
            ctx.begun = born
    except _StoppedError:
        supervisor.kill()
    supervisor.watch()


def _make_room() -> None:
    """Allow as many open files as we may: a caller may have allowed few, and root's jails begin with many trees."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if not 0 <= soft < _FILES:
        return
    if os.geteuid() == 0:  # CAP_SYS_RESOURCE, or a refusal
        hard = max(hard, _FILES)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, _FILES), hard))
    except ValueError:
        return


class _StoppedError(Exception):
    """A step of the launcher failed; the ending has it."""


def _prepare(ctx: Context, ending: Ending) -> None:
    for stage in ("guard", "prepare", "clone"):
        _perform(ctx, stage, ending)


def _give_birth(ctx: Context, supervisor: Supervisor, ending: Ending) -> tuple[int, int]:
    try:
        pid, pidfd = namespaces.clone(ctx.namespaces)
    except OSError as error:
        first = next((i for i, step in enumerate(ctx.plan.steps) if step.stage == "clone"), -1)
        ending.failed(first, error.errno or 0, error.strerror or "")
        raise _StoppedError from error
    if pid == 0:
        supervisor.become_child()
        child.live(ctx)
    return pid, pidfd


def _perform(ctx: Context, stage: str, ending: Ending) -> None:
    for index, step in enumerate(ctx.plan.steps):
        if step.stage != stage:
            continue
        try:
            (_ACTS.get(step.act) or child.ACTS[step.act])(ctx, *step.arguments)
        except OSError as error:
            if step.soft:
                ending.noted(index, error.errno or 0)
                continue
            ending.failed(index, error.errno or 0, error.strerror or "")
            raise _StoppedError from error


def _deliver(ctx: Context, path: str, identity: tuple[int, int], room: int | None) -> None:
    from jailpy.launch.delivery import Delivery

    ctx.out = channel.pair()
    ctx.delivery = Delivery(path, identity, room)


def _finish(delivery: Delivery, ending: Ending) -> None:
    """Copy out what the jail has left; that is no time of the run."""
    began = time.monotonic()
    ending.left = delivery.finish()
    ending.clock += time.monotonic() - began


_ACTS: dict[str, Callable[..., None]] = {"deliver": _deliver}  # which the child must not even import


def stand_on_descriptors() -> None:
    """Give descriptors 0 to 2 a harmless meaning where the caller closed them, so that no pipe of ours lands there."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open("/dev/null", os.O_RDWR)
