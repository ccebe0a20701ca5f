"""Arguments of allowed system calls: what each rule refuses, what it lets through, and bits the kernel ignores."""

from __future__ import annotations

import fcntl
import os
import signal
import stat

from tests.attack.conftest import Attack, Profile
from tests.attack.inside import HERE, HIGH, in_child, sc, seen


def test_ioctl(attack: Attack) -> None:
    """Eight requests reach the kernel, compared on 32 bits; every other one is ENOTTY before it."""

    def plugin() -> object:
        here, _there = os.pipe()
        room = bytes(64)
        listed = {"FIOCLEX": 0x5451, "FIONCLEX": 0x5450, "FIONBIO": 0x5421, "FIONREAD": 0x541B}
        allowed = {sc("ioctl", here, high | number, room) for number in listed.values() for high in (0, HIGH)}
        file = os.open("/work/a", os.O_CREAT | os.O_RDWR)
        clone = sc("ioctl", file, 0x40049409, os.open("/work/b", os.O_CREAT | os.O_RDWR))  # FICLONE: tmpfs cannot
        bad = {sc("ioctl", -1, number, room) for number in (0x5401, 0x5413, *listed.values())}  # TCGETS, TIOCGWINSZ
        random = os.open("/dev/urandom", os.O_RDONLY)
        others = [0x80045200, 0x5412, 0x541C, 0x5403, 0x5422, 0x40049408, 0x8904, 0x8912, 0x8946, 0xC0045877, 0x4C80]
        refused = {sc("ioctl", fd, high | n, room) for n in others for high in (0, HIGH) for fd in (here, random, file)}
        refused |= {sc("ioctl", -1, number, room) for number in others}  # the filter answers before the kernel looks
        return [sorted(allowed), clone in ("EOPNOTSUPP", "EINVAL", "ENOTTY"), sorted(bad), sorted(refused)]

    assert attack(plugin) == [["allowed"], True, ["EBADF"], ["ENOTTY"]]


def test_clone(attack: Attack) -> None:
    """Processes and threads start; no namespace flag passes, at whatever place of the word."""

    def plugin() -> object:
        def cloned(flags: int) -> str:
            if os.uname().machine != "x86_64":
                return "exit 0"
            pid = os.getpid()
            result = sc("clone", flags | signal.SIGCHLD, 0, 0, 0, 0)
            if os.getpid() != pid:
                os._exit(0)
            return f"exit {os.waitstatus_to_exitcode(os.wait()[1])}" if result == "allowed" else result

        new = [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000]
        return [cloned(0), cloned(0x01000000), sorted({cloned(flag | high) for flag in new for high in (0, 0x100)})]

    assert attack(plugin) == ["exit 0", "exit 0", ["EPERM"]]


def test_mknod(attack: Attack) -> None:
    """FIFOs and files are made; devices and sockets are not, with and without high bits in the mode."""

    def plugin() -> object:
        made = [seen(os.mkfifo, "/work/fifo"), seen(os.mknod, "/work/file", stat.S_IFREG | 0o600)]
        made += [
            sc("mknodat", HERE, b"/work/fifo2", HIGH | stat.S_IFIFO | 0o600, 0),
            sc("mknodat", HERE, b"/work/z", 0o600, 0),
        ]
        kinds = (stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK, stat.S_IFDIR, stat.S_IFLNK, 0xF000)
        tries = {sc("mknodat", HERE, b"/work/x", high | kind | 0o600, 0x103) for kind in kinds for high in (0, HIGH)}
        if os.uname().machine == "x86_64":
            tries |= {sc("mknod", b"/work/x", high | kind | 0o600, 0x103) for kind in kinds for high in (0, HIGH)}
        return [made, sorted(tries), sorted(os.listdir("/work"))]

    assert attack(plugin) == [["allowed"] * 4, ["EPERM"], ["fifo", "fifo2", "file", "z"]]


def test_setuid_mode(attack: Attack) -> None:
    """No mode with a setuid or setgid bit; sticky bits and all others are set; where no file is made no mode counts."""

    def plugin() -> object:
        file, bits = os.open("/work/f", os.O_CREAT | os.O_RDWR, 0o600), (0o4000, 0o2000, 0o6000, 0o4755, HIGH | 0o2711)
        make = os.O_CREAT | os.O_RDWR
        tries = {sc("fchmod", file, mode) for mode in bits} | {
            sc("fchmodat", HERE, b"/work/f", mode, 0) for mode in bits
        }
        tries |= {sc("mkdirat", HERE, b"/work/d", mode) for mode in bits}
        tries |= {sc("openat", HERE, b"/work/g", HIGH | make, mode) for mode in bits}
        tries |= {sc("openat", HERE, b"/work", os.O_TMPFILE | os.O_RDWR, mode) for mode in bits}
        if os.uname().machine == "x86_64":
            tries |= {sc("chmod", b"/work/f", mode) for mode in bits} | {sc("mkdir", b"/work/d", mode) for mode in bits}
            tries |= {sc("creat", b"/work/g", mode) for mode in bits}
            tries |= {sc("open", b"/work/g", make, mode) for mode in bits}
        others = [sc("fchmod", file, mode) for mode in (0o1777, 0o755, 0, HIGH | 0o644)]
        others += [sc("openat", HERE, b"/work/f", os.O_RDONLY, 0o6755), sc("mkdirat", HERE, b"/work/e", 0o1777)]
        others += [
            sc("openat", HERE, b"/work/h", make, 0o644),
            sc("openat", HERE, b"/work", os.O_TMPFILE | os.O_RDWR, 0o600),
        ]
        left = [name for name in os.listdir("/work") if os.stat(f"/work/{name}").st_mode & 0o6000]
        return [sorted(tries), sorted(set(others)), sorted(os.listdir("/work")), left]

    assert attack(plugin) == [["EPERM"], ["allowed"], ["e", "f", "h"], []]


