"""Steps from the launcher to a process of the jail's own: namespaces, ids, session, signals."""

from __future__ import annotations

from jailpy.kernel import namespaces as ns
from jailpy.model.host import Host
from jailpy.model.plan import Step
from jailpy.model.policy import Policy
from jailpy.plan.steps import Section

_PREPARE = Section("prepare", "capabilities")
_CLONE = Section("clone", "namespaces")
_MAP = Section("map", "namespaces")
_MAP_LIMITS = Section("map", "limits")
_IDENTITY = Section("identity", "namespaces")

INSIDE_ID = 1000  # the one uid and gid that exist in the jail

_NAMESPACES: tuple[tuple[str, int, str, tuple[str, ...]], ...] = (
    ("user", ns.CLONE_NEWUSER, "own ids; no right over anything outside", ()),
    ("mount", ns.CLONE_NEWNS, "own mounts", ()),
    ("pid", ns.CLONE_NEWPID, "own processes; pid 1 is ours and takes all down with it", ("landlock-scope-signal",)),
    ("net", ns.CLONE_NEWNET, "own network, with nothing in it", ("landlock-connect-tcp", "landlock-scope-abstract")),
    ("ipc", ns.CLONE_NEWIPC, "own System V IPC and message queues", ("seccomp-sysv-ipc", "seccomp-posix-mq")),
    ("uts", ns.CLONE_NEWUTS, "own host name", ()),
    ("cgroup", ns.CLONE_NEWCGROUP, "the place in the cgroup tree is not shown", ()),
)


def steps(policy: Policy, host: Host, host_id: int) -> list[Step]:
    """The steps of the stages prepare, clone, map and identity."""
    found = []
    if host.uid == 0:
        text = "the caller's supplementary groups are left behind"
        root = ("namespace-mount",)
        found.append(_PREPARE.wall("groups-cleared", text, "clear-groups", shadows=root))
    for name, flag, text, shadows in _NAMESPACES:
        needs = ("namespace-user",) if name != "user" else ()
        if name == "cgroup" and host.cgroup:  # born with the flag, its root were the launcher's place
            found.append(_IDENTITY.wall("namespace-cgroup", text, "cgroup-root", needs=needs))
            continue
        step = _CLONE.wall(f"namespace-{name}", text, "namespace", flag, needs=needs, shadows=shadows)
        found.append(step)
    text = "where the host runs out of memory, what the kernel ends first is in the jail"
    found.append(_MAP_LIMITS.wall("out-of-memory-first", text, "end-first", soft=True))
    return [*found, *_ids(host, host_id), *_own(policy, host)]


def _ids(host: Host, host_id: int) -> list[Step]:
    needs = ("namespace-user",)
    group = host_id if host.uid == 0 else host.gid
    text = "setgroups is refused for good"
    # an ordinary user's map is not taken without it (user_namespaces(7))
    denied = _MAP.wall if host.uid == 0 else _MAP.build
    found = [
        denied("setgroups-denied", text, "deny-setgroups", needs=needs),
        _MAP.build(
            "uid-mapped",
            f"uid {INSIDE_ID} inside is {host_id} outside, no other",
            "map-id",
            "uid",
            INSIDE_ID,
            host_id,
            needs=needs,
        ),
        _MAP.build(
            "gid-mapped",
            f"gid {INSIDE_ID} inside is {group} outside, no other",
            "map-id",
            "gid",
            INSIDE_ID,
            group,
            needs=needs,
        ),
    ]
    if host.uid == 0:
        text = "the launcher keeps hold of the jail's user namespace, for itself"
        found.append(_MAP.build("user-namespace-kept", text, "keep-user-namespace", needs=needs))
        found.append(
            _IDENTITY.wall(
                "host-root-left",
                f"become uid {INSIDE_ID} of the jail, never host root",
                "become",
                INSIDE_ID,
                INSIDE_ID,
                needs=needs,
                shadows=("namespace-mount",),
            )
        )
    return found


def _own(policy: Policy, host: Host) -> list[Step]:
    hidden = ("pid-1-hidden", "host-root-left")  # a change of ids also makes pid 1 non-dumpable (prctl(2))
    user_namespaces = "no user namespace may be made below this one (user.max_user_namespaces)"
    found = [
        _IDENTITY.wall(
            "session-own",
            "own session and process group, without the caller's terminal",
            "session",
            shadows=("plugin-session", "landlock-scope-signal"),
        ),
        _IDENTITY.wall(
            "keyring-own",
            "an empty session keyring instead of the caller's",
            "keyring",
            shadows=("seccomp-keyrings",),
            soft=True,
        ),
        _IDENTITY.wall("signals-default", "every signal has its default action", "default-signals"),
        _IDENTITY.wall("signals-unblocked", "no signal is blocked", "unblock-signals"),
        _IDENTITY.wall("umask-own", "files are made with umask 022", "umask", 0o022),
        _IDENTITY.wall(
            "environment-wiped",
            "the caller's environment is overwritten in the memory of pid 1",
            "wipe-environment",
            shadows=hidden,
        ),
        _IDENTITY.build(
            "host-name",
            f"host name {policy.process.hostname}",
            "host-name",
            policy.process.hostname,
            needs=("namespace-uts",),
        ),
    ]
    if host.sysctl_writable:
        found.append(
            _IDENTITY.wall(
                "user-namespaces-none",
                user_namespaces,
                "refuse-user-namespaces",
                shadows=("seccomp-namespaces", "below-namespace-root"),
                needs=("namespace-user",),
                soft=True,
            )
        )
    if policy.network.loopback:
        found.append(
            _IDENTITY.build("loopback-up", "lo is up, and is the jail's own", "loopback", needs=("namespace-net",))
        )
    return found
