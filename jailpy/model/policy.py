"""Policy: what is wanted of a jail. Pure data, merged and checked; no host facts."""

from __future__ import annotations

from jailpy.model.record import Record


class PythonPolicy(Record):
    interpreter: str = "auto"  # "auto", a path, or a version such as "3.12"
    venv: str = ""  # a virtual environment whose site-packages are mounted
    without: tuple[str, ...] = ()  # modules left out of the root
    memory_traceback: bool = False  # where it is, once, when its memory reaches limits.memory-high, or 7/8 of its limit


class FilesystemPolicy(Record):
    base: str = "minimal"  # "minimal": the interpreter alone; "usr": the host's /usr too
    tmp: int | None = 64 << 20  # bytes that /tmp, /work and /dev/shm may hold each; None: no limit
    tmp_files: int | None = 4096  # files in each of them
    read: tuple[str, ...] = ()  # "/host", or "/host:/jail"
    write: tuple[str, ...] = ()
    sockets: bool = False  # may a read or write tree hold sockets, FIFOs or devices
    proc: str = "required"  # "required" | "preferred" | "off"


class NetworkPolicy(Record):
    loopback: bool = True
    allow: tuple[str, ...] = ()  # "host:port"; empty until the egress broker exists
    private: tuple[str, ...] = ()


class ProcessPolicy(Record):
    env: tuple[tuple[str, str], ...] = ()
    pass_env: tuple[str, ...] = ()
    hostname: str = "jail"


class LimitsPolicy(Record):
    """Times in seconds, sizes in bytes, None: no limit."""

    wall: float | None = 60.0
    cpu: float | None = 60.0
    memory: int | None = 512 << 20
    memory_high: int | None = None  # above it the kernel takes memory back and slows the jail down
    swap: int | None = 0
    cpu_quota: float | None = None  # 1.0 is one whole processor
    cpu_weight: int | None = None  # its share beside other cgroups, 100 is the kernel's default
    cpus: str = ""  # the processors that it may run on, such as "0-1,3"; "": all
    io_read: int | None = None  # bytes a second
    io_write: int | None = None
    tasks: int | None = 64
    open_files: int | None = 256
    file_size: int | None = 64 << 20
    write: int | None = 1 << 30  # bytes by which the write folders may grow together
    write_files: int | None = 10_000  # and files
    output: int | None = 16 << 20
    output_then: str = "kill"  # "kill" | "truncate"
    cgroup_parent: str = ""  # where the jail's cgroup is made, a path in the cgroup tree; "": where it can be


class Condition(Record):
    """A test on one argument, on the bits that the kernel uses (``bits`` low ones).

    op "in": (argument & mask) is one of ``values``; op "not-in": it is none of them.
    """

    argument: int  # 0 to 5
    name: str  # the argument's name, for describe()
    op: str  # "in" | "not-in"
    mask: int
    values: tuple[int, ...]
    text: str  # as the profile wrote it


class ArgRule(Record):
    """Conditions on the arguments of some system calls, all of which must hold; else ``otherwise``."""

    group: str  # the rule's name: one removable step of the plan
    calls: tuple[str, ...]
    conditions: tuple[tuple[str, tuple[Condition, ...]], ...]  # per call: argument positions differ
    otherwise: str  # errno name, or "ignore": nothing is done, success is reported
    refuse: bool = False  # True: refused when all conditions hold, allowed otherwise
    why: str = ""
    when: str = ""  # off until the plan switches it on: "network-off", "tty", "memory-fallback"


class RefuseGroup(Record):
    """System calls that are known and refused, with one errno (or "kill")."""

    group: str
    calls: tuple[str, ...]
    otherwise: str  # errno name, or "kill"
    why: str = ""


class SeccompPolicy(Record):
    allow: tuple[str, ...] = ()  # system call names: sets expanded, remove and kill taken away
    rules: tuple[ArgRule, ...] = ()
    refuse: tuple[RefuseGroup, ...] = ()  # every known call that is not in allow
    foreign_abi: str = "kill"  # calls of another architecture or of x32: "kill" | "allow"
    newer_calls: str = "ENOSYS"  # numbers that no table knows: errno name, or "allow"


class Origin(Record):
    """Where the value of one key came from, for ``profile show --effective``."""

    key: str
    source: str  # file name
    line: int  # 0 where not known
    item: str = ""  # what stands there, of a list that adds


class Policy(Record):
    name: str
    source: str  # the file that was named
    chain: tuple[str, ...]  # it and its ancestors, nearest first
    layers: tuple[tuple[str, str], ...]
    python: PythonPolicy
    filesystem: FilesystemPolicy
    network: NetworkPolicy
    process: ProcessPolicy
    limits: LimitsPolicy
    seccomp: SeccompPolicy
    widen: tuple[str, ...]  # keys that options may widen, as glob patterns
    sha256: str  # digest of the effective policy
    origins: tuple[Origin, ...] = ()
