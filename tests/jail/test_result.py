"""How a run ended, and its three streams: bytes unharmed, and the right outcome, status and signal for each end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attack.conftest import Jail, Starter
from tests.attack.inside import say, seen
from tests.support.callers import Caller, run_as
from tests.support.installed import Installed
from tests.support.reports import valid

Command = Callable[..., subprocess.CompletedProcess[bytes]]
BINARY = random.Random(7).randbytes(10_000_000)
OUTCOMES = {"ok": 0, "error": 1, "signal": 1, "not-found": 127, "not-executable": 126}


def test_ten_megabytes_go_through_unharmed(jailpy: Command) -> None:
    code = "import shutil, sys; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)"
    done = jailpy("run", "-c", code, input=BINARY)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == BINARY


def test_both_outputs_at_once(jailpy: Command) -> None:
    """Neither stream waits for the other."""
    code = "import os\nfor _ in range(500): os.write(1, b'o' * 5000); os.write(2, b'e' * 5000)"
    done = jailpy("run", "-c", code)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"o" * 2_500_000, b"e" * 2_500_000)


def test_input_that_is_never_read(jailpy: Command) -> None:
    assert jailpy("run", "-c", "print('done')", input=BINARY).stdout == b"done\n"


def test_end_of_input_arrives(jailpy: Command) -> None:
    assert jailpy("run", "-c", "import sys; print(repr(sys.stdin.read()))", input=b"").stdout == b"''\n"


def test_output_that_is_closed_early(jailpy: Command) -> None:
    """A plugin that closes its output goes on; jailpy waits for its end and tells it."""
    code = "import os, time; os.write(1, b'a'); os.close(1); os.close(2); time.sleep(0.3); os._exit(3)"
    done = jailpy("run", "-c", code)
    assert (done.stdout, done.returncode) == (b"a", 3)


def test_reader_that_goes_away(live: Starter, folder: Path) -> None:
    """A plugin whose reader has gone gets EPIPE, as it would without us."""

    def plugin() -> object:
        say("ready")
        sys.stdin.read()
        end = "allowed"
        while end == "allowed":
            end = seen(os.write, 1, b"x" * 4096)
        os.write(2, end.encode())
        os._exit(5)

    with live(plugin) as jail:
        assert jail.heard() == "ready"
        assert jail.process.stdout
        assert jail.process.stderr
        jail.process.stdout.close()
        jail.let_go()
        assert jail.process.stderr.read() == b"EPIPE"
        assert jail.process.wait(60) == 5
    assert valid(folder / "report.json")["outcome"] == "error"


def test_slow_reader_gets_everything(live: Starter) -> None:
    """The plugin's end, and its time limit, do not cut off what the reader has yet to take."""

    def plugin() -> object:
        os.write(1, b"ready\n" + b"x" * 150_000)
        os._exit(0)

    with live(plugin, options=("--timeout", "1s")) as jail:
        assert jail.heard() == "ready"
        time.sleep(1.5)
        assert jail.process.stdout
        assert jail.process.stdout.read() == b"x" * 150_000
        assert jail.process.wait(60) == 0


def test_output_that_does_not_block(installed: Installed, caller: Caller) -> None:
    """A caller's pipe with O_NONBLOCK loses nothing when it is full."""
    here, there = os.pipe()
    os.set_blocking(there, False)
    rights = {"user": caller.uid, "group": caller.gid, "extra_groups": []} if os.geteuid() == 0 else {}
    command = [installed.command, "run", "-c", "import os; [os.write(1, b'x' * 10000) for _ in range(100)]"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=there, cwd="/", **rights) as process:
        os.close(there)
        time.sleep(0.5)
        with open(here, "rb") as file:
            assert len(file.read()) == 1_000_000
        assert process.wait(60) == 0