def test_prctl(attack: Attack) -> None:
    """A written list of options: names, death signals and reading; nothing that hides, traces, filters or weakens."""

    def plugin() -> object:
        room = bytes(64)
        refused = {"SET_DUMPABLE": 4, "SET_SECCOMP": 22, "SET_SECUREBITS": 28, "SET_MM": 35, "SET_PTRACER": 0x59616D61}
        refused |= {
            "CAP_AMBIENT": 47,
            "SET_TSC": 26,
            "SET_KEEPCAPS": 8,
            "CAPBSET_DROP": 24,
            "MCE_KILL": 33,
            "SET_FPEMU": 10,
        }
        refused |= {"SET_SPECULATION_CTRL": 53, "SET_IO_FLUSHER": 57, "SCHED_CORE": 62, "SET_MDWE": 65, "new": 1000}
        refused |= {
            "SET_SYSCALL_USER_DISPATCH": 59,
            "TASK_PERF_EVENTS_DISABLE": 31,
            "SET_TIMING": 14,
            "zero": 0,
            "all": -1,
        }
        tries = {sc("prctl", high | n, v, 0, 0, 0) for n in refused.values() for v in (0, 1, 2) for high in (0, HIGH)}
        allowed = {"SET_NAME": (15, b"name"), "GET_NAME": (16, room), "GET_DUMPABLE": (3, 0), "GET_SECCOMP": (21, 0)}
        allowed |= {"SET_PDEATHSIG": (1, 9), "GET_NO_NEW_PRIVS": (39, 0), "CAPBSET_READ": (23, 0)}
        works = {sc("prctl", high | n, value, 0, 0, 0) for n, value in allowed.values() for high in (0, HIGH)}
        return [sorted(tries), sorted(works)]

    assert attack(plugin) == [["EPERM"], ["allowed"]]


def test_fcntl(attack: Attack) -> None:
    """Leases and notifications are refused; locks, flags, pipe sizes and seals work."""

    def plugin() -> object:
        file = os.open("/work/f", os.O_CREAT | os.O_RDWR)
        tries = {sc("fcntl", file, high | cmd, 0) for cmd in (1024, 1026) for high in (0, HIGH)}
        here, _ = os.pipe()
        works = [seen(fcntl.fcntl, file, fcntl.F_GETFL), seen(fcntl.fcntl, here, fcntl.F_SETPIPE_SZ, 8192)]
        works += [
            seen(fcntl.lockf, file, fcntl.LOCK_EX),
            sc("fcntl", file, HIGH | fcntl.F_GETFD),
            sc("fcntl", file, 1030, 9),
        ]
        return [sorted(tries), works]

    assert attack(plugin) == [["EPERM"], ["allowed"] * 5]


def test_execveat(attack: Attack) -> None:
    """A program is executed by its name only, and not from /dev/shm."""

    def plugin() -> object:
        with open("/dev/shm/program", "wb") as file, open("/proc/self/exe", "rb") as program:
            file.write(program.read())
        os.chmod("/dev/shm/program", 0o755)
        fd = os.open("/proc/self/exe", os.O_RDONLY)
        tries = [sc("execveat", fd, b"", 0, 0, 0x1000), sc("execveat", HERE, b"/proc/self/exe", 0, 0, 0)]
        return [tries, seen(os.execv, "/dev/shm/program", ["program"])]

    assert attack(plugin) == [["EPERM", "EPERM"], "EACCES"]


def test_processes_in_a_profile_for_one(attack: Attack, profile: Profile) -> None:
    """@single-process: threads start, no child does, by fork, vfork, clone or clone3."""

    def plugin() -> object:
        import threading

        heard = []
        thread = threading.Thread(target=heard.append, args=(1,))
        thread.start()
        thread.join()
        calls = [sc("clone", flags, 0, 0, 0, 0) for flags in (17, 0, 0x4111, HIGH | 17, 0x01000011)]
        if os.uname().machine == "x86_64":
            calls += [sc("fork"), sc("vfork")]
        return [heard, seen(os.fork), sorted(set(calls)), sc("clone3", bytes(88), 88)]

    saw = attack(plugin, options=profile('seccomp = { allow = ["@single-process"] }'))
    assert saw == [[1], "EPERM", ["EPERM"], "ENOSYS"]


def test_programs_in_a_profile_without_exec(attack: Attack, profile: Profile) -> None:
    """@no-exec: the interpreter was executed, nothing else is, also from children."""

    def plugin() -> object:
        import sys

        tries = [seen(os.execv, sys.executable, ["python", "-c", "pass"]), sc("execve", b"/proc/self/exe", 0, 0)]
        tries += [sc("execveat", HERE, b"/proc/self/exe", 0, 0, 0), sc("execve", 0, 0, 0)]
        child = in_child(lambda: os._exit(seen(os.execv, sys.executable, ["python"]) == "allowed"))
        return [tries, child]

    assert attack(plugin, options=profile('seccomp = { allow = ["@no-exec"] }')) == [["EPERM"] * 4, "exit 0"]
