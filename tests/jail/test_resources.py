"""Plugins that take all they can get: each ends with the right outcome or hits, and the host answers meanwhile.

Every bomb has a second guard of its own: it stops by itself at a few times what it may take, and then the test fails.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import textwrap
import time
from pathlib import Path

import pytest

from tests.attack.conftest import PATIENCE, Profile
from tests.attack.inside import opened, seen
from tests.support.bombs import Bomb, bomb, ended_by, limit

__all__ = ["bomb"]


def test_fork_bomb(bomb: Bomb) -> None:
    """Forks are refused at the limit; the peak says that it was reached."""

    def plugin() -> object:
        first, refused = os.getpid(), ""
        for _ in range(30):
            refused = refused or seen(os.fork)
            refused = "" if refused == "allowed" else refused
        time.sleep(0.6)
        if os.getpid() != first:
            os._exit(0)
        return refused

    run = bomb(plugin, tasks=20)
    assert run.saw() == "EAGAIN"
    assert limit(run, "tasks") == {"name": "tasks", "limit": 20, "peak": 20, "hits": 1, "ended_run": False}
    assert run.report["usage"]["tasks_peak"] == 20


def test_scratch_folder_is_filled(bomb: Bomb, profile: Profile) -> None:
    """It is full at its size, and the plugin goes on."""

    def plugin() -> object:
        with open("/work/large", "wb", 0) as file:
            for _ in range(200):
                if (saw := seen(file.write, bytes(1 << 16))) != "allowed":
                    break
        return saw

    run = bomb(plugin, options=profile('[filesystem]\ntmp = "4M"'))
    assert run.saw() == "ENOSPC"
    assert limit(run, "tmp") == {"name": "tmp", "limit": 4 << 20, "peak": 4 << 20, "hits": 1, "ended_run": False}


def test_scratch_folder_is_filled_with_files(bomb: Bomb, profile: Profile) -> None:
    """Files without content take inodes, which are counted as well."""

    def plugin() -> object:
        for number in range(1000):
            if (saw := opened(f"/tmp/{number}", os.O_WRONLY | os.O_CREAT)) != "allowed":
                break
        return saw

    run = bomb(plugin, options=profile("[filesystem]\ntmp-files = 100"))
    assert run.saw() == "ENOSPC"
    assert limit(run, "tmp-files")["hits"] == 1
    assert limit(run, "tmp-files")["peak"] == limit(run, "tmp-files")["limit"] == 100


def test_socket_buffers(bomb: Bomb) -> None:
    """No watch sees them: they keep the size that the host gives, and open files bound how many there are."""

    def plugin() -> object:
        pairs, held = [], 0
        try:
            for _ in range(500):
                pairs += socket.socketpair()
        except OSError:
            pass
        before = pairs[0].getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        for one in pairs:
            one.setblocking(False)
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                one.setsockopt(socket.SOL_SOCKET, option, 8 << 20)
            while seen(one.send, bytes(4096)) == "allowed":
                held += 4096
        return [held, before, pairs[0].getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF), len(pairs)]

    held, before, after, count = bomb(plugin, open_files=100).saw()
    assert before == after
    assert 90 < count < 100
    assert held <= count * before


@pytest.mark.parametrize("then", ["kill", "truncate"])
def test_output_flood(bomb: Bomb, profile: Profile, then: str) -> None:
    """What is over the limit ends the run, or is dropped while the plugin goes on; never is a byte more passed on."""

    def plugin() -> object:
        for _ in range(300):
            os.write(1, b"o" * 10000)
            os.write(2, b"e" * 10000)
        os._exit(3)

    run = bomb(plugin, options=profile(f'[limits]\noutput = {{ size = "1M", then = "{then}" }}'))
    ends = {"kill": ("output-limit", 137), "truncate": ("error", 3)}
    assert (run.report["outcome"], run.done.returncode) == ends[then]
    assert (limit(run, "output")["hits"], limit(run, "output")["ended_run"]) == (1, then == "kill")
    assert len(run.done.stdout) + len(run.done.stderr.partition(b"jailpy: ")[0]) == 1 << 20
    usage = run.report["usage"]
    assert limit(run, "output")["peak"] == usage["stdout_bytes"] + usage["stderr_bytes"] > 1 << 20
    assert then == "kill" or (usage["stdout_bytes"], usage["stderr_bytes"]) == (3_000_000, 3_000_000)


def test_sleep_that_ignores_every_signal(bomb: Bomb) -> None:
    """Time is up: a plugin that does not end when it is asked to is killed after the grace."""

    def plugin() -> object:
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            seen(signal.signal, number, signal.SIG_IGN)
        while True:
            time.sleep(1000)

    run = bomb(plugin, wall="500ms")
    assert (run.report["outcome"], run.report["status"], run.done.returncode) == ("timeout", 124, 124)
    assert ended_by(run, "wall")
    assert 2.5 <= run.report["wall_s"] == limit(run, "wall")["peak"] < 20 * PATIENCE


def test_daemon_outlives_nothing(bomb: Bomb, folder: Path, profile: Profile) -> None:
    """A grandchild in a session of its own ends with the plugin, whatever it holds open."""

    def plugin(path: str) -> object:
        told, tell = os.pipe()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                os.open(path, os.O_RDONLY)
                os.write(tell, b"x")
                time.sleep(50)
            os._exit(0)
        return len(os.read(told, 1))

    held = folder / "held"
    held.touch()
    run = bomb(plugin, "/work/held", options=profile(f'[filesystem]\nread = ["{held}:/work/held"]'))
    assert (run.saw(), run.report["wall_s"] < 40) == (1, True)
    with held.open("w") as file:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)  # refused while anybody else has it open


BURN = """
import hashlib, os, signal, threading, time
def burn(seconds):
    signal.signal(signal.SIGPROF, lambda *_: os._exit(0))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    while True:
        pass
