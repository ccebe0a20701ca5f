"""The end: whoever dies, however, no process of the jail is left, and no mount or folder (THREATS 27, 28, 29, 51)."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.attack.conftest import LONG, PATIENCE, Jail, Live, Starter
from tests.attack.inside import say
from tests.support.callers import Caller, run_as

SOON = f"{2 * PATIENCE:g}s"  # a time limit that leaves a plugin time to start


def all_end(processes: dict[int, int]) -> bool:
    """Whether every process ends; each is watched by a descriptor, so a number that is used again cannot deceive."""
    poll = select.poll()
    for fd in processes.values():
        poll.register(fd, select.POLLIN)
    left = set(processes.values())
    while left:
        ended = {fd for fd, _ in poll.poll(int(LONG * 1000))}
        if not ended:
            break
        for fd in ended & left:
            poll.unregister(fd)
        left -= ended
    for fd in processes.values():
        os.close(fd)
    return not left


def stubborn() -> object:
    """A plugin with a daemon and a child, all deaf to every signal that can be ignored."""
    for number in set(range(1, 65)) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, 32, 33}:
        signal.signal(number, signal.SIG_IGN)
    here, there = os.pipe()
    for level in range(3):
        child = os.fork()
        if child == 0:
            if level:
                os.setsid()
                if os.fork():
                    os._exit(0)
            os.write(there, b"x")
            while True:
                time.sleep(60)
        if level:
            os.waitpid(child, 0)
    count = 0
    while count < 3:
        count += len(os.read(here, 3))
    say("ready")
    sys.stdin.read()
    return "ended"


def mounts() -> Iterable[str]:
    return [line.split(" - ")[0].split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]


def command_lines() -> dict[str, bytes]:
    """Of every process of the host that has one."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            found[folder.name] = (folder / "cmdline").read_bytes()
    return found


def ready(jail: Live) -> dict[int, int]:
    assert jail.heard() == "ready"
    processes = jail.processes()
    assert len(processes) == 5  # pid 1, the plugin, its child, two daemons
    return processes


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_launcher_dies_and_the_jail_lives_on(live: Starter, number: int) -> None:
    """When the launcher is killed, or crashes, every process of the jail ends, daemons too."""
    before = mounts()
    with live(stubborn) as jail:
        processes = ready(jail)
        jail.process.send_signal(number)
        assert all_end(processes)
        assert jail.process.wait(LONG) == -number
    assert mounts() == before


def test_launcher_dies_while_pid_1_is_stopped(live: Starter) -> None:
    """The death of the launcher needs no cooperation: it ends a pid 1 that cannot run."""
    with live(stubborn) as jail:
        processes = ready(jail)
        first = next(iter(processes))
        os.kill(first, signal.SIGSTOP)
        os.kill(jail.process.pid, signal.SIGKILL)
        assert all_end(processes)


def test_daemon_outlives_the_plugin(live: Starter) -> None:
    """When the plugin ends, all that it left behind ends with it, and jailpy ends although they hold its streams."""
    with live(stubborn) as jail:
        processes = ready(jail)
        assert jail.saw() == "ended"
        assert all_end(processes)


def test_plugin_is_deaf_to_the_time_limit(live: Starter) -> None:
    """A plugin that ignores SIGTERM ends at the time limit all the same, with its children."""
    with live(stubborn, options=("--timeout", SOON)) as jail:
        processes = ready(jail)
        assert jail.process.wait(LONG) == 124
        assert all_end(processes)


def test_plugin_is_deaf_to_the_callers_signal(live: Starter) -> None:
    """A plugin that ignores SIGINT ends when jailpy is told to end, and jailpy dies of the signal."""
    with live(stubborn) as jail:
        processes = ready(jail)
        jail.process.send_signal(signal.SIGINT)
        assert jail.process.wait(LONG) == -signal.SIGINT
        assert all_end(processes)


def test_death_of_pid_1_passes_for_success(live: Starter) -> None:
    """Pid 1 killed from outside, and not by us, is an error of its own: never ok, never the plugin's status."""
    with live(stubborn) as jail:
        processes = ready(jail)
        os.kill(next(iter(processes)), signal.SIGKILL)
        assert jail.process.wait(LONG) == 125
        assert all_end(processes)
        assert jail.process.stderr
        assert b"pid 1 of the jail ended" in jail.process.stderr.read()


def test_fork_bomb_starves_the_host(live: Starter, caller: Caller) -> None:
    """Processes and threads stop at the limit, for the jail alone: its user starts others meanwhile."""

    def plugin() -> object:
        children = []
        try:
            while len(children) < 1000:
                children.append(os.fork())
                if children[-1] == 0:
                    signal.pause()
        except BlockingIOError:
            say("full")
        sys.stdin.read()
        return len(children)

    with live(plugin, options=("--limit", "tasks=20")) as jail:
        assert jail.heard() == "full"
        assert run_as(caller, ["/bin/sh", "-c", "for i in 1 2 3; do (echo fine) & done; wait"]).stdout == b"fine\n" * 3
        processes = jail.processes()
        assert len(processes) <= 21
        jail.let_go()
        assert jail.saw() == 19  # and the plugin itself
        assert all_end(processes)


def test_fork_bomb_runs_into_the_time_limit(jail: Jail, folder: Path) -> None:
    """Processes that fork for ever, each deaf to SIGTERM, end at the limit, all of them."""

    def plugin(_: str) -> object:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            try:
                os.fork()
            except OSError:
                time.sleep(0.001)

    mark = f"mark-{folder.name}"
    run = jail(plugin, mark, options=("--timeout", SOON))
    assert (run.report["outcome"], run.done.returncode) == ("timeout", 124)
    assert [pid for pid, line in command_lines().items() if mark.encode() in line] == []


def test_threads_escape_the_limit_on_tasks(jail: Jail) -> None:
    """Threads count as processes do."""

    def plugin() -> object:
        import threading

        stop = threading.Event()
        started = 0
        try:
            while started < 1000:
                threading.Thread(target=stop.wait).start()
                started += 1
        except RuntimeError:
            stop.set()
        return started

    assert jail(plugin, options=("--limit", "tasks=16")).saw() == 15
