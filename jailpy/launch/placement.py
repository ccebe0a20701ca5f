"""Where in the cgroup tree a jail's group can be made: found by looking, then made, before there is a plan.

In this order: a parent that somebody named; the launcher's own group where it was delegated and nobody else is in it,
or one above it that was; a scope from the user's systemd; for root a slice of our own.
"""

from __future__ import annotations

from jailpy import system as os
from jailpy.errors import HostError
from jailpy.kernel import cgroups
from jailpy.launch.group import Group
from jailpy.model.record import Record

SLICE = "jailpy.slice"  # root's; it stays, so that an administrator can limit all jails together
_NAME = "jailpy-"


class Placement(Record):
    """What a jail would get here. kind "none", "parent" (made in ``folder``), "alone" or "scope" (see above)."""

    kind: str
    note: str  # where, or why nowhere
    folder: str = ""
    controllers: tuple[str, ...] = ()


def look(parent: str = "") -> Placement:
    """The place for a jail of this caller; nothing is made. Raises HostError for a named parent that cannot be used."""
    mount = cgroups.mounted()
    if not mount:
        return Placement(kind="none", note="cgroup version 2 is not mounted")
    if parent:
        return _named(mount, parent)
    if os.geteuid() == 0:
        return _of_root(mount)
    own = f"{mount}{cgroups.own()}"
    return _alone(own) or _above(mount, own) or _scope(mount)


def _named(mount: str, parent: str) -> Placement:
    folder = parent if parent.startswith(f"{mount}/") else f"{mount}/{parent.strip('/')}"
    if not os.path.isdir(folder):
        raise HostError(f"cgroup {parent}: there is none below {mount}", hint="make it, or name another parent")
    shared = os.path.commonpath([folder, f"{mount}{cgroups.own()}"])
    for group in (folder, shared):
        if not cgroups.is_divisible(group):
            hint = "both it and the group above the caller and it must be delegated to this user (cgroups(7))"
            raise HostError(f"cgroup {parent}: this user may not move processes in {group}", hint=hint)
    return Placement(kind="parent", note=f"in {parent}", folder=folder, controllers=_reachable(folder))


def _of_root(mount: str) -> Placement:
    if not os.access(mount, os.W_OK):
        return Placement(kind="none", note=f"{mount} is mounted read-only")
    names = cgroups.controllers(mount) if _holds_nobody(mount) else cgroups.handed_down(mount)
    return Placement(kind="parent", note=f"in {SLICE}", folder=f"{mount}/{SLICE}", controllers=names)


def _holds_nobody(folder: str) -> bool:
    """Whether what it has may be handed down: no process is in it, or it is the root of all (no cgroup.type there)."""
    return not os.path.exists(f"{folder}/cgroup.type") or not cgroups.members(folder)


def _reachable(folder: str) -> tuple[str, ...]:
    return cgroups.controllers(folder) if _holds_nobody(folder) else cgroups.handed_down(folder)


def _alone(own: str) -> Placement | None:
    if not (_given_away(own) and cgroups.members(own) == (os.getpid(),)):
        return None
    return Placement(kind="alone", note="in the caller's own group", folder=own, controllers=cgroups.controllers(own))


def _above(mount: str, own: str) -> Placement | None:
    """A unit that was delegated, with its processes in a group below it (DelegateSubgroup=, systemd.exec(5))."""
    folder = os.path.dirname(own)
    while folder.startswith(mount):  # in a container the mounted root is a group as others
        if not cgroups.is_divisible(folder):
            return None
        if _given_away(folder) and not cgroups.members(folder):
            names = cgroups.controllers(folder)
            return Placement(kind="parent", note="in a group above the caller's", folder=folder, controllers=names)
        folder = os.path.dirname(folder)
    return None


def _given_away(folder: str) -> bool:
    """Whether the group may be divided, and nobody else does: all of a user manager's tree belongs to its user."""
    return cgroups.is_divisible(folder) and (cgroups.delegated(folder) or "/user@" not in folder)


def _scope(mount: str) -> Placement:
    from jailpy.launch import systemd

    if not systemd.reachable():
        note = "no group was delegated to the caller, and no systemd runs for this user"
        return Placement(kind="none", note=note)
    uid = os.getuid()
    manager = f"{mount}/user.slice/user-{uid}.slice/user@{uid}.service"
    return Placement(kind="scope", note="in a scope of the user's systemd", controllers=cgroups.controllers(manager))


def make(place: Placement) -> Group:
    """A new, empty group for one jail. Raises OSError."""
    leaf = ""
    if place.kind == "scope":
        from jailpy.launch import systemd

        systemd.scope(f"{_NAME}{os.getpid()}-{os.urandom(4).hex()}.scope", "a jail of jailpy")
        place = place._replace(folder=f"{cgroups.mounted()}{cgroups.own()}")
    if place.kind in ("alone", "scope"):
        leaf = f"{place.folder}/{_NAME}launcher"
        os.makedirs(leaf, exist_ok=True)
        cgroups.move(leaf, os.getpid())
    else:
        _open_slice(place.folder)
    if place.kind != "scope":  # which is new
        _sweep(place.folder)
    cgroups.hand_down(place.folder, cgroups.controllers(place.folder))
    return _new(place, leaf)


def _open_slice(folder: str) -> None:
    """Root's slice is made by the first of its jails; what is above must hand down to it."""
    if os.path.basename(folder) == SLICE:
        above = os.path.dirname(folder)
        cgroups.hand_down(above, cgroups.controllers(above))
        os.makedirs(folder, exist_ok=True)


def _new(place: Placement, leaf: str) -> Group:
    """Make and lock it; a launcher that sweeps meanwhile can take it away before it is locked."""
    while True:
        folder = f"{place.folder}/{_NAME}{os.getpid()}-{os.urandom(4).hex()}"
        os.mkdir(folder, 0o755)
        try:
            fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        cgroups.hold(fd, wait=True)
        if os.path.exists(folder):
            return Group(folder, fd, note=place.note, leaf=leaf, scope=place.kind == "scope")
        os.close(fd)


def _sweep(folder: str) -> None:
    """Remove what launchers left that were killed; a group with processes in it cannot be removed, nor a held one."""
    for entry in os.scandir(folder):
        if not entry.name.startswith(_NAME):
            continue
        try:
            fd = os.open(entry.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            if cgroups.hold(fd, wait=False):
                os.rmdir(entry.path)
        except OSError:
            continue
        finally:
            os.close(fd)
