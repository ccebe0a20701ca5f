"""By pid 1, first: what it is to the kernel, and what it has of its caller."""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms

from jailpy import system as os
from jailpy.kernel import keyrings, namespaces, processes
from jailpy.launch.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def own_cgroup_root(_: Context) -> None:
    namespaces.unshare_cgroup()


def become(_: Context, uid: int, gid: int) -> None:
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def new_session(_: Context) -> None:
    os.setsid()


def new_keyring(_: Context) -> None:
    keyrings.join_new_session()


def default_signals(_: Context) -> None:
    processes.reset_signals()


def unblock_signals(_: Context) -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def set_umask(_: Context, mask: int) -> None:
    os.umask(mask)


def wipe_environment(_: Context) -> None:
    processes.wipe_environment()


def refuse_user_namespaces(_: Context) -> None:
    fd = os.open("/proc/sys/user/max_user_namespaces", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, b"0")
    finally:
        os.close(fd)


def set_host_name(_: Context, name: str) -> None:
    namespaces.set_host_name(name)


def raise_loopback(_: Context) -> None:
    namespaces.raise_loopback()


ACTS: dict[str, Callable[..., None]] = {
    "cgroup-root": own_cgroup_root,
    "become": become,
    "session": new_session,
    "keyring": new_keyring,
    "default-signals": default_signals,
    "unblock-signals": unblock_signals,
    "umask": set_umask,
    "wipe-environment": wipe_environment,
    "refuse-user-namespaces": refuse_user_namespaces,
    "host-name": set_host_name,
    "loopback": raise_loopback,
}
