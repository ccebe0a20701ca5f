"""Limits and accounts are what the module resource says, which is too slow to load."""

from __future__ import annotations

import os
import resource
import signal

import pytest

from jailpy.kernel import usage

MIB = 1 << 20


def in_child(act: object) -> int:
    """The exit status of a process that carries out ``act``; 1 where that raises."""
    pid = os.fork()
    if pid == 0:
        try:
            act()  # type: ignore[operator]
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize(
    ("number", "which"),
    [
        (usage.FILE_SIZE, resource.RLIMIT_FSIZE),
        (usage.PROCESSES, resource.RLIMIT_NPROC),
        (usage.OPEN_FILES, resource.RLIMIT_NOFILE),
    ],
)
def test_the_numbers_are_those_of_this_machine(number: int, which: int) -> None:
    assert number == which
    hard = resource.getrlimit(which)[1]
    assert usage.ceiling(number) == (None if hard == resource.RLIM_INFINITY else hard)


@pytest.mark.parametrize(
    ("own", "soft", "hard", "then"),
    [
        ((100, 200), 50, 60, (50, 60)),
        ((100, 200), 150, 300, (150, 200)),  # a lower soft one is raised to ours, as the hard one lets us
        ((100, 200), 300, resource.RLIM_INFINITY, (200, 200)),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), 7, 8, (7, 8)),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), resource.RLIM_INFINITY, resource.RLIM_INFINITY,
         (resource.RLIM_INFINITY, resource.RLIM_INFINITY)),
    ],
)  # fmt: skip
def test_the_lower_of_two_limits_holds(own: tuple[int, int], soft: int, hard: int, then: tuple[int, int]) -> None:
    def lower() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, own)
        usage.lower(resource.RLIMIT_CORE, soft, hard)
        assert resource.getrlimit(resource.RLIMIT_CORE) == then

    if resource.getrlimit(resource.RLIMIT_CORE)[1] == resource.RLIM_INFINITY:
        assert in_child(lower) == 0
    else:
        assert usage.ceiling(resource.RLIMIT_CORE) == resource.getrlimit(resource.RLIMIT_CORE)[1]


def test_an_account_is_that_of_the_child_which_was_waited_for() -> None:
    pid = os.fork()
    if pid == 0:
        held = bytearray(64 * MIB)
        while sum(os.times()[:2]) < 0.1:
            held[::4096] = bytes(len(held) // 4096)
        os._exit(0)
    account = usage.wait(pid)
    assert account.user_s + account.system_s >= 0.1
    assert account.memory >= 64 * MIB
    with pytest.raises(ChildProcessError):
        os.waitpid(pid, 0)


def test_a_signal_does_not_end_the_waiting() -> None:
    """The child ends when three alarms have been heard."""
    heard: list[int] = []
    release, let_go = os.pipe()

    def hear(number: int, _: object) -> None:
        heard.append(number)
        if len(heard) == 3:
            os.close(let_go)

    before = signal.signal(signal.SIGALRM, hear)
    pid = os.fork()
    if pid == 0:
        os.close(let_go)
        os.read(release, 1)
        os._exit(0)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        usage.wait(pid)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        os.close(release)
    assert len(heard) >= 3


def test_one_s_own_account_grows() -> None:
    before = usage.own()
    held = bytes(MIB)
    while usage.own().user_s == before.user_s:
        held = held[1:] + held[:1]
    assert usage.own().memory >= before.memory > 0
