"""The life of pid 1: start the plugin, reap, pass signals on, end when the plugin or the launcher ends.

It runs under the same filter as the plugin, without capabilities and not dumpable. Its end is the end of
every process of the jail (pid_namespaces(7)).
"""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms
import select

from jailpy import system as os
from jailpy.kernel import mounts, processes
from jailpy.launch import channel
from jailpy.launch.channel import Message
from jailpy.launch.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def run(ctx: Context, start: Callable[[Context], None]) -> None:
    """Let ``start`` give birth to the plugin's process, and stay until it ends."""
    woken, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    executed, ctx.executing = os.pipe2(os.O_CLOEXEC)
    start(ctx)
    os.close(ctx.executing)
    for fd in (*ctx.streams, *((ctx.trace,) if ctx.trace >= 0 else ())):
        os.close(fd)
    if ctx.confirms and not os.read(executed, 1):  # end of file: the bootstrap has ended
        narrowing = next(index for index, step in enumerate(ctx.plan.steps) if step.act == "confirm")
        text = "the bootstrap did not confirm it"
        channel.send(ctx.channel, Message(kind=channel.FAILED, step=narrowing, text=text))
        return
    os.close(executed)
    _watch(ctx, ctx.plugin, woken)


def _watch(ctx: Context, plugin: int, woken: int) -> None:
    poll = select.poll()
    for fd in (woken, ctx.channel, *((ctx.launcher,) if ctx.watch_launcher else ())):
        poll.register(fd, select.POLLIN)
    while True:
        if _reap(ctx, plugin):
            return
        for fd, _ in poll.poll():
            if fd == woken:
                os.read(woken, 4096)
            elif fd == ctx.channel:
                _pass_on(ctx, poll, plugin)
            elif processes.ended(ctx.launcher):
                return


def _reap(ctx: Context, plugin: int) -> bool:
    """Collect every child that has ended; true when the plugin is among them and its end is told."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return True
        if pid == 0:
            return False
        if pid == plugin:
            size, files = _fullest(ctx.scratch)
            channel.send(ctx.channel, Message(kind=channel.ENDED, number=status, scratch=size, scratch_files=files))
            return True


def _fullest(folders: list[str]) -> tuple[int, int]:
    """Bytes and files in the fullest of the scratch folders, which each have the limit to themselves."""
    try:
        used = [mounts.used(path) for path in folders]
    except OSError:  # a profile may refuse statfs
        return 0, 0
    return max((size for size, _ in used), default=0), max((files for _, files in used), default=0)


def _pass_on(ctx: Context, poll: select.poll, plugin: int) -> None:
    """Each byte from the launcher is a signal number for the plugin; stop and go on are for all its processes."""
    numbers = os.read(ctx.channel, 64)
    if not numbers:
        poll.unregister(ctx.channel)
    for number in numbers:
        os.kill(-1 if number in (signal.SIGSTOP, signal.SIGCONT) else plugin, number)
