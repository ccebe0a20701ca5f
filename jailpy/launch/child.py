"""Pid 1 of the jail, from its birth to the plugin's execve: the stages in order, then the reaper.

A step that fails is named to the launcher and ends the process, and with pid 1 the whole jail.
"""

from __future__ import annotations

from jailpy import system as os
from jailpy.kernel import usage
from jailpy.launch import channel, reaper
from jailpy.launch.channel import Message
from jailpy.launch.context import Context
from jailpy.launch.stages import identity, privilege, program, root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ACTS: dict[str, Callable[..., None]] = identity.ACTS | root.ACTS | privilege.ACTS | program.ACTS


def live(ctx: Context) -> None:
    """Everything that pid 1 does, to its end."""
    if not os.read(ctx.channel, 1):  # the id map is written; end of file means that the launcher gave up
        return
    for stage in ("identity", "root", "limits"):
        perform(ctx, stage)
    if ctx.supervised:
        channel.send(ctx.channel, Message(kind=channel.BUILT))  # the launcher does its last steps meanwhile
    perform(ctx, "close")
    spent = usage.own()
    user, system = int(spent.user_s * 1e6), int(spent.system_s * 1e6)
    channel.send(ctx.channel, Message(kind=channel.READY, user_us=user, system_us=system))
    if not ctx.supervised or os.read(ctx.channel, 1):  # the launcher has done its last steps too
        reaper.run(ctx, start)


def start(ctx: Context) -> None:
    """The last steps, by which the plugin's process is born."""
    perform(ctx, "plugin")


def perform(ctx: Context, stage: str) -> None:
    """Carry out the steps of one stage in the plan's order."""
    for index, step in enumerate(ctx.plan.steps):
        if step.stage != stage:
            continue
        try:
            ACTS[step.act](ctx, *step.arguments)
        except OSError as error:
            channel.report(ctx.channel, error, step=index, kind=channel.NOTE if step.soft else channel.FAILED)
            if not step.soft:
                os._exit(125)
