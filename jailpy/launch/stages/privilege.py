"""Giving up: limits, capabilities, Landlock, seccomp, and the ties to the launcher's life."""

from __future__ import annotations

import errno

from jailpy import system as os
from jailpy.kernel import attributes, capabilities, landlock, processes, seccomp, usage
from jailpy.launch.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def limit(_: Context, which: int, soft: int, hard: int) -> None:
    usage.lower(which, soft, hard)


def die_with_launcher(_: Context) -> None:
    attributes.die_with_parent()


def check_launcher(ctx: Context) -> None:
    """The death signal never fires for a parent that ended before it was asked for."""
    if processes.ended(ctx.launcher):
        raise OSError(errno.ESRCH, "the launcher has ended")


def lock_securebits(_: Context) -> None:
    capabilities.lock_securebits()


def drop_bounding_set(_: Context) -> None:
    capabilities.drop_bounding_set()


def clear_ambient(_: Context) -> None:
    capabilities.clear_ambient()


def drop_set(_: Context, which: str) -> None:
    """Empty one capability set. Effective must be within permitted, so permitted goes after it."""
    effective, permitted, inheritable = capabilities.held()
    if which == "permitted":
        capabilities.keep_only(effective=0, permitted=0, inheritable=inheritable)
    elif which == "effective":
        capabilities.keep_only(effective=0, permitted=permitted, inheritable=inheritable)
    else:
        capabilities.keep_only(effective=effective, permitted=permitted, inheritable=0)


def no_new_privileges(_: Context) -> None:
    attributes.no_new_privileges()


def hide_memory(_: Context) -> None:
    attributes.hide_memory()


def landlock_files(ctx: Context, rights: int) -> None:
    ctx.landlock_files |= rights


def landlock_network(ctx: Context, rights: int) -> None:
    ctx.landlock_network |= rights


def landlock_scope(ctx: Context, scope: int) -> None:
    ctx.landlock_scopes |= scope


def restrict(ctx: Context, abi: int, allowed: tuple[tuple[str, int], ...], elsewhere: int) -> None:
    """Enforce what was collected: ``allowed`` has rights beneath paths, ``elsewhere`` those of other top folders."""
    handled = ctx.landlock_files
    ruleset = landlock.create_ruleset(abi, handled, ctx.landlock_network, ctx.landlock_scopes)
    named = {path for path, _ in allowed}
    rest = tuple((f"/{name}", elsewhere) for name in os.listdir("/") if f"/{name}" not in named and name != ".old")
    for path, rights in (*allowed, *rest):
        if rights & handled:
            landlock.allow_beneath(ruleset, path, rights & handled)
    landlock.restrict_self(ruleset)
    os.close(ruleset)


def declare(_: Context) -> None:
    """A rule of the filter, which carries it out."""


def filter_calls(_: Context, programs: tuple[bytes, ...]) -> None:
    for program in programs:
        seccomp.install(program)


ACTS: dict[str, Callable[..., None]] = {
    "limit": limit,
    "die-with-launcher": die_with_launcher,
    "check-launcher": check_launcher,
    "securebits": lock_securebits,
    "bounding-set": drop_bounding_set,
    "ambient": clear_ambient,
    "capability-set": drop_set,
    "no-new-privileges": no_new_privileges,
    "hide-memory": hide_memory,
    "landlock-files": landlock_files,
    "landlock-network": landlock_network,
    "landlock-scope": landlock_scope,
    "landlock": restrict,
    "rule": declare,
    "filter": filter_calls,
}
