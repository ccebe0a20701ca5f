"""``ps`` knows what runs now, and ``kill`` ends it: also after launchers that were killed themselves."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from jailpy.observe.register import HEAD, LOCK, SLOT
from tests.support.kept import Kept

WAIT = "import os, sys, time; os.write(1, b'up'); time.sleep(600)"
DEAF = "import os, signal, time; signal.signal(15, signal.SIG_IGN); os.write(1, b'up'); time.sleep(600)"


@contextmanager
def running(kept: Kept, *options: str, code: str = WAIT) -> Iterator[subprocess.Popen[bytes]]:
    """A run whose plugin has started."""
    with kept.start("run", *options, "-c", code) as process:
        try:
            assert process.stdout
            assert process.stdout.read(2) == b"up"
            yield process
        finally:
            process.kill()


def listed(kept: Kept) -> list[dict[str, Any]]:
    done = kept.run("ps", "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    found: list[dict[str, Any]] = json.loads(done.stdout)["jails"]
    return found


def test_living_run_is_listed_and_a_dead_one_is_not(kept: Kept) -> None:
    with running(kept, "--label", "job=7", "-p", "default@1") as process:
        (run,) = listed(kept)
        assert (run["pid"], run["profile"], run["plugin"]) == (process.pid, "default@1", "-c")
        assert run["labels"] == {"job": "7"}
        lines = kept.run("ps").stdout.decode().splitlines()
        assert lines[0].split() == ["ID", "PID", "STARTED", "PROFILE", "PLUGIN", "LABELS"]
        assert lines[1].split()[:2] == [run["jail"], str(process.pid)]
        process.kill()
        process.wait()
        assert listed(kept) == []
        assert kept.run("ps").stdout.count(b"\n") == 1


def test_run_is_killed_by_its_id(kept: Kept) -> None:
    """Its launcher reports the outcome killed, and dies of the signal."""
    with running(kept) as process, running(kept) as other:
        (run,) = [run for run in listed(kept) if run["pid"] == process.pid]
        done = kept.run("kill", run["jail"])
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.decode() == f"{run['jail']}: killed\n"
        assert process.wait(60) == -signal.SIGTERM
        (line,) = kept.audit()
        assert (line["jail"], line["outcome"], line["status"]) == (run["jail"], "killed", 128 + signal.SIGTERM)
        assert [run["pid"] for run in listed(kept)] == [other.pid]


def test_labels_choose(kept: Kept) -> None:
    """All of them must be there."""
    with (
        running(kept, "--label", "job=1", "--label", "part=a"),
        running(kept, "--label", "job=1", "--label", "part=b") as second,
        running(kept, "--label", "job=2"),
    ):
        done = kept.run("kill", "--label", "job=1", "--label", "part=b")
        assert (done.returncode, done.stdout.count(b": killed\n")) == (0, 1)
        assert second.wait(60) == -signal.SIGTERM
        assert len(listed(kept)) == 2
        assert kept.run("kill", "--label", "job=1").stdout.count(b": killed\n") == 1
        assert kept.run("kill", "--all").stdout.count(b": killed\n") == 1
        assert listed(kept) == []


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("kill", "1zzzzzzzz-1"), 1, b"no run of the id 1zzzzzzzz-1 lives"),
        (("kill", "--label", "job=1"), 1, b"no run that lives has the label job=1"),
        (("kill", "--all"), 0, b""),
        (("kill",), 125, b"expected ids, or --label K=V, or --all"),
        (("kill", "--all", "x"), 125, b"expected ids, or --label K=V, or --all"),
        (("kill", "--label", "job"), 125, b"expected K=V"),
        (("ps", "x"), 125, b"x"),
    ],
)
def test_nothing_to_kill(kept: Kept, words: tuple[str, ...], status: int, said: bytes) -> None:
    done = kept.run(*words)
    assert (done.returncode, done.stdout) == (status, b"")
    assert said in done.stderr


def test_name_does_not_reach_the_terminal(kept: Kept, folder: Path) -> None:
    """A file name is its author's choice."""
    plugin = folder / "a\x1b]52;c;x\x07\n1zz 1 root.py"
    plugin.write_text(WAIT)
    with kept.start("run", plugin) as process:
        assert process.stdout
        assert process.stdout.read(2) == b"up"
        done = kept.run("ps")
        process.kill()
    assert b"\x1b" not in done.stdout
    assert b"\\x1b]52;c;x\\x07\\n1zz 1 root.py" in done.stdout
    assert done.stdout.count(b"\n") == 2


def test_plugin_that_ignores_the_signal_is_killed_after_the_grace(kept: Kept) -> None:
    with running(kept, code=DEAF) as process:
        done = kept.run("kill", "--all")
        assert (done.returncode, done.stdout.count(b": killed\n")) == (0, 1)
        assert process.wait(60) == -signal.SIGTERM


def test_launcher_that_is_stopped_hears_it(kept: Kept) -> None:
    """A stopped process takes no SIGTERM before it goes on."""
    with running(kept) as process:
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        assert kept.run("kill", "--all").stdout.endswith(b": killed\n")
        assert process.wait(60) == -signal.SIGTERM


def test_launcher_that_ignores_it_is_killed(kept: Kept) -> None:
    """Started with SIGTERM ignored, it goes the hard way, and the jail with it."""
    words = kept.words("run", "-c", WAIT)
    process = kept.start_words(["/bin/sh", "-c", 'trap "" TERM; exec "$@"', "sh", *words])
    with process:
        assert process.stdout
        assert process.stdout.read(2) == b"up"
        done = kept.run("kill", "--all")
        assert (done.returncode, done.stdout.endswith(b": was killed\n")) == (0, True)
        assert process.wait(60) == -signal.SIGKILL
        assert process.stdout.read() == b""


def test_word_of_a_slot_that_nobody_holds_is_not_believed(kept: Kept) -> None:
    """What stands there is what the last one left; a lock of a stranger on it is a row and no more."""
    with running(kept) as process:
        (run,) = listed(kept)
    process.wait()
    path = kept.runtime / "jails"
    slot = run["pid"] % 4096
    text = path.read_bytes()[slot * SLOT :]
    assert run["jail"].encode() in text
    assert listed(kept) == []
    with path.open("r+b") as file:
        fcntl.fcntl(file, fcntl.F_SETLK, LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 2 * slot, 1, 0))
        assert listed(kept) == []  # claimed, and nothing true written yet
        fcntl.fcntl(file, fcntl.F_SETLK, LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 2 * slot, 2, 0))
        for junk in (b"", b"[]", b"{}", b'{"jail": 1', b"\xff", b'{"jail": "x", "labels": []}'):
            file.seek(slot * SLOT + HEAD)
            file.write(junk + b"\n")
            file.flush()
            assert listed(kept) == []
        assert kept.run("kill", "--all").returncode == 0


def test_pidfd_of_the_list_is_the_launchers(kept: Kept) -> None:
    """The number is the kernel's: the process that it names ends when the run does."""
    with running(kept) as process:
        (run,) = listed(kept)
        pidfd = os.pidfd_open(run["pid"])
        assert kept.run("kill", run["jail"]).returncode == 0
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        assert poll.poll(0)
        os.close(pidfd)
        process.wait()
