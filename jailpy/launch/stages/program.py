"""By pid 1: the plugin's own process.

The process is born by posix_spawn(3), which copies no memory and has no code of ours between fork and execve; the steps
before it say how.
"""

from __future__ import annotations

from jailpy import system as os
from jailpy.kernel import processes
from jailpy.launch.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_CONFIRM, _TRACE = "{confirm}", "{trace}"  # what stands in the plan for the descriptors
_FREE = 0  # a descriptor that the plugin's process is given anew afterwards


def close_descriptors(ctx: Context) -> None:
    ctx.close_descriptors = True


def empty_environment(ctx: Context) -> None:
    ctx.environment = {}


def set_environment(ctx: Context, variables: tuple[tuple[str, str], ...]) -> None:
    ctx.environment = {**(os.environ if ctx.environment is None else ctx.environment), **dict(variables)}


def own_session(ctx: Context) -> None:
    ctx.own_session = True


def own_streams(ctx: Context) -> None:
    """Standard input, output and error are pipes of ours, never the caller's files or terminal."""
    ctx.file_actions += [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(ctx.streams)]


def take_terminal(ctx: Context) -> None:
    """A session leader without a terminal gets the one that it opens (tty_ioctl(4), TIOCSCTTY)."""
    ctx.file_actions += [(os.POSIX_SPAWN_OPEN, _FREE, "/dev/pts/0", os.O_RDWR, 0), (os.POSIX_SPAWN_CLOSE, _FREE)]


def confirm(ctx: Context) -> None:
    ctx.confirms = True


def execute(ctx: Context, command: tuple[str, ...], search: str) -> None:
    """Start the program; ``search`` is the jail's PATH, for a name without a slash."""
    environment = dict(os.environ) if ctx.environment is None else ctx.environment
    if ctx.close_descriptors:
        processes.mark_close_on_exec(3)
    if ctx.confirms:  # the one descriptor that the bootstrap inherits, and closes before it opens the plugin
        os.set_inheritable(ctx.executing, True)
        command = tuple(str(ctx.executing) if word == _CONFIRM else word for word in command)
    if ctx.trace >= 0:
        os.set_inheritable(ctx.trace, True)
        command = tuple(str(ctx.trace) if word == _TRACE else word for word in command)
    program = _found(command[0], search)
    actions, session = ctx.file_actions, ctx.own_session
    ctx.plugin = os.posix_spawn(program, command, environment, file_actions=actions, setsid=session)


def _found(name: str, search: str) -> str:
    if "/" in name:
        return name
    candidates = [f"{folder}/{name}" for folder in search.split(":")]
    return next((path for path in candidates if os.access(path, os.X_OK)), candidates[0])


def hand_out(ctx: Context, path: str) -> None:
    """Send the launcher a descriptor of the folder, through which it reads what is in it when we are gone."""
    from jailpy.kernel import handover, paths  # the launcher has imported them by now

    ours, to = ctx.out
    os.close(ours)
    folder = paths.open_beneath(ctx.root, path, os.O_RDONLY | os.O_DIRECTORY)
    handover.send(to, folder)
    os.close(folder)


ACTS: dict[str, Callable[..., None]] = {
    "close-descriptors": close_descriptors,
    "empty-environment": empty_environment,
    "environment": set_environment,
    "own-session": own_session,
    "streams": own_streams,
    "take-terminal": take_terminal,
    "confirm": confirm,
    "execute": execute,
    "hand-out": hand_out,
}
