"""Steps by which pid 1 and all below it give up what they could misuse: limits, capabilities, Landlock, seccomp."""

from __future__ import annotations

import resource

from jailpy.kernel import landlock as ll
from jailpy.model.host import Host
from jailpy.model.plan import Step
from jailpy.model.policy import Policy
from jailpy.plan.steps import Section

_LIMITS = Section("limits", "limits")
_TIES = Section("close", "supervision")
_CAPABILITIES = Section("close", "capabilities")
_NO_NEW_PRIVS = Section("close", "no-new-privs")
_LANDLOCK = Section("close", "landlock", ("no-new-privileges",))

_ALL_SCRATCH = (
    ll.EXECUTE
    | ll.WRITE_FILE
    | ll.READ_FILE
    | ll.REMOVE_DIR
    | ll.REMOVE_FILE
    | ll.MAKE_DIR
    | ll.MAKE_REG
    | ll.MAKE_SOCK
    | ll.MAKE_FIFO
    | ll.MAKE_SYM
    | ll.REFER
    | ll.TRUNCATE
)
_READ = ll.READ_FILE
_PROGRAMS = ll.READ_FILE | ll.EXECUTE
_READ_ONLY = ("tree-read-only",)
_OR_ROOT = (*_READ_ONLY, "root-read-only")
_OF_FILES = ("landlock-read-file", "landlock-write-file")  # a message queue is a file, and beneath no rule

_FILE_RIGHTS = (
    ("execute", ll.EXECUTE, 1, "programs run from the interpreter's folders, /tmp and /work only", ("shm-no-exec",)),
    ("write-file", ll.WRITE_FILE, 1, "files are written in scratch and write folders only", _OR_ROOT),
    ("read-file", ll.READ_FILE, 1, "files are read in the jail's own folders only", ("old-root-gone",)),
    ("remove", ll.REMOVE_DIR | ll.REMOVE_FILE, 1, "nothing is removed elsewhere", _OR_ROOT),
    ("make", ll.MAKE_DIR | ll.MAKE_REG | ll.MAKE_SYM, 1, "no file, folder or link is made elsewhere", _OR_ROOT),
    ("make-special", ll.MAKE_SOCK | ll.MAKE_FIFO, 1, "no socket or FIFO is made elsewhere", _OR_ROOT),
    ("make-device", ll.MAKE_CHAR | ll.MAKE_BLOCK, 1, "no device is made", ("seccomp-mknod-type",)),
    ("truncate", ll.TRUNCATE, 3, "no file is truncated elsewhere", _READ_ONLY),
    ("ioctl-device", ll.IOCTL_DEV, 5, "no ioctl on devices that are opened inside", ("seccomp-ioctl",)),
)


def steps(policy: Policy, host: Host, writable: tuple[str, ...]) -> list[Step]:
    """The stages limits and close, but for the filter itself."""
    return [*_limits(policy, host), *_ties(), *_capabilities(), *_landlock(policy, host, writable)]


