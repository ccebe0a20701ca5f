"""The plugin's own process, and what the launcher does about itself meanwhile.

The process is born by posix_spawn(3), which copies no memory and has no code of ours between fork and execve; the steps
before it say how.
"""

from __future__ import annotations

import os

from jailpy.kernel import capabilities, namespaces, processes, seccomp
from jailpy.launch.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_CONFIRM = "{confirm}"  # what stands in the plan for the descriptor
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
    program = _found(command[0], search)
    actions, session = ctx.file_actions, ctx.own_session
    ctx.plugin = os.posix_spawn(program, command, environment, file_actions=actions, setsid=session)


def _found(name: str, search: str) -> str:
    if "/" in name:
        return name
    candidates = [f"{folder}/{name}" for folder in search.split(":")]
    return next((path for path in candidates if os.access(path, os.X_OK)), candidates[0])


def watch_launcher(ctx: Context) -> None:
    ctx.watch_launcher = True


def limit_wall(ctx: Context, seconds: float) -> None:
    ctx.wall = seconds


def leash(ctx: Context, descriptors: tuple[int, ...]) -> None:
    ctx.leashes = descriptors


def limit_output(ctx: Context, size: int, then: str) -> None:
    ctx.output = size
    ctx.output_ends_run = then == "kill"


def limit_cpu(ctx: Context, seconds: float) -> None:
    ctx.cpu = seconds


def limit_memory(ctx: Context, size: int) -> None:
    ctx.memory = size


def limit_write(ctx: Context, size: int | None, files: int | None, trees: tuple[tuple[str, str], ...]) -> None:
    """Open the folders as the jail sees them, where the launcher has mounts of its own for them."""
    ctx.write_limits = (size, files)
    for source, target in trees:
        tree = ctx.trees.get(target, -1)
        fd = os.dup(tree) if tree >= 0 else os.open(source, os.O_PATH | os.O_CLOEXEC)
        ctx.written = (*ctx.written, fd)


def hand_out(ctx: Context, path: str) -> None:
    """Send the launcher a descriptor of the folder, through which it reads what is in it when we are gone."""
    from jailpy.kernel import handover, paths  # the launcher has imported them by now

    ours, to = ctx.out
    os.close(ours)
    folder = paths.open_beneath(ctx.root, path, os.O_RDONLY | os.O_DIRECTORY)
    handover.send(to, folder)
    os.close(folder)


def take_out(ctx: Context) -> None:
    """The launcher takes /out while it has its rights: the filter may refuse it later."""
    from jailpy.kernel import handover

    source, to = ctx.out
    os.close(to)
    assert ctx.delivery is not None
    ctx.delivery.take(*handover.receive(source, 1))


def step_down(ctx: Context, uid: int, gid: int, programs: tuple[bytes, ...]) -> None:
    """Host root has done its part: what reads the plugin's bytes has the jail's id and no more rights than the jail.

    Only a member of the jail's user namespace may then still see what the jail's processes hold (ptrace(2), "Ptrace
    access mode checking").
    """
    namespaces.enter_user_namespace(ctx.user_namespace)
    os.close(ctx.user_namespace)
    ctx.user_namespace = -1
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    capabilities.keep_only()
    capabilities.no_new_privileges()
    for program in programs:
        seccomp.install(program)


ACTS: dict[str, Callable[..., None]] = {
    "close-descriptors": close_descriptors,
    "empty-environment": empty_environment,
    "environment": set_environment,
    "own-session": own_session,
    "streams": own_streams,
    "take-terminal": take_terminal,
    "confirm": confirm,
    "execute": execute,
    "watch-launcher": watch_launcher,
    "wall": limit_wall,
    "output": limit_output,
    "cpu": limit_cpu,
    "memory": limit_memory,
    "write": limit_write,
    "leash": leash,
    "hand-out": hand_out,
    "take-out": take_out,
    "step-down": step_down,
}
