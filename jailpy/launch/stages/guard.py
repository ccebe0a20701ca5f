"""By the launcher: what it watches, and what it does about itself when the jail is closed."""

from __future__ import annotations

from jailpy import system as os
from jailpy.kernel import attributes, capabilities, namespaces, seccomp
from jailpy.launch.context import Context
from jailpy.launch.ending import Ending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


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
    attributes.no_new_privileges()
    for program in programs:
        seccomp.install(program)


ACTS: dict[str, Callable[..., None]] = {
    "watch-launcher": watch_launcher,
    "wall": limit_wall,
    "output": limit_output,
    "cpu": limit_cpu,
    "memory": limit_memory,
    "write": limit_write,
    "leash": leash,
    "take-out": take_out,
    "step-down": step_down,
}


def supervise(ctx: Context, ending: Ending) -> bool:
    """The launcher's own last steps, while the jail closes itself; false where one failed, and the ending has it."""
    for index, step in enumerate(ctx.plan.steps):
        if step.stage != "supervise":
            continue
        try:
            ACTS[step.act](ctx, *step.arguments)
        except OSError as error:
            ending.failed(index, error.errno or 0, error.strerror or "")
            return False
    return True
