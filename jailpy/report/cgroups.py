"""What keeps a jail from the limits of a cgroup on this host, and the line that gives them.

docs/cgroups.md goes through the kinds of hosts; each line here stands there too.
"""

from __future__ import annotations

from jailpy.kernel.cgroups import CONTROLLERS
from jailpy.model.policy import LimitsPolicy
from jailpy.plan import group
from jailpy.plan.compose import WATCHED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jailpy.kernel.host_facts import Tree
    from jailpy.launch.placement import Placement

_ALL = " ".join(CONTROLLERS)
_EACH = " ".join(f"+{name}" for name in CONTROLLERS)
_LIMITS = group.wanted(LimitsPolicy(memory_high=1, cpu_quota=1, cpu_weight=1, cpus="0", io_read=1, io_write=1))
_FOLDER = "/etc/systemd/system/user@.service.d"
ANEW = "log out everywhere and in again, or restart user@UID.service, for the user's systemd to start anew"
DROP_IN = (
    f"as root: mkdir -p {_FOLDER} && printf '[Service]\\nDelegate={_ALL}\\n' > {_FOLDER}/delegate.conf"
    f" && systemctl daemon-reload; then {ANEW}"
)
LINGER = "as root: loginctl enable-linger {uid}; or in a systemd unit: Delegate=yes"
BUS = "as root: apt install dbus-user-session (or what gives users a bus, /run/user/UID/bus); then log in again"
UNIT = "in the unit: Delegate=yes, no ProtectControlGroups=yes; with other processes in it also DelegateSubgroup=NAME"
READ_ONLY_UNIT = "in the unit: Delegate=yes and ProtectControlGroups=no"
ENGINE = (
    "start the container with --cgroupns private, and Docker with --security-opt writable-cgroups=true, Podman with"
    " --security-opt unmask=/sys/fs/cgroup"
)
ALONE = (
    "start jailpy as the container's own command and user, or first of all move what else runs there:"
    " mkdir /sys/fs/cgroup/app && echo 0 > /sys/fs/cgroup/app/cgroup.procs"
)
GIVEN = (
    f"as root: mkdir -p {{mount}}/jails/user && echo '{_EACH}' > {{mount}}/cgroup.subtree_control"
    f" && echo '{_EACH}' > {{mount}}/jails/cgroup.subtree_control"
    " && cd {mount}/jails && chown {uid} . cgroup.procs cgroup.threads cgroup.subtree_control"
    " && echo PID > {mount}/jails/user/cgroup.procs; PID is that of the shell or program from which jailpy is started"
)
VERSION_2 = "boot with systemd.unified_cgroup_hierarchy=1"
NO_VERSION_1 = "boot with cgroup_no_v1=all, and mount version 2 at /sys/fs/cgroup"
ENABLED = "boot with cgroup_enable=memory"
SWAP = "boot with swapaccount=1"
KERNEL = "a kernel with CONFIG_CGROUPS and its controllers (CONFIG_MEMCG, CONFIG_BLK_CGROUP, CONFIG_CPUSETS …)"
HANDED_DOWN = f"the container's host keeps them from it; under a rootless engine, there {DROP_IN}"


def gaps(tree: Tree, place: Placement, uid: int) -> list[tuple[str, str]]:
    """What a jail of this caller goes without, and the line that changes it."""
    lacking = [name for name in CONTROLLERS if name not in place.controllers]
    useless = "memory" not in tree.controllers  # a jail then has no cgroup at all
    missing = {name: _remedy("memory" if useless else name, tree, place, uid) for name in lacking}
    told = []
    for fix in dict.fromkeys(missing.values()):
        names = [name for name in missing if missing[name] == fix]
        told.append((f"no {', '.join(names)}: {_consequence(names)}", fix))
    if place.controllers and not tree.swap:
        told.append(("memory is limited, swap is not", SWAP))
    return told


def _consequence(names: list[str]) -> str:
    """What is not limited without these controllers."""
    limits = [f"limits.{key}" for key, needs in _LIMITS.items() if needs in names and key not in WATCHED]
    watched = "memory is only watched, " if "memory" in names else ""
    if not limits:
        return "tasks are limited by the user namespace"
    return f"{watched}{', '.join(limits)} {'do' if len(limits) > 1 else 'does'} nothing"


def _remedy(name: str, tree: Tree, place: Placement, uid: int) -> str:
    if name in tree.version_1 or not tree.mount:
        return VERSION_2 if tree.systemd else NO_VERSION_1
    if name not in tree.controllers:
        return _of_the_root(name, tree)
    if tree.read_only:
        return READ_ONLY_UNIT if tree.whole else ENGINE
    if place.kind == "none":
        return _first(tree, uid)
    return _more(tree, place, uid)


def _of_the_root(name: str, tree: Tree) -> str:
    """For a controller that the root of the tree has not."""
    if not tree.whole:
        return HANDED_DOWN
    return ENABLED if name == "memory" else KERNEL


def _first(tree: Tree, uid: int) -> str:
    """For a caller to whom nothing is delegated."""
    if not tree.whole:
        return ALONE
    if not tree.systemd:
        return GIVEN.format(mount=tree.mount, uid=uid)
    if _in_unit(tree.own):
        return UNIT
    return BUS if tree.manager else LINGER.format(uid=uid)


def _more(tree: Tree, place: Placement, uid: int) -> str:
    """For a caller to whom other controllers are delegated."""
    if not tree.whole:
        return ALONE
    if place.kind == "scope" or "/user@" in tree.own:
        return DROP_IN
    if tree.systemd and _in_unit(tree.own):
        return f"in the unit: Delegate={_ALL}"
    return GIVEN.format(mount=tree.mount, uid=uid)


def _in_unit(own: str) -> bool:
    """Whether a unit of the host's systemd, and no user's, holds the caller."""
    return "/user@" not in own and ".service" in own
