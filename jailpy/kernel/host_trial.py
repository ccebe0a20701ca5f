"""Trying out what the cheap probe only believes: some hosts let a namespace be made and give no power over it.

Everything is tried in children that end at once, so nothing of it stays. The process must have one thread, and its
SIGCHLD the default action.
"""

from __future__ import annotations

import os
import struct

from jailpy.kernel import keyrings, landlock, mounts, namespaces, paths, seccomp
from jailpy.kernel.attributes import no_new_privileges
from jailpy.kernel.processes import mark_close_on_exec
from jailpy.model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

NAMESPACES = (
    ("mount", namespaces.CLONE_NEWNS),
    ("pid", namespaces.CLONE_NEWPID),
    ("net", namespaces.CLONE_NEWNET),
    ("ipc", namespaces.CLONE_NEWIPC),
    ("uts", namespaces.CLONE_NEWUTS),
    ("cgroup", namespaces.CLONE_NEWCGROUP),
    ("time", namespaces.CLONE_NEWTIME),
)
_INSIDE = 1000
_ALLOW_ALL = struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000)  # one instruction: BPF_RET | BPF_K, SECCOMP_RET_ALLOW


class Trial(Record):
    name: str
    number: int  # errno; 0: it worked


def each_namespace() -> tuple[Trial, ...]:
    """The user namespace, and, where it can be had, every other kind together with it."""
    user = _attempt("user", _born_and_gone, 0)
    if user.number:
        return (user,)
    return (user, *(_attempt(name, _born_and_gone, flag) for name, flag in NAMESPACES))


def system_calls() -> tuple[Trial, ...]:
    """The newer system calls that the launcher needs, and the answers that a filter can give."""
    tried = [
        _attempt("pidfd_open", lambda: os.close(os.pidfd_open(os.getpid()))),
        _attempt("close_range", mark_close_on_exec, 0xFFFFFFFE),
        _attempt("openat2", _open_root),
        _attempt("memfd_create", lambda: os.close(os.memfd_create("jailpy"))),
    ]
    tried += [_attempt(f"seccomp {name}", seccomp.available, code) for name, code in seccomp.ACTIONS]
    return tuple(tried)


def inside(outside_uid: int, outside_gid: int) -> tuple[Trial, ...]:
    """A jail's own first steps, in all namespaces: id map, mounts, loopback, keyring, Landlock, filter."""
    answers, answer = os.pipe2(os.O_CLOEXEC)
    gate, opened = os.pipe2(os.O_CLOEXEC)
    everything = sum(flag for name, flag in NAMESPACES if name != "time") | namespaces.CLONE_NEWUSER
    try:
        pid, pidfd = namespaces.clone(everything)
    except OSError as error:
        for fd in (answers, answer, gate, opened):
            os.close(fd)
        return (Trial(name="all namespaces at once", number=error.errno or 0),)
    if pid == 0:
        os.close(opened)
        _live(gate, answer)
    os.close(answer)
    os.close(gate)
    mapped = _attempt("id map", _map, str(pid), outside_uid, outside_gid)
    if mapped.number == 0:
        os.write(opened, b"m")
    os.close(opened)
    data = b"".join(iter(lambda: os.read(answers, 4096), b""))
    os.close(answers)
    os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
    os.close(pidfd)
    numbers = struct.unpack(f"={len(data) // 4}i", data)
    return (
        mapped,
        *(Trial(name=name, number=number) for (name, _), number in zip(_FIRST_STEPS, numbers, strict=False)),
    )


def _attempt(name: str, act: Callable[..., object], *arguments: object) -> Trial:
    try:
        act(*arguments)
    except OSError as error:
        return Trial(name=name, number=error.errno or 0)
    return Trial(name=name, number=0)


def _born_and_gone(flag: int) -> None:
    pid, pidfd = namespaces.clone(namespaces.CLONE_NEWUSER | flag)
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
    os.close(pidfd)


def _open_root() -> None:
    root = os.open("/", os.O_PATH | os.O_CLOEXEC)
    try:
        os.close(paths.open_beneath(root, "."))
    finally:
        os.close(root)


def _map(process: str, uid: int, gid: int) -> None:
    namespaces.deny_setgroups(process)
    namespaces.map_id(process, "uid", _INSIDE, uid)
    namespaces.map_id(process, "gid", _INSIDE, gid)


def _live(gate: int, answer: int) -> None:
    """The child: take the first steps and tell the errno of each. Never returns."""
    try:
        if os.read(gate, 1):
            for name, act in _FIRST_STEPS:
                os.write(answer, struct.pack("=i", _attempt(name, act).number))
    finally:
        os._exit(0)


def _become() -> None:
    os.setresgid(_INSIDE, _INSIDE, _INSIDE)
    os.setresuid(_INSIDE, _INSIDE, _INSIDE)


def _private() -> None:
    mounts.set_attributes(mounts.AT_FDCWD, "/", propagation=mounts.PRIVATE, recursive=True)


def _mount(kind: str, *options: tuple[str, str]) -> None:
    quiet = mounts.NO_SUID | mounts.NO_DEV | mounts.NO_EXEC
    mounts.move_mount(mounts.new_filesystem(kind, options, quiet), "/tmp")


def _give_up_files() -> None:
    if landlock.version():
        landlock.restrict_self(landlock.create_ruleset(1, landlock.MAKE_BLOCK, 0, 0))


_FIRST_STEPS: tuple[tuple[str, Callable[[], None]], ...] = (
    ("own ids", _become),
    ("private mounts", _private),
    ("tmpfs", lambda: _mount("tmpfs", ("size", "4k"))),
    ("proc", lambda: _mount("proc", ("hidepid", "2"), ("subset", "pid"))),
    ("loopback", namespaces.raise_loopback),
    ("session keyring", keyrings.join_new_session),
    ("no_new_privs", no_new_privileges),
    ("Landlock", _give_up_files),
    ("seccomp filter", lambda: seccomp.install(_ALLOW_ALL)),
)
