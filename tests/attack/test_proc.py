"""/proc, and other processes through it (THREATS 6, 19, 25, 26)."""

from __future__ import annotations

import os
import signal

from tests.attack.conftest import Attack, Starter
from tests.attack.inside import everything, libc, opened, sc, seen

SECRET = "JAILPY_SECRET_OF_THE_CALLER"


def test_environment_of_pid_1_is_read(attack: Attack) -> None:
    """bubblewrap #725: the caller's variables are neither the plugin's nor anywhere in /proc; the plugin's are ours."""

    def plugin() -> object:
        with open("/proc/self/environ", "rb") as file:
            own = file.read()
        readable = []
        for entry in os.listdir("/proc"):
            if opened(f"/proc/{entry}/environ", os.O_RDONLY) == "allowed":
                with open(f"/proc/{entry}/environ", "rb") as file:
                    readable.append(b"SECRET" in file.read())
        return [dict(os.environ), b"SECRET" in own, any(readable), opened("/proc/1/environ", os.O_RDONLY)]

    ours = {"HOME": "/work", "LANG": "C.UTF-8", "LOGNAME": "plugin", "PATH": "/usr/local/bin:/usr/bin:/bin"}
    ours |= {"TMPDIR": "/tmp", "USER": "plugin"}
    variables = {SECRET: "hidden", "LD_PRELOAD": "", "PYTHONPATH": "/tmp", "PYTHONSTARTUP": "/tmp/x"}
    assert attack(plugin, env=variables) == [ours, False, False, "ENOENT"]


def test_pid_1_is_seen(attack: Attack) -> None:
    """/proc shows the plugin's own processes; pid 1's memory, descriptors, root and limits are not there."""

    def plugin() -> object:
        child = os.fork()
        if child == 0:
            signal.pause()
        names = sorted(name for name in os.listdir("/proc") if name.isdigit())
        os.kill(child, signal.SIGKILL)
        inner = ["mem", "environ", "fd", "fd/0", "root", "cwd", "exe", "maps", "smaps", "limits", "status", "ns/user"]
        said = {seen(os.stat, f"/proc/1/{name}") for name in inner} | {opened("/proc/1/mem", os.O_RDWR)}
        return [names == [str(os.getpid()), str(child)], os.getppid(), sorted(said)]

    assert attack(plugin) == [True, 1, ["ENOENT"]]


def test_memory_of_another_process_is_read_or_written(attack: Attack) -> None:
    """ptrace and its relatives are refused, against pid 1, against a child and against nobody."""

    def plugin() -> object:
        child = os.fork()
        if child == 0:
            signal.pause()
        tries = []
        for pid in (0, 1, child):
            tries += [sc("ptrace", request, pid, 0, 0) for request in (16, 0x4206, 0)]
            tries += [sc("process_vm_readv", pid, 0, 0, 0, 0, 0), sc("process_vm_writev", pid, 0, 0, 0, 0, 0)]
            tries += [sc("kcmp", pid, pid, 0, 0, 0)]
        tries += [sc("pidfd_getfd", os.pidfd_open(pid), 0, 0) for pid in (1, child)]
        tries += [sc("prctl", 0x59616D61, child, 0, 0, 0), sc("prctl", 4, 0), sc("prctl", 4, 1)]  # PTRACER, DUMPABLE
        os.kill(child, signal.SIGKILL)
        return sorted(set(tries))

    assert attack(plugin) == ["EPERM"]


def test_host_is_seen_through_proc(attack: Attack) -> None:
    """What /proc says of the whole machine is not there: keys, symbols, configuration, timers, settings."""

    def plugin() -> object:
        names = [
            "keys",
            "key-users",
            "kallsyms",
            "config.gz",
            "timer_list",
            "kcore",
            "kmsg",
            "modules",
            "sysrq-trigger",
        ]
        names += ["sys", "sys/kernel/core_pattern", "sys/kernel/modprobe", "sched_debug", "iomem", "interrupts", "fs"]
        names += ["vmallocinfo", "slabinfo", "latency_stats", "acpi", "bus", "scsi", "irq", "sysvipc", "mounts/../sys"]
        rest = [name for name in os.listdir("/proc") if not name.isdigit()]
        return [sorted({seen(os.stat, f"/proc/{name}") for name in names}), sorted(rest), opened("/sys", os.O_RDONLY)]

    said, rest, sys_ = attack(plugin)
    assert set(said) <= {"ENOENT", "ENOTDIR"}
    assert set(rest) <= {"self", "thread-self"}
    assert sys_ == "ENOENT"


def test_something_below_proc_is_written(attack: Attack) -> None:
    """/proc is read-only: id maps, out-of-memory scores, core filters and names stay as they are."""

    def plugin() -> object:
        said = {}
        for path in everything("/proc/self/"):
            if not os.path.islink(path) and os.path.isfile(path):
                said.setdefault(opened(path, os.O_WRONLY), []).append(path)
        return [len(said.pop("EROFS")) > 3, said.pop("allowed", []), sorted(said), os.access("/proc/sys", os.W_OK)]

    several, allowed, rest, _ = attack(plugin)
    assert several
    assert allowed == []
    assert set(rest) <= {"EACCES", "EPERM", "ENOENT"}


def test_privileges_are_left(attack: Attack) -> None:
    """Started by root or not, every capability set is empty, locked by securebits; no new privileges; filtered."""

    def plugin() -> object:
        with open("/proc/self/status") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        sets = {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
        bounding = {libc.prctl(23, cap, 0, 0, 0) for cap in range(41)}
        header = (0x20080522).to_bytes(4, "little") + bytes(4)  # _LINUX_CAPABILITY_VERSION_3, this process
        raised = sc("capset", header, b"\xff" * 24)
        changed = [sc("prctl", 28, 0, 0, 0, 0), sc("prctl", 47, 2, 0, 0, 0), sc("prctl", 24, 0, 0, 0, 0)]
        return [sorted(sets), status["NoNewPrivs"], status["Seccomp"], sorted(bounding), raised, changed]

    none = "0" * 16
    assert attack(plugin) == [[none], "1", "2", [0], "EPERM", ["EPERM"] * 3]


def test_library_reads_the_launcher(live: Starter) -> None:
    """The launcher is no process of the jail's: its number on the host, and its parent's, mean nothing inside."""

    def plugin() -> object:
        line = os.read(0, 100).split()
        pids = [int(word) for word in line]
        return sorted({seen(os.kill, pid, 0) for pid in pids} | {seen(os.stat, f"/proc/{pid}") for pid in pids})

    with live(plugin) as jail:
        assert jail.process.stdin
        jail.process.stdin.write(f"{jail.process.pid} {os.getpid()}\n".encode())
        jail.process.stdin.flush()
        assert jail.saw() == ["ENOENT", "ESRCH"]