"""
SPINS = {
    "threads": """
        def work():
            while True:
                hashlib.pbkdf2_hmac("sha256", b"", b"", 10000)
        for _ in range(4):
            threading.Thread(target=work).start()
        """,
    "children": """
        for _ in range(4):
            os.fork()
        while True:
            pass
        """,
    "children that nobody waits for": """
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            if os.fork() == 0:
                burn(0.5)
            try:
                os.wait()  # until all are gone, of whom nobody is told anything
            except ChildProcessError:
                pass
        """,
    "children that end at once": """
        while True:
            if os.fork() == 0:
                burn(0.01)
            os.wait()
        """,
}


@pytest.mark.parametrize("spin", SPINS)
def test_processor_time_of_all_together(bomb: Bomb, spin: str) -> None:
    """No process of it takes as much as the jail may; all together do."""
    run = bomb(BURN + textwrap.dedent(SPINS[spin]), cpu="1500ms")
    assert (run.report["outcome"], run.report["status"], run.done.returncode) == ("cpu-limit", 124, 124)
    assert ended_by(run, "cpu")
    usage = run.report["usage"]
    assert 1.5 <= usage["cpu_user_s"] + usage["cpu_system_s"] < 5
    assert limit(run, "cpu")["peak"] == pytest.approx(usage["cpu_user_s"] + usage["cpu_system_s"])


@pytest.mark.parametrize("number", [signal.SIGXCPU, signal.SIGKILL, signal.SIGXFSZ])
def test_signal_of_a_limit_that_was_not_reached(bomb: Bomb, number: int) -> None:
    """What a plugin does to itself is no limit's doing."""
    default = "" if number == signal.SIGKILL else f"signal.signal({number:d}, signal.SIG_DFL)"
    run = bomb(f"import os, signal\n{default}\nos.kill(os.getpid(), {number:d})")
    assert (run.report["outcome"], run.report["signal"]) == ("signal", number)
    assert [row["name"] for row in run.report["limits"] if row["ended_run"]] == []


def test_open_files_and_file_size(bomb: Bomb) -> None:
    """What a plugin survives is told as a peak and as hits, where that can be seen."""

    def plugin() -> object:
        fds = []
        while (saw := seen(lambda: fds.append(os.open("/dev/null", os.O_RDONLY)))) == "allowed":
            pass
        time.sleep(0.6)
        os.close(fds.pop())
        return [saw, seen(os.truncate, os.open("/tmp/x", os.O_CREAT | os.O_WRONLY), 5000)]

    run = bomb(plugin, open_files=40, file_size=4096)
    assert run.saw() == ["EMFILE", "EFBIG"]
    assert limit(run, "open-files") == {"name": "open-files", "limit": 40, "peak": 40, "hits": 1, "ended_run": False}
    assert limit(run, "file-size") == {
        "name": "file-size",
        "limit": 4096,
        "peak": None,
        "hits": None,
        "ended_run": False,
    }


def test_every_limit_is_in_the_report(bomb: Bomb) -> None:
    """A run that is over at once has them all, with what is known."""
    run = bomb("pass", wall="40s", memory="none")
    assert [row["name"] for row in run.report["limits"]] == [
        "wall", "cpu", "tasks", "output", "open-files", "file-size", "tmp", "tmp-files",
    ]  # fmt: skip
    assert limit(run, "wall")["limit"] == 40
