"""Namespaces: none can be made or joined, and nothing of the host's is seen through one (THREATS 12, 15, 16, 18)."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path

from tests.attack.conftest import Attack
from tests.attack.inside import HIGH, opened, sc, seen

FLAGS = {
    "NEWTIME": 0x80, "NEWNS": 0x20000, "NEWCGROUP": 0x2000000, "NEWUTS": 0x4000000, "NEWIPC": 0x8000000,
    "NEWUSER": 0x10000000, "NEWPID": 0x20000000, "NEWNET": 0x40000000,
}  # fmt: skip


def test_nested_user_namespace_is_made(attack: Attack) -> None:
    """unshare and clone with any namespace flag, alone, together, and with bits that the kernel drops."""

    def plugin(*words: str) -> object:
        flags = [int(word) for word in words]
        wide = [flag | high for flag in flags for high in (0, HIGH, 1 << 32)] + [sum(flags)]
        unshared = {sc("unshare", flag) for flag in wide} | {sc("unshare", 0)}
        with_signal = [flag | signal.SIGCHLD for flag in wide if flag & ~HIGH & 0xFFFFFFFF != 0x80]
        return [sorted(unshared), sorted({sc("clone", flag, 0, 0, 0, 0) for flag in with_signal})]

    assert attack(plugin, *FLAGS.values()) == [["EPERM"], ["EPERM"]]


def test_clone3_hides_flags_behind_a_pointer(attack: Attack) -> None:
    """It is ENOSYS whatever it is given; threads and processes start all the same (moby #42680)."""

    def plugin() -> object:
        args = (0x10000000).to_bytes(8, "little") + bytes(80)
        tries = [sc("clone3", args, 88), sc("clone3", 0, 0), sc("clone3", bytes(88), 88)]
        heard = []
        thread = threading.Thread(target=lambda: heard.append(threading.get_native_id()))
        thread.start()
        thread.join()
        pid = os.fork()
        if pid == 0:
            os._exit(7)
        return [tries, len(heard), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])]

    assert attack(plugin) == [["ENOSYS"] * 3, 1, 7]


def test_another_namespace_is_joined(attack: Attack) -> None:
    """setns is refused for pidfds and for the files of /proc, and pid 1's are not there."""

    def plugin() -> object:
        tries = [sc("setns", os.open(f"/proc/self/ns/{name}", os.O_RDONLY), 0) for name in os.listdir("/proc/self/ns")]
        tries += [sc("setns", os.pidfd_open(pid), 0x10000000) for pid in (1, os.getpid())]
        tries += [sc("setns", -1, 0)]
        return [len(tries) > 8, sorted(set(tries)), opened("/proc/1/ns/user", os.O_RDONLY)]

    assert attack(plugin) == [True, ["EPERM"], "ENOENT"]


def test_every_namespace_is_the_jails_own(attack: Attack) -> None:
    """No namespace is the one that the launcher was started in."""

    def plugin() -> object:
        return {name: os.readlink(f"/proc/self/ns/{name}") for name in os.listdir("/proc/self/ns")}

    inside = attack(plugin)
    names = ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup")
    assert [name for name in names if inside[name] == os.readlink(f"/proc/self/ns/{name}")] == []
    assert all(inside[name].startswith(f"{name}:[") for name in names)


def test_host_listener_is_reached(attack: Attack, folder: Path) -> None:
    """What listens on the host's loopback, on an abstract name and in a folder is not there; nor is another network."""

    def plugin(port: str, name: str, path: str) -> object:
        tcp = seen(socket.create_connection, ("127.0.0.1", int(port)))
        abstract = seen(socket.socket(socket.AF_UNIX).connect, "\0" + name)
        file = seen(socket.socket(socket.AF_UNIX).connect, path)
        away = [seen(socket.create_connection, (host, 80)) for host in ("192.0.2.1", "169.254.169.254", "10.0.0.1")]
        datagram = seen(socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto, b"x", ("192.0.2.1", 53))
        six = seen(socket.create_connection, ("2001:db8::1", 80))
        with open("/proc/self/net/dev") as file_:
            devices = [line.split(":")[0].strip() for line in file_ if ":" in line]
        return [tcp, abstract, file, away, datagram, six, devices]

    name = f"jailpy-test-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as abstract,
        socket.socket(socket.AF_UNIX) as file,
    ):
        abstract.bind("\0" + name)
        file.bind(str(folder / "s"))
        for listener in (abstract, file):
            listener.listen()
        (folder / "s").chmod(0o777)
        saw = attack(plugin, server.getsockname()[1], name, folder / "s")
    unreachable = "ENETUNREACH"
    assert saw == ["ECONNREFUSED", "ECONNREFUSED", "ENOENT", [unreachable] * 3, unreachable, unreachable, ["lo"]]


def test_host_process_is_signalled(attack: Attack) -> None:
    """Numbers of host processes mean nothing; everything that can be signalled is the jail's."""

    def plugin(victim: str) -> object:
        known = [pid for pid in range(1, 100) if seen(os.kill, pid, 0) == "allowed"]
        queued = bytes(8) + (-1).to_bytes(4, "little", signed=True) + bytes(116)  # siginfo_t with SI_QUEUE
        calls = [sc("tgkill", int(victim), int(victim), 0), sc("rt_sigqueueinfo", int(victim), 0, queued)]
        return [seen(os.kill, int(victim), 0), seen(os.pidfd_open, int(victim)), calls, known, os.getpid()]

    assert attack(plugin, os.getpid()) == ["ESRCH", "ESRCH", ["ESRCH", "ESRCH"], [1, 2], 2]


def test_host_is_named(attack: Attack) -> None:
    """The host name is the jail's, and is not changed."""

    def plugin() -> object:
        names = [os.uname().nodename, socket.gethostname()]
        return [names, sc("sethostname", b"x", 1), sc("setdomainname", b"x", 1), socket.gethostbyname("jail")]

    assert attack(plugin) == [["jail", "jail"], "EPERM", "EPERM", "127.0.0.1"]


def test_keyrings_carry_a_message(attack: Attack) -> None:
    """Keyrings belong to no namespace: every operation on them is refused."""

    def plugin() -> object:
        keyctl = [sc("keyctl", op, ring, 0, 0, 0) for op in range(33) for ring in (-3, -4, -5, 0)]
        return sorted({*keyctl, sc("add_key", b"user", b"n", b"p", 1, -4), sc("request_key", b"user", b"n", None, 0)})

    assert attack(plugin) == ["EPERM"]