def _limits(policy: Policy, host: Host) -> list[Step]:
    limits = policy.limits
    infinity = resource.RLIM_INFINITY
    ours = 1 if host.uid else 2  # pid 1, and host root's launcher, which enters the namespace
    behind = "pids" in host.cgroup  # then the cgroup's limit, which counts who was refused, is reached before this one
    tasks = infinity if limits.tasks is None else limits.tasks + ours + behind
    cpu = infinity if limits.cpu is None else -int(-limits.cpu // 1) + 1  # the watch comes first, which can tell why
    size = infinity if limits.file_size is None else limits.file_size
    files = infinity if limits.open_files is None else limits.open_files
    rows = (
        ("core", resource.RLIMIT_CORE, 1, 1, "no core file, and none for a core_pattern pipe", ("seccomp-core-limit",)),
        (
            "tasks",
            resource.RLIMIT_NPROC,
            tasks,
            tasks,
            f"{tasks} processes and threads in this user namespace, {ours + behind} of them not the plugin's",
            ("cgroup-tasks",) if behind else (),
        ),
        ("open-files", resource.RLIMIT_NOFILE, files, files, f"{files} open files a process", ()),
        ("file-size", resource.RLIMIT_FSIZE, size, size, f"{size} bytes a file", ()),
        (
            "cpu",
            resource.RLIMIT_CPU,
            cpu,
            cpu if cpu == infinity else cpu + 1,
            f"{cpu} s of processor time a process",
            ("limit-cpu-whole",),
        ),
        ("locked-memory", resource.RLIMIT_MEMLOCK, 1 << 16, 1 << 16, "64 KiB of locked memory", ("seccomp-mlock",)),
        ("queues", resource.RLIMIT_MSGQUEUE, 0, 0, "no POSIX message queues", ("seccomp-posix-mq", *_OF_FILES)),
        ("signals", resource.RLIMIT_SIGPENDING, 256, 256, "256 queued signals", ()),
        ("nice", resource.RLIMIT_NICE, 0, 0, "no better priority", ()),
        ("real-time", resource.RLIMIT_RTPRIO, 0, 0, "no real-time priority", ("seccomp-scheduling",)),
        ("stack", resource.RLIMIT_STACK, 8 << 20, 64 << 20, "8 MiB of stack: an unlimited one weakens ASLR", ()),
    )
    return [
        (_LIMITS.wall if _lowers(which, hard) else _LIMITS.build)(
            f"limit-{name}", text, "limit", which, soft, hard, shadows=shadows
        )
        for name, which, soft, hard, text, shadows in rows
    ]


def _lowers(which: int, hard: int) -> bool:
    """Whether the caller's own limit would be higher."""
    ceiling = resource.getrlimit(which)[1]
    return hard != resource.RLIM_INFINITY and (ceiling == resource.RLIM_INFINITY or ceiling > hard)


def _ties() -> list[Step]:
    return [
        _TIES.wall(
            "dies-with-launcher",
            "pid 1 is killed when the launcher ends",
            "die-with-launcher",
            shadows=("launcher-watched",),
        ),
        # Where it has ended before that, pid 1 would end a little later: at its first report, which nobody reads.
        _TIES.build("launcher-alive", "the launcher has not ended meanwhile", "check-launcher"),
    ]


def _capabilities() -> list[Step]:
    needs = ("namespace-user",)
    return [
        _CAPABILITIES.wall(
            "securebits-locked",
            "root gets no capabilities, no change of ids brings any back; locked",
            "securebits",
            needs=needs,
        ),
        _CAPABILITIES.wall("bounding-set-empty", "no capability can ever be gained", "bounding-set", needs=needs),
        _CAPABILITIES.wall(
            "ambient-set-empty",
            "no capability survives execve",
            "ambient",
            shadows=("namespace-user", "capability-permitted", "capability-inheritable", "securebits-locked"),
        ),
        _CAPABILITIES.wall(
            "capability-inheritable",
            "the inheritable set is empty",
            "capability-set",
            "inheritable",
            shadows=("namespace-user",),
        ),
        _CAPABILITIES.wall(
            "capability-effective",
            "the effective set is empty",
            "capability-set",
            "effective",
            shadows=("capability-permitted",),
        ),
        _CAPABILITIES.wall("capability-permitted", "the permitted set is empty", "capability-set", "permitted"),
        _NO_NEW_PRIVS.wall("no-new-privileges", "execve never gives privileges", "no-new-privileges"),
        _CAPABILITIES.wall(
            "pid-1-hidden",
            "pid 1 is not dumpable: nobody inside reads or traces it",
            "hide-memory",
            shadows=("host-root-left", "seccomp-ptrace", "seccomp-process-memory"),
        ),
    ]


def _landlock(policy: Policy, host: Host, writable: tuple[str, ...]) -> list[Step]:
    abi = host.landlock
    if abi == 0 or dict(policy.layers)["landlock"] == "off":
        return []
    found = [
        _LANDLOCK.wall(f"landlock-{name}", text, "landlock-files", rights, shadows=shadows)
        for name, rights, since, text, shadows in _FILE_RIGHTS
        if abi >= since
    ]
    if abi >= 2:  # below it the kernel refuses every rename between folders to a restricted process
        text = "files move between folders that are both writable"
        found.append(_LANDLOCK.build("landlock-refer", text, "landlock-files", ll.REFER))
    if abi >= 4 and not (policy.network.loopback or policy.network.allow):
        offline = "seccomp-network-off"
        found += [
            _LANDLOCK.wall(
                "landlock-bind-tcp", "no TCP port is bound", "landlock-network", ll.BIND_TCP, shadows=(offline,)
            ),
            _LANDLOCK.wall(
                "landlock-connect-tcp",
                "no TCP connection is made",
                "landlock-network",
                ll.CONNECT_TCP,
                shadows=(offline, "namespace-net"),
            ),
        ]
    if abi >= 6:
        found += [
            _LANDLOCK.wall(
                "landlock-scope-abstract",
                "no abstract socket from outside is reached",
                "landlock-scope",
                ll.SCOPE_ABSTRACT_UNIX,
                shadows=("namespace-net",),
            ),
            _LANDLOCK.wall(
                "landlock-scope-signal",
                "no process outside is signalled",
                "landlock-scope",
                ll.SCOPE_SIGNAL,
                shadows=("namespace-pid", "session-own"),
            ),
        ]
    allowed = (
        *(("/tmp", _ALL_SCRATCH), ("/work", _ALL_SCRATCH), ("/dev/shm", _ALL_SCRATCH & ~ll.EXECUTE)),
        *((path, _ALL_SCRATCH & ~ll.EXECUTE) for path in writable),
        *(("/dev", _READ | ll.WRITE_FILE), ("/etc", _READ), ("/proc", _READ), ("/plugin", _READ), ("/run", _READ)),
    )
    text = f"Landlock ABI {abi} is enforced"
    needs = ("no-new-privileges", "new-root")  # whose folders the rules name
    return [*found, _LANDLOCK.build("landlock-enforced", text, "landlock", abi, allowed, _PROGRAMS, needs=needs)]
