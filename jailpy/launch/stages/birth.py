"""By the launcher, before the child is on its own: namespaces, id maps, and the trees that root opens."""

from __future__ import annotations

import errno

from jailpy import system as os
from jailpy.kernel import mounts, namespaces, processes
from jailpy.launch.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def clear_groups(_: Context) -> None:
    os.setgroups([])


def new_namespace(ctx: Context, flag: int) -> None:
    ctx.namespaces |= flag


def open_trees(ctx: Context, trees: tuple[tuple[str, str], ...]) -> None:
    """Root opens trees with its own rights, before it gives them up: the jail's id may not reach them by path."""
    try:
        for source, target in trees:
            ctx.trees[target] = mounts.open_tree(source, recursive=True)
    except OSError as error:
        if error.errno != errno.EMFILE:
            raise
        for tree in ctx.trees.values():  # then the jail's id opens them by path, one after the other, if it can
            os.close(tree)
        ctx.trees.clear()


def map_owner(ctx: Context, source: str, target: str, host_id: int, writable: bool) -> None:
    """Within the tree, its owner is the jail's id: private files can be read, and new ones are the owner's.

    The owner's group is the jail's only where files are made, whose group must be one of the file system's.
    """
    tree = ctx.trees.get(target, -1)
    if tree < 0:
        tree = ctx.trees[target] = mounts.open_tree(source, recursive=True)
    status = os.fstat(tree)
    users = namespaces.stand_in((status.st_uid, host_id), (status.st_gid, host_id if writable else status.st_gid))
    try:
        mounts.set_attributes(tree, on=mounts.ID_MAPPED, users=users, recursive=True)
    finally:
        os.close(users)


def deny_setgroups(ctx: Context) -> None:
    namespaces.deny_setgroups(ctx.process)


def map_id(ctx: Context, which: str, inside: int, outside: int) -> None:
    namespaces.map_id(ctx.process, which, inside, outside)


def end_first(ctx: Context) -> None:
    processes.end_first(ctx.process)


def keep_user_namespace(ctx: Context) -> None:
    ctx.user_namespace = namespaces.user_namespace(ctx.process)


ACTS: dict[str, Callable[..., None]] = {
    "clear-groups": clear_groups,
    "namespace": new_namespace,
    "open-trees": open_trees,
    "map-owner": map_owner,
    "deny-setgroups": deny_setgroups,
    "map-id": map_id,
    "end-first": end_first,
    "keep-user-namespace": keep_user_namespace,
}
