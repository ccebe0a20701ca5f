"""A jail that takes all it can get leaves another one what is its due, by the kernel's account of both."""

from __future__ import annotations

import mmap
import os
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.attack.conftest import Live
from tests.attack.inside import say
from tests.machine.inside.conftest import Profile, Starter, cgroup_of, limited, needs_kind
from tests.support.places import counters, uptime

SLACK = 0.15  # of the machine: what launchers do for their jails, and the threads of an emulated kernel
EXACT = 0.03
WINDOW = 4  # seconds over which the counters are compared
NEAR = 0.02  # seconds between two looks that count as one


def quiet() -> object:
    """Works on as many processors as there are."""
    for _ in range((os.cpu_count() or 1) - 1):
        if os.fork() == 0:
            break
    say("ready")
    while True:
        pass


def noisy() -> object:
    """Everything at once: memory, scratch space, open files, tasks, output and processor time."""
    held = mmap.mmap(-1, 120 << 20)  # all of them have it together
    for number in range(100):
        try:
            with open(f"/tmp/{number}", "wb") as file:
                file.write(bytes(1 << 20))
        except OSError:
            break
    files = []
    try:
        while True:
            files.append(os.open("/dev/null", os.O_RDWR))
    except OSError:
        say("ready")
    while True:
        try:
            os.fork()
        except BlockingIOError:
            os.write(1, b"n" * 1000)
        held[::4096] = b"y" * len(held[::4096])


NOISE = (
    'output = { size = "1M", then = "truncate" }\nmemory = "256M"\ncpu = "none"\ntasks = 32\n[filesystem]\ntmp = "32M"'
)


def account(group: Path) -> tuple[float, float]:
    """The machine's clock, and the seconds of processor time that a group has used by then."""
    while True:
        before = uptime()
        used = counters(group, "cpu.stat")["usage_usec"] / 1e6
        if uptime() - before < NEAR:  # or this process was off its processor between the two
            return before, used


def shares(*jails: Live) -> list[float]:
    """Which part of the machine each of them has had, over some seconds."""
    groups = [cgroup_of(min(jail.processes())) for jail in jails]
    began = [account(group) for group in groups]
    time.sleep(WINDOW)
    ended = [account(group) for group in groups]
    times = [(then[0] - now[0], then[1] - now[1]) for now, then in zip(began, ended, strict=True)]
    return [used / (passed * (os.cpu_count() or 1)) for passed, used in times]


@needs_kind("systemd", "root")
@pytest.mark.usefixtures("undisturbed")
def test_quota_bounds_what_a_neighbour_can_take(live: Starter, profile: Profile) -> None:
    """Half a processor of the machine's two is a quarter; the rest is there for others."""
    with ExitStack() as stack:
        loud = stack.enter_context(live(noisy, options=profile(f'[limits]\ncpu-quota = "50%"\n{NOISE}')))
        assert loud.heard() == "ready"
        calm = stack.enter_context(live(quiet, options=limited(cpu="none")))
        assert calm.heard() == "ready"
        calm_share, loud_share = shares(calm, loud)
        assert loud.process.poll() is calm.process.poll() is None
    due = 1 - 0.5 / (os.cpu_count() or 1)
    assert calm_share >= due - SLACK, (calm_share, loud_share)
    assert loud_share <= 1 - due + EXACT, (calm_share, loud_share)


@needs_kind("systemd", "root", "parent")
@pytest.mark.usefixtures("undisturbed")
def test_weight_divides_between_jails_that_want_all(live: Starter, profile: Profile) -> None:
    """Three to one."""
    with ExitStack() as stack:
        loud = stack.enter_context(live(noisy, options=profile(f"[limits]\ncpu-weight = 100\n{NOISE}")))
        assert loud.heard() == "ready"
        calm = stack.enter_context(live(quiet, options=limited(cpu="none", cpu_weight=300)))
        assert calm.heard() == "ready"
        calm_share, loud_share = shares(calm, loud)
        assert loud.process.poll() is calm.process.poll() is None
    assert calm_share >= 0.75 - SLACK, (calm_share, loud_share)
    assert loud_share <= 0.25 + EXACT, (calm_share, loud_share)