@pytest.mark.parametrize("status", [0, 1, 3, 124, 125, 126, 127, 137, 255])
def test_exit_status_is_the_plugins(jail: Jail, status: int) -> None:
    """A plugin may exit with any status of ours; the outcome is not deceived."""
    run = jail(f"raise SystemExit({status})")
    expected = "ok" if status == 0 else "error"
    assert (run.done.returncode, run.report["status"], run.report["exit_code"]) == (status, status, status)
    assert (run.report["outcome"], run.report["signal"], run.report["error"]) == (expected, None, None)
    run = jail(f"raise SystemExit({status})", options=("--exit-status", "outcome"))
    assert run.done.returncode == OUTCOMES[expected]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT, signal.SIGUSR1])
def test_plugin_ends_itself_by_a_signal(jail: Jail, number: int) -> None:
    run = jail(f"import os; os.kill(os.getpid(), {int(number)})")
    assert (run.done.returncode, run.report["outcome"]) == (128 + number, "signal")
    assert (run.report["signal"], run.report["exit_code"]) == (number, None)


def test_time_limit(jail: Jail) -> None:
    """A plugin that ignores SIGTERM is killed after the grace; what it wrote is there."""
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('begun', flush=True); time.sleep(1000)"
    run = jail(code, options=("--timeout", "500ms"))
    assert (run.report["outcome"], run.done.returncode, run.done.stdout) == ("timeout", 124, b"begun\n")


def test_time_limit_is_told_to_the_plugin(jail: Jail) -> None:
    """SIGTERM first: a plugin may tidy up, and the outcome stays timeout whatever it exits with."""
    code = (
        "import os, signal, time\ndef tidy(*_):\n    os.write(1, b'tidied'); os._exit(0)\n"
        "signal.signal(15, tidy); time.sleep(1000)"
    )
    run = jail(code, options=("--timeout", "500ms"))
    assert (run.report["outcome"], run.done.returncode, run.done.stdout) == ("timeout", 124, b"tidied")


def test_output_limit(jail: Jail) -> None:
    run = jail("import os\nwhile True: os.write(1, b'x' * 4096)", options=("--limit", "output=100K"))
    assert (run.report["outcome"], run.done.returncode) == ("output-limit", 137)
    assert len(run.done.stdout) == 100 << 10


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_jailpy_is_told_to_end(live: Starter, folder: Path, number: int) -> None:
    """The signal is passed on once; jailpy reports, and dies of the same signal, so that a shell's loop stops."""

    def plugin() -> object:
        told: list[int] = []
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, lambda number, _: told.append(number))
        say("ready")
        while not told:
            time.sleep(0.01)
        time.sleep(0.3)
        say(f"told {told}")
        os._exit(0)

    with live(plugin) as jail:
        assert jail.heard() == "ready"
        jail.process.send_signal(number)
        assert jail.heard() == f"told [{int(number)}]"
        assert jail.process.wait(60) == -number
    report = valid(folder / "report.json")
    assert (report["outcome"], report["exit_code"]) == ("killed", 0)


def test_program_that_is_not_there(caller: Caller, installed: Installed, folder: Path) -> None:
    """127 and 126, as every shell has it, and the report says which it was."""
    script = folder / "script"
    script.write_text("no program")
    script.chmod(0o755)
    cases = {
        ("nowhere",): ("not-found", 127),
        ("/nowhere/program",): ("not-found", 127),
        ("/etc/hosts",): ("not-executable", 126),
        ("/tmp",): ("not-executable", 126),
        ("/script",): ("not-executable", 126),
    }
    for command, (outcome, status) in cases.items():
        options = ["--report", folder / "r.json", "--read", f"{script}:/script"]
        done = run_as(caller, [installed.command, "exec", *options, "--", *command])
        report = valid(folder / "r.json")
        assert (report["outcome"], report["status"], done.returncode) == (outcome, status, status), command
        assert done.stderr.startswith(b"jailpy: ")
        assert done.stdout == b""


def test_a_clock_that_is_over_before_there_is_a_jail_is_told_of(jailpy: Command, folder: Path) -> None:
    done = jailpy("run", "--timeout", "10ms", "--report", folder / "r.json", "-c", "pass")
    assert (done.returncode, done.stdout) == (124, b"")
    assert done.stderr.startswith(b"jailpy: -c was stopped after 0.01s (limits.wall)\n")
    assert [row["name"] for row in valid(folder / "r.json")["limits"] if row["ended_run"]] == ["wall"]
