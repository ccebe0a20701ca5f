"""Namespaces: a child born in new ones, id maps, host name, loopback (namespaces(7), user_namespaces(7))."""

from __future__ import annotations

import _struct as struct  # the module around it is a file more to find
import fcntl

from jailpy import system as os
from jailpy.kernel import sockets
from jailpy.kernel.syscall import address, call, room

CLONE_NEWTIME = 0x00000080
CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
_CLONE_PIDFD = 0x00001000
_SIGCHLD = 17
_CLONE_INTO_CGROUP = 0x200000000
# struct clone_args as of Linux 5.7: flags pidfd child_tid parent_tid signal stack size tls set_tid its-size cgroup
_CLONE_ARGS = "=11Q"
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1


def clone(flags: int, cgroup: int = -1) -> tuple[int, int]:
    """Fork into new namespaces, and into an open cgroup: (pid, pidfd) in the parent, (0, -1) in the child (clone3(2)).

    The process must have one thread. The child is a plain copy: no handlers of the C library or of Python run.
    """
    slot = room()
    flags |= _CLONE_PIDFD | (_CLONE_INTO_CGROUP if cgroup >= 0 else 0)
    arguments = struct.pack(_CLONE_ARGS, flags, address(slot), 0, 0, _SIGCHLD, 0, 0, 0, 0, 0, max(cgroup, 0))
    pid = call("clone3", arguments, len(arguments))
    return (pid, struct.unpack_from("=i", slot)[0]) if pid else (0, -1)


def deny_setgroups(process: str) -> None:
    """Refuse setgroups(2) in the user namespace of ``process``: an unprivileged gid map needs it."""
    _write_once(f"/proc/{process}/setgroups", b"deny")


def map_id(process: str, which: str, inside: int, outside: int) -> None:
    """Map one id: ``which`` is "uid" or "gid" (user_namespaces(7), "Defining user and group ID mappings")."""
    _write_once(f"/proc/{process}/{which}_map", b"%d %d 1" % (inside, outside))


def stand_in(uid: tuple[int, int], gid: tuple[int, int]) -> int:
    """A descriptor of a user namespace for an id-mapped mount: (id in the file system, id that it stands for).

    A namespace needs a process while it is set up; that one ends when this function, or this process, does.
    """
    hold, let_go = os.pipe2(os.O_CLOEXEC)
    pid, pidfd = clone(CLONE_NEWUSER)
    if pid == 0:
        os.close(let_go)
        os.read(hold, 1)
        os._exit(0)
    os.close(hold)
    try:
        map_id(str(pid), "uid", *uid)
        map_id(str(pid), "gid", *gid)
        return user_namespace(str(pid))
    finally:
        os.close(let_go)
        os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
        os.close(pidfd)


def unshare_cgroup() -> None:
    """Take the cgroup that this process is in for the root of all that it sees (cgroup_namespaces(7))."""
    call("unshare", CLONE_NEWCGROUP)


def user_namespace(process: str) -> int:
    """A descriptor of the user namespace of ``process``, with which it can be entered later."""
    return os.open(f"/proc/{process}/ns/user", os.O_RDONLY | os.O_CLOEXEC)


def enter_user_namespace(fd: int) -> None:
    """Become a member, with all capabilities there and none elsewhere (setns(2))."""
    call("setns", fd, CLONE_NEWUSER)


def _write_once(path: str, content: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, content)
    finally:
        os.close(fd)


def set_host_name(name: str) -> None:
    """sethostname(2), in the UTS namespace of this process."""
    call("sethostname", name.encode(), len(name.encode()))


def raise_loopback() -> None:
    """Bring up ``lo`` of this network namespace (netdevice(7))."""
    control = sockets.datagram()
    answer = fcntl.ioctl(control, _SIOCGIFFLAGS, struct.pack("16sh22x", b"lo", 0))
    flags = struct.unpack_from("16xh", answer)[0] | _IFF_UP
    fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags))
    os.close(control)
