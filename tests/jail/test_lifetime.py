"""Ends that are neither the plugin's own nor an attack: who dies or stands still, and what the jail does then."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.attack.conftest import Live, Starter
from tests.attack.inside import say
from tests.support import leftovers


def waits() -> object:
    say("ready")
    sys.stdin.read()
    return "waited"


def floods() -> object:
    """A daemon writes for as long as anybody reads; when all pipes are full, everything stands still."""
    say("ready")
    if os.fork() == 0:
        os.setsid()
        while True:
            os.write(1, b"x" * 4096)
    while True:
        os.write(2, b"x" * 4096)


def deaf() -> object:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say("ready")
    while True:
        time.sleep(60)


def all_end(processes: dict[int, int]) -> bool:
    return all(leftovers.ends(fd) for fd in processes.values())


def at_rest(jail: Live) -> None:
    """Wait until the launcher sleeps and has written nothing more for a while: its reader does not read."""

    def written() -> str:
        lines = Path(f"/proc/{jail.process.pid}/io").read_text().splitlines()
        return next(line for line in lines if line.startswith("wchar"))

    before, now = "", written()
    while now != before:
        time.sleep(0.2)
        before, now = now, written()


def test_stopped_launcher_is_killed(live: Starter) -> None:
    """A launcher that stands still keeps its jail, and takes it along when it is killed."""
    with live(waits) as jail:
        assert jail.heard() == "ready"
        processes = jail.processes()
        jail.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, jail.process.pid, os.WSTOPPED | os.WNOWAIT)
        jail.process.send_signal(signal.SIGKILL)
        assert all_end(processes)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_launcher_ends_while_nobody_reads(live: Starter, number: int) -> None:
    """Output that nobody takes keeps neither the jail nor the launcher alive."""
    with live(floods) as jail:
        assert jail.heard() == "ready"
        at_rest(jail)
        processes = jail.processes()
        jail.process.send_signal(number)
        assert all_end(processes)
        assert jail.process.wait(leftovers.DEADLINE) == -number


def test_plugin_is_killed_from_outside(live: Starter, folder: Path) -> None:
    """The plugin's own process dies of a signal of somebody else's: that is how the run ended, and all ends."""
    with live(waits) as jail:
        assert jail.heard() == "ready"
        first, plugin = jail.processes().items()
        os.kill(plugin[0], signal.SIGKILL)
        assert all_end(dict((first, plugin)))
        assert jail.process.wait(leftovers.DEADLINE) == 128 + signal.SIGKILL
    assert b'"outcome": "signal"' in (folder / "report.json").read_bytes()


def test_timeout_sends_its_signal_twice(live: Starter) -> None:
    """SIGTERM to jailpy and again to its group, as timeout(1) does, is one request: the plugin keeps its grace."""

    def plugin() -> object:
        def heard(*_: object) -> None:
            time.sleep(0.5)
            say("tidied up")
            os._exit(0)

        signal.signal(signal.SIGTERM, heard)
        say("ready")
        while True:
            time.sleep(60)

    with live(plugin) as jail:
        assert jail.heard() == "ready"
        for _ in range(2):
            jail.process.send_signal(signal.SIGTERM)
            time.sleep(0.05)
        assert jail.heard() == "tidied up"
        assert jail.process.wait(leftovers.DEADLINE) == -signal.SIGTERM


def test_second_interrupt_does_not_wait(live: Starter) -> None:
    """A person who presses Ctrl-C again means it."""

    def plugin() -> object:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: say(f"heard {number}"))
        say("ready")
        while True:
            time.sleep(60)

    with live(plugin, options=("--timeout", "none")) as jail:
        assert jail.heard() == "ready"
        processes = jail.processes()
        jail.process.send_signal(signal.SIGINT)
        assert jail.heard() == "heard 2"
        jail.process.send_signal(signal.SIGINT)
        assert all_end(processes)
        assert jail.process.wait(leftovers.DEADLINE) == -signal.SIGINT


def test_signal_that_the_caller_ignores(live: Starter) -> None:
    """Under nohup a closed terminal ends neither jailpy nor the plugin."""

    def ignore() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with live(waits, preexec_fn=ignore) as jail:
        assert jail.heard() == "ready"
        jail.process.send_signal(signal.SIGHUP)
        jail.let_go()
        assert jail.process.wait(leftovers.DEADLINE) == 0


def test_deaf_plugin_after_the_callers_signal(live: Starter) -> None:
    """After the grace, SIGKILL: no plugin keeps jailpy from ending."""
    with live(deaf, options=("--timeout", "none")) as jail:
        assert jail.heard() == "ready"
        processes = jail.processes()
        jail.process.send_signal(signal.SIGTERM)
        assert all_end(processes)
        assert jail.process.wait(leftovers.DEADLINE) == -signal.SIGTERM
