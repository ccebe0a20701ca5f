"""Signals and pid 1: it stays, it reaps, and what the caller had ignored is not inherited (THREATS 28, 39, 51)."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys

from tests.attack.conftest import LONG, Attack, Jail, Starter
from tests.attack.inside import HIGH, eventually, in_child, say, sc, seen

IGNORED = (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGPIPE)


def start_badly() -> None:
    """Between fork and exec of the launcher: ignore and block what it may be started with ignored and blocked."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, IGNORED)


def test_ignored_and_blocked_signals_are_inherited(live: Starter) -> None:
    """Started with signals ignored and blocked, jailpy ends; the plugin has every signal at its default, unblocked."""

    def plugin() -> object:
        with open("/proc/self/status") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        pythons = sum(1 << (number - 1) for number in (signal.SIGPIPE, signal.SIGXFSZ))
        libcs = 3 << 31  # two signals of glibc's own, which its posix_spawn sets
        return [
            int(status["SigIgn"], 16) & ~libcs == pythons,
            int(status["SigBlk"], 16),
            in_child(lambda: signal.raise_signal(15)),
        ]

    with live(plugin, preexec_fn=start_badly) as jail:
        assert jail.saw() == [True, 0, "SIGTERM"]


def test_children_are_lost_where_sigchld_was_ignored(live: Starter) -> None:
    """subprocess and asyncio get the exit status of their children under a launcher that was started with nohup."""

    def plugin() -> object:
        command = [sys.executable, "-I", "-c", "raise SystemExit(3)"]

        async def child() -> int:
            process = await asyncio.create_subprocess_exec(*command)
            return await process.wait()

        return [subprocess.run(command).returncode, asyncio.run(child())]

    with live(plugin, preexec_fn=start_badly) as jail:
        assert jail.saw() == [3, 3]


def test_pid_1_is_killed_from_inside(attack: Attack) -> None:
    """No signal from inside ends, stops or disturbs pid 1: the plugin goes on and ends as it likes."""

    def plugin() -> object:
        sent = {seen(os.kill, 1, number) for number in range(1, 65) if number not in (32, 33)}
        fd = os.pidfd_open(1)
        sent |= {seen(signal.pidfd_send_signal, fd, number) for number in (signal.SIGKILL, signal.SIGSTOP)}
        child = os.fork()
        if child == 0:
            os._exit(5)
        return [sorted(sent), os.getppid(), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])]

    assert attack(plugin) == [["allowed"], 1, 5]


def test_every_process_is_killed_from_inside(attack: Attack) -> None:
    """kill(-1) and kill(0) reach the plugin's own children and nothing of ours."""

    def plugin() -> object:
        children = [os.fork() for _ in range(3)]
        if 0 in children:
            signal.pause()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.kill(0, signal.SIGTERM)
        os.kill(-1, signal.SIGKILL)
        ends = sorted(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)
        return [set(ends) <= {-signal.SIGTERM, -signal.SIGKILL}, os.getppid()]

    assert attack(plugin) == [True, 1]


def test_plugin_kills_the_launchers_group(jail: Jail) -> None:
    """A plugin that kills its own process group ends alone: the launcher tells of it."""

    def plugin() -> object:
        os.killpg(0, signal.SIGKILL)

    run = jail(plugin)
    assert (run.report["outcome"], run.report["signal"], run.done.returncode) == ("signal", 9, 137)


def test_limits_of_pid_1_are_lowered(attack: Attack) -> None:
    """prlimit, priorities and affinity of pid 1 are refused; reading, and the plugin's own, work."""

    def plugin() -> object:
        new, old = b"\x01" + bytes(15), bytes(16)
        set_ = {sc("prlimit64", pid, which, new, None) for pid in (1, HIGH | 1) for which in range(16)}
        set_ |= {sc("prlimit64", 0, high | resource.RLIMIT_CORE, new, None) for high in (0, HIGH)}
        set_ |= {
            sc("setpriority", which, who, 19)
            for which, who in ((0, 1), (1, 0), (1, 1), (2, 0), (2, 1000), (0, HIGH | 1))
        }
        set_ |= {sc("sched_setaffinity", pid, 8, bytes([1] + [0] * 7)) for pid in (1, HIGH | 1)}
        set_ |= {sc("ioprio_set", which, who, 0x6000) for which, who in ((1, 0), (1, 1), (2, 1), (3, 1000))}
        set_ |= {sc("sched_setscheduler", 1, 0, bytes(4)), sc("sched_setattr", 1, bytes(48), 0)}
        own = [
            sc("prlimit64", high, resource.RLIMIT_NOFILE, (64).to_bytes(8, "little") * 2, None) for high in (0, HIGH)
        ]
        own += [sc("prlimit64", 0, resource.RLIMIT_CORE, None, old), sc("setpriority", 0, 0, 19)]
        own += [sc("sched_setaffinity", 0, 8, bytes([1] + [0] * 7)), sc("setpriority", HIGH, HIGH, 19)]
        own += [seen(os.sched_setaffinity, 0, os.sched_getaffinity(0)), seen(os.nice, 0)]
        return [sorted(set_), own, os.getppid()]

    assert attack(plugin) == [["EPERM"], ["allowed"] * 8, 1]


def test_zombies_pile_up(attack: Attack) -> None:
    """Of a thousand processes whose parents are gone none stays a zombie: pid 1 reaps them."""

    def plugin() -> object:
        for _ in range(25):
            child = os.fork()
            if child == 0:
                for _ in range(40):
                    if os.fork() == 0:
                        os._exit(0)
                os._exit(0)
            if os.waitpid(child, 0)[1]:
                return "no fork"

        def states() -> str:
            found = ""
            for name in os.listdir("/proc"):
                try:
                    with open(f"/proc/{int(name)}/stat") as file:
                        found += file.read().rpartition(")")[2].split()[0]
                except (ValueError, OSError):
                    continue
            return found

        return eventually(lambda: states() == "R")

    assert attack(plugin, options=("--limit", "tasks=1100")) is True


def test_signal_to_jailpy_is_kept_from_the_plugin(live: Starter) -> None:
    """SIGTERM to the launcher reaches the plugin once, as SIGTERM; and the launcher then dies of it too."""

    def plugin() -> object:
        def heard(number: int, _: object) -> None:
            say(f"heard {number}")
            os._exit(0)

        signal.signal(signal.SIGTERM, heard)
        say("ready")
        signal.pause()

    with live(plugin) as jail:
        assert jail.heard() == "ready"
        jail.process.send_signal(signal.SIGTERM)
        assert jail.heard() == "heard 15"
        assert jail.process.wait(LONG) == -signal.SIGTERM
