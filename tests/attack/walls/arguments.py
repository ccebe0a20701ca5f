"""Attacks on the rules about arguments of system calls that are allowed."""

from __future__ import annotations

import errno

from tests.attack.walls.arena import Attack
from tests.attack.walls.calls import LISTENER

_TRIED = (
    ("socket-family", "socket.socket, 16, socket.SOCK_DGRAM, 0"),  # AF_NETLINK
    ("socket-type", "socket.socket, socket.AF_UNIX, socket.SOCK_SEQPACKET"),
    ("setuid-bits", 'os.chmod, "file", 0o4755'),
    ("setuid-bits-of-new-files", 'os.open, "new", os.O_CREAT | os.O_WRONLY, 0o4755'),
    ("core-limit", "resource.setrlimit, resource.RLIMIT_CORE, (0, 0)"),
    ("priority-of-others", "os.setpriority, os.PRIO_PROCESS, 1, 5"),
    ("affinity-of-others", "os.sched_setaffinity, 1, os.sched_getaffinity(0)"),
    ("limits-of-others", "resource.prlimit, 1, resource.RLIMIT_NICE, (0, 0)"),
    ("fcntl-leases", "fcntl.fcntl, os.open('file', os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK"),
)
_CALLED = (
    ("socketpair", '"socketpair", 2, 1, 0, (ctypes.c_int * 2)()', "EAFNOSUPPORT"),
    ("msg-oob", '"sendto", -1, 0, 0, 1, 0, 0', errno.errorcode[errno.EOPNOTSUPP]),
    ("setsockopt-filters", '"setsockopt", -1, 1, 26, 0, 0', "EPERM"),
    ("setsockopt-ulp", '"setsockopt", -1, 6, 31, 0, 0', "EPERM"),
    ("ioctl", '"ioctl", socket.socket().fileno(), 0x8910, ctypes.create_string_buffer(40)', "ENOTTY"),  # SIOCGIFNAME
    ("huge-pages", '"memfd_create", b"huge", 4', "EPERM"),
    ("personality", '"personality", 0x0040000', "EPERM"),  # ADDR_NO_RANDOMIZE
    ("prctl", '"prctl", 4, 0, 0, 0, 0', "EPERM"),  # PR_SET_DUMPABLE
    ("clone-namespaces", '"clone", 0x10000011, 0, 0, 0, 0', "EPERM"),  # CLONE_NEWUSER | SIGCHLD
)

ATTACKS = (
    *(
        Attack(
            f"seccomp-{group}",
            'import fcntl\nopen("file", "w").close()\n'
            f"try:\n    finish(*tried({attempt}))\nexcept ValueError as error:\n    finish(False, error)\n",
        )
        for group, attempt in _TRIED
    ),
    *(
        Attack(
            f"seccomp-{group}",
            f"saw = call({arguments})\nif saw == 0 and {group!r} == 'clone-namespaces':\n    os._exit(0)\n"
            f"finish(saw != {refused!r}, saw)\n",
        )
        for group, arguments, refused in _CALLED
    ),
    Attack(
        "seccomp-setsockopt-buffers",
        "one = socket.socket()\nbuffer = (socket.SOL_SOCKET, socket.SO_SNDBUF)\nsize = one.getsockopt(*buffer)\n"
        "one.setsockopt(*buffer, 1 << 16)\nfinish(one.getsockopt(*buffer) != size, size)\n",
        profile="watched",  # a cgroup counts the buffers
    ),
    Attack(
        "seccomp-io-priority-of-others",
        'saw = call("ioprio_set", 1, 1, 0x4007)\nfinish(saw != "EPERM", saw)\n',
        profile="open",
    ),
    Attack(
        "seccomp-seccomp-listener",
        'saw = call("seccomp", 1, 8, 0)\nfinish(saw != "EPERM", saw)\n',
        profile="open",
    ),
    Attack(
        "seccomp-netlink-protocol",
        LISTENER
        + 'saw = passes("socket", 16, 3, 6)  # AF_NETLINK, SOCK_RAW, NETLINK_XFRM\nfinish(saw == "EXDEV", saw)\n',
        profile="open",
        also=("seccomp-seccomp-listener", "seccomp-ioctl"),
    ),
)
