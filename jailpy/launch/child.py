"""Pid 1 of the jail, from its birth to the plugin's execve: the stages in order, then the reaper.

A step that fails is named to the launcher and ends the process, and with pid 1 the whole jail.
"""

from __future__ import annotations

import os
import resource

from jailpy.launch import channel, reaper
from jailpy.launch.channel import Message
from jailpy.launch.context import Context
from jailpy.launch.stages import birth, privilege, program, root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ACTS: dict[str, Callable[..., None]] = birth.ACTS | root.ACTS | privilege.ACTS | program.ACTS


def live(ctx: Context) -> None:
    """Everything that pid 1 does. Never returns."""
    try:
        if os.read(ctx.channel, 1):  # the id map is written; end of file means that the launcher gave up
            for stage in ("identity", "root", "limits", "close"):
                perform(ctx, stage)
            spent = resource.getrusage(resource.RUSAGE_SELF)
            user, system = int(spent.ru_utime * 1e6), int(spent.ru_stime * 1e6)
            channel.send(ctx.channel, Message(kind=channel.READY, user_us=user, system_us=system))
            if os.read(ctx.channel, 1):  # the launcher has done its last steps too
                reaper.run(ctx, start)
    except BaseException as error:  # noqa: BLE001 (whatever it is, the jail must end, and say why)
        _report(ctx, -1, error)
    finally:
        os._exit(125)


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
            _report(ctx, index, error, channel.NOTE if step.soft else channel.FAILED)
            if not step.soft:
                os._exit(125)


def _report(ctx: Context, step: int, error: BaseException, kind: int = channel.FAILED) -> None:
    number = error.errno or 0 if isinstance(error, OSError) else 0
    text = getattr(error, "strerror", None) if number else f"{type(error).__name__}: {error}"
    channel.send(ctx.channel, Message(kind=kind, step=step, number=number, text=str(text)))
