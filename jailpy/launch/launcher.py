"""The launcher: carries a plan out, watches the jail, and says how it ended.

One thread; every wait is a poll. It does not depend on SIGCHLD, on descriptors 0 to 2, or on anything else that
a caller may have set up badly.
"""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms
import time

from jailpy import system as os
from jailpy.kernel import namespaces, sockets
from jailpy.launch import channel, child
from jailpy.launch.context import Context
from jailpy.launch.ending import Ending
from jailpy.launch.stages import birth, guard
from jailpy.launch.supervisor import Supervisor
from jailpy.model.plan import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpy.launch.context import Delivery
    from jailpy.launch.group import Group
    from jailpy.model.result import Result

_FILES = 1024


def run(plan: Plan, born: Callable[[], None] | None = None, group: Group | None = None) -> Result:
    """Run ``plan`` to its end. What goes wrong on the way is in the result; nothing is left behind.

    ``group`` is the jail's cgroup; whoever made it removes it afterwards.

    ``born`` is called while the jail builds itself: this process would wait then, and that of root has its rights.
    """
    _make_room()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, the kernel would reap pid 1 before it is looked at
    ending = Ending(started=time.time(), clock=time.monotonic())
    ctx = Context(plan, group)
    with Supervisor(ctx, ending) as supervisor:
        _supervised(ctx, supervisor, ending, born)
        if ctx.delivery is not None:
            _finish(ctx.delivery, ending)
    from jailpy.launch.result import conclude  # it has come with what ``born`` needs

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
        born = born or _nothing
        if os.geteuid() == 0:
            supervisor.keep_rights(born)
        else:
            born()
    except _StoppedError:
        supervisor.kill()
    supervisor.watch()


def _nothing() -> None:
    """For callers who keep no account of a run."""


def _make_room() -> None:
    """Allow as many open files as we may: a caller may have allowed few, and root's jails begin with many trees."""
    if not 0 <= os.sysconf("SC_OPEN_MAX") < _FILES:
        return
    import resource  # which few runs need this early

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
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
        pid, pidfd = namespaces.clone(ctx.namespaces, ctx.cgroup)
    except OSError as error:
        first = next((i for i, step in enumerate(ctx.plan.steps) if step.stage == "clone"), -1)
        ending.failed(first, error.errno or 0, error.strerror or "")
        raise _StoppedError from error
    if pid == 0:
        _live(ctx, supervisor)
    return pid, pidfd


def _live(ctx: Context, supervisor: Supervisor) -> None:
    """In pid 1. Never returns."""
    try:
        supervisor.become_child()
        child.live(ctx)
    except BaseException as error:  # noqa: BLE001 (whatever it is, the jail must end, and say why)
        channel.report(ctx.channel, error)
    finally:
        os._exit(125)


def _perform(ctx: Context, stage: str, ending: Ending) -> None:
    for index, step in enumerate(ctx.plan.steps):
        if step.stage != stage:
            continue
        try:
            ACTS[step.act](ctx, *step.arguments)
        except OSError as error:
            if step.soft:
                ending.noted(index, error.errno or 0)
                continue
            ending.failed(index, error.errno or 0, error.strerror or "")
            raise _StoppedError from error


def _deliver(ctx: Context, path: str, identity: tuple[int, int], room: int | None) -> None:
    from jailpy.launch.delivery import Delivery

    ctx.out = sockets.pair()
    ctx.delivery = Delivery(path, identity, room)


def _finish(delivery: Delivery, ending: Ending) -> None:
    """Copy out what the jail has left; that is no time of the run."""
    began = time.monotonic()
    ending.left = delivery.finish()
    ending.clock += time.monotonic() - began


def _limit_group(ctx: Context, name: str, text: str) -> None:
    assert ctx.group is not None
    ctx.group.write(name, text)


def _limit_devices(ctx: Context, text: str) -> None:
    from jailpy.kernel import cgroups

    for device in cgroups.block_devices():
        _limit_group(ctx, "io.max", f"{device} {text}")


def _trace(ctx: Context, lifts: bool) -> None:
    from jailpy.launch.tracer import Tracer

    assert ctx.group is not None
    ctx.tracer = Tracer(ctx.group, lifts=lifts)
    ctx.trace = ctx.tracer.theirs


def _enter_group(ctx: Context) -> None:
    assert ctx.group is not None
    ctx.cgroup = ctx.group.fd


ACTS: dict[str, Callable[..., None]] = {
    **birth.ACTS,
    **guard.ACTS,
    "deliver": _deliver,
    "group-limit": _limit_group,
    "group-devices": _limit_devices,
    "group-enter": _enter_group,
    "trace": _trace,
}


def stand_on_descriptors() -> None:
    """Give descriptors 0 to 2 a harmless meaning where the caller closed them, so that no pipe of ours lands there."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open("/dev/null", os.O_RDWR)
