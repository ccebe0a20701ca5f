"""Job control: told to stop by a shell, the whole jail stops, and its clocks with it."""

from __future__ import annotations

import json
import os
import select
import signal
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.attack.conftest import LONG
from tests.support.callers import Caller
from tests.support.must import must_have
from tests.support.person import Person, at_terminal

Words = Callable[..., list[str | Path]]


@pytest.fixture
def shell(caller: Caller, folder: Path) -> Iterator[Person]:
    """A person at an interactive shell, the only one that has jobs."""
    bash = must_have("bash")
    env = {"PS1": "PROMPT ", "ENV": "", "HISTFILE": "/dev/null"}
    with at_terminal(caller, [bash, "--norc", "--noprofile", "-i"], cwd=folder, env=env) as someone:
        someone.sees(b"PROMPT ")
        yield someone


def line(words: list[str | Path]) -> bytes:
    """A command line for the shell."""
    return " ".join(f"'{word}'" for word in words).encode()


def states(pid: int) -> set[str]:
    """Of all processes below ``pid`` but pid 1 of the jail: R, S, T (proc(5))."""
    found, waiting = [], [pid]
    while waiting:
        for children in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            below = [int(word) for word in children.read_text().split()]
            waiting += below
            found += below
    return {Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] for child in found[1:]}


def child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


# What is waited for is in capitals: the shell echoes the line, and in that are folders of any small letters.
COUNTS = (
    "import os, time\n"
    "if os.fork() == 0:\n"
    "    while True: time.sleep(0.01)\n"
    "print('GO', flush=True)\n"
    "for _ in range(5): time.sleep(0.1)\n"
    "print('OVER', flush=True)\n"
)


@pytest.mark.parametrize("options", [(), ("--tty",)])
def test_told_to_stop_the_whole_jail_stops_and_no_clock_runs(
    shell: Person, words: Words, folder: Path, options: tuple[str, ...]
) -> None:
    """For longer than its wall time; it goes on and ends well."""
    shell.types(line(words(COUNTS, options=("-q", "--timeout", "3s", *options))) + b"\n")
    shell.sees(b"GO")
    before = shell.settings() if not options else None
    launcher = child_of(shell.process.pid)
    os.kill(launcher, signal.SIGTSTP)
    shell.sees(b"Stopped")
    if before is not None:
        assert before[3] & termios.ICANON
    deadline = time.monotonic() + LONG
    while states(launcher) != {"T"}:
        assert time.monotonic() < deadline, states(launcher)
        time.sleep(0.01)
    time.sleep(3.5)
    assert states(launcher) == {"T"}
    shell.types(b"fg\n")
    shell.sees(b"OVER")
    shell.sees(b"PROMPT ")
    report = json.loads((folder / "report.json").read_bytes())
    assert report["outcome"] == "ok"
    assert report["wall_s"] < 3


def test_stop_is_typed(shell: Person, words: Words, folder: Path) -> None:
    """Ctrl-Z at the terminal that we share with the shell, twice."""
    shell.types(line(words(COUNTS, options=("-q",))) + b"\n")
    shell.sees(b"GO")
    for _ in range(2):
        shell.types(b"\x1a")
        shell.sees(b"Stopped")
        shell.types(b"fg\n")
        shell.sees(b"plugin.py")
        time.sleep(0.05)
    shell.sees(b"OVER")
    shell.sees(b"PROMPT ")
    assert json.loads((folder / "report.json").read_bytes())["outcome"] == "ok"


def test_stopped_job_can_be_killed(shell: Person, words: Words, folder: Path) -> None:
    shell.types(line(words("import time\nprint('GO')\ntime.sleep(100)\n", options=("-q",))) + b"\n")
    shell.sees(b"GO")
    shell.types(b"\x1a")
    shell.sees(b"Stopped")
    pidfd = os.pidfd_open(child_of(shell.process.pid))
    shell.types(b"kill %1\n")
    assert select.select([pidfd], [], [], LONG)[0] == [pidfd]
    os.close(pidfd)
    assert json.loads((folder / "report.json").read_bytes())["outcome"] == "killed"


def test_job_in_the_background_leaves_the_keyboard_alone(shell: Person, words: Words) -> None:
    """What is typed is for the shell; the job is not stopped for wanting it, and gets it in the foreground."""
    code = "import sys, time\nprint('GO')\nprint('read', repr(sys.stdin.readline()))\n"
    shell.types(line(words(code, options=("-q",))) + b" &\n")
    shell.sees(b"GO")
    for number in range(3):
        shell.types(b"echo $((40 + %d))\n" % number)
        shell.sees(b"%d" % (40 + number))
    shell.types(b"jobs\n")
    shell.sees(b"Running")
    shell.types(b"fg\n")
    shell.sees(b"plugin.py")
    time.sleep(0.2)
    shell.types(b"mine\n")
    shell.sees(b"read 'mine\\n'")
    shell.sees(b"PROMPT ")
