"""The life of pid 1: start the plugin, reap, pass signals on, end when the plugin or the launcher ends.

It runs under the same filter as the plugin, without capabilities and not dumpable. Its end is the end of
every process of the jail (pid_namespaces(7)).
"""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms
import os
import select

from jailpy.kernel import processes
from jailpy.launch import channel
from jailpy.launch.channel import Message
from jailpy.launch.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def run(ctx: Context, start: Callable[[Context], None]) -> None:
    """Fork the plugin's process, which runs ``start``, and stay until it ends."""
    woken, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    executed, ctx.executing = os.pipe2(os.O_CLOEXEC)
    plugin = os.fork()
    if plugin == 0:
        os.close(executed)
        start(ctx)
    os.close(ctx.executing)
    for fd in ctx.streams:
        os.close(fd)
    word = os.read(executed, 1)  # end of file: execve has closed the other end, or the process has ended
    os.close(executed)
    narrowing = next((index for index, step in enumerate(ctx.plan.steps) if step.act == "confirm"), -1)
    if narrowing >= 0 and not word:
        text = "the bootstrap did not confirm it"
        channel.send(ctx.channel, Message(kind=channel.FAILED, step=narrowing, text=text))
        return
    _watch(ctx, plugin, woken)


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
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return True
        if pid == 0:
            return False
        if pid == plugin:
            channel.send(
                ctx.channel,
                Message(
                    kind=channel.ENDED,
                    number=status,
                    user_us=int(usage.ru_utime * 1e6),
                    system_us=int(usage.ru_stime * 1e6),
                    memory=usage.ru_maxrss * 1024,
                ),
            )
            return True


def _pass_on(ctx: Context, poll: select.poll, plugin: int) -> None:
    """Each byte from the launcher is a signal number for the plugin."""
    numbers = os.read(ctx.channel, 64)
    if not numbers:
        poll.unregister(ctx.channel)
    for number in numbers:
        os.kill(plugin, number)
