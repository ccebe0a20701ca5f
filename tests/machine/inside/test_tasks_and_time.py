"""Tasks and processor time, counted by the kernel for the whole jail."""

from __future__ import annotations

import os
import signal
import threading
from datetime import datetime
from pathlib import Path

from tests.attack.conftest import Run
from tests.machine.inside.conftest import Jail, limited, needs_kind, used
from tests.support.bombs import answers, assert_answered, ended_by, limit

TASKS = 32


def test_fork_bomb_stays_under_its_limit(jail: Jail, folder: Path) -> None:
    """It never has more than it may, each refusal is counted, and the host goes on."""

    def plugin() -> object:
        while True:
            try:
                os.fork()
            except BlockingIOError:
                continue

    with answers(folder / "answer") as stamps:
        run = jail(plugin, options=("--timeout", "4s", *limited(tasks=TASKS)))
    assert run.report["outcome"] == "timeout"
    row = limit(run, "tasks")
    assert row["limit"] == TASKS
    assert TASKS // 2 < row["peak"] == run.report["usage"]["tasks_peak"] <= TASKS
    assert row["hits"] > 0
    assert_answered(stamps, datetime.fromisoformat(run.report["started"]).timestamp(), run.report["wall_s"])


def test_half_a_processor_is_half_a_processor(jail: Jail) -> None:
    """Between two runs that differ in nothing but their length lie four seconds of which half was worked."""

    def plugin() -> object:
        os.fork()
        while True:
            pass

    def spin(seconds: int) -> Run:
        run = jail(plugin, options=("--timeout", f"{seconds}s", *limited(cpu_quota="50%", cpu="none")))
        assert run.report["outcome"] == "timeout"
        return run

    short, long = spin(2), spin(6)
    share = (used(long) - used(short)) / (long.report["wall_s"] - short.report["wall_s"])
    assert 0.47 <= share <= 0.53, (share, used(short), short.report["wall_s"], used(long), long.report["wall_s"])


@needs_kind("systemd", "root")
def test_time_of_children_that_nobody_waits_for_counts(jail: Jail) -> None:
    """Each lives too short to be seen, and is reaped by the kernel without a word to its parent."""

    def plugin() -> object:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            here, there = os.pipe()
            if os.fork() == 0:
                sum(range(100_000))
                os._exit(0)
            os.close(there)
            os.read(here, 1)
            os.close(here)

    run = jail(plugin, options=limited(cpu="3s"))
    assert (run.report["outcome"], run.done.returncode, ended_by(run, "cpu")) == ("cpu-limit", 124, True)
    assert 3 <= used(run) < 4.5


@needs_kind("systemd")
def test_usage_is_of_all_processes(jail: Jail) -> None:
    """What ended long ago and what was killed is in the figures, from the first instruction to the last."""

    def plugin() -> object:
        for _ in range(4):
            if os.fork() == 0:
                taken = bytearray(b"x") * (10 << 20)
                os._exit(len(taken) and 0)
            os.wait()
        threads = [threading.Thread(target=signal.pause, daemon=True) for _ in range(9)]
        for thread in threads:
            thread.start()
        return "ended"

    run = jail(plugin)
    assert run.saw() == "ended"
    assert run.report["usage"]["tasks_peak"] == 10
    assert 15 << 20 < run.report["usage"]["memory_peak_bytes"] < 60 << 20
