"""jailpy among other tools: in loops, pipelines and xargs, under timeout and nohup, from cron and from ssh."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Caller, must_have, run_as
from tests.support.callers import PATIENCE, environment
from tests.support.installed import Installed
from tests.support.reports import valid
from tests.support.terminal import CTRL_BACKSLASH, CTRL_C, Terminal

LONG = 60 * PATIENCE
SLEEP = "import time; print('be' 'gun', flush=True); time.sleep(1000)"  # a traceback, which shows it, does not say it
POLITE = """
import signal, sys, time
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
print("be" "gun", flush=True)
time.sleep(1000)
"""
LOOP = 'for i in 1 2 3; do "$0" run -c "$1"; done; echo all over'
Shell = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def bash(caller: Caller, installed: Installed, folder: Path) -> Shell:
    """Run a script of bash as the caller; in it "$0" is jailpy."""

    def run(script: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
        command = ["/bin/bash", "-c", script, installed.command, *arguments]
        return run_as(caller, command, **{"cwd": folder, **options})

    return run


def alive(token: str) -> list[str]:
    """The processes that have a word with ``token`` on their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and token.encode() in (entry / "cmdline").read_bytes():
                found.append(entry.name)
        except OSError:
            continue  # ended meanwhile
    return [pid for pid in found if pid != str(os.getpid())]


def none_alive(token: str) -> bool:
    """Whether all of them end."""
    deadline = time.monotonic() + LONG
    while alive(token) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(token)


@pytest.fixture
def token(folder: Path) -> str:
    """A word that no other command line has."""
    return f"token-{folder.name}"


@pytest.mark.parametrize("shell", ["bash", "sh"])
@pytest.mark.parametrize("plugin", [SLEEP, POLITE], ids=["dies", "exits with 0"])
def test_ctrl_c_stops_the_loop(caller: Caller, installed: Installed, folder: Path, shell: str, plugin: str) -> None:
    """A script's loop goes on after a command that only exits: jailpy dies of the signal, whatever the plugin does."""
    with Terminal([f"/bin/{shell}", "-c", LOOP, installed.command, plugin], caller=caller, cwd=folder) as terminal:
        terminal.read_until(b"begun")
        terminal.type(CTRL_C)
        assert terminal.wait() == -signal.SIGINT
        assert b"begun" not in terminal.seen
        assert b"all over" not in terminal.seen


def test_ctrl_c_stops_the_loop_at_the_prompt(caller: Caller, installed: Installed, folder: Path) -> None:
    """The same, typed into a shell that goes on, where jailpy has a process group of its own."""
    (folder / "sleep.py").write_text(SLEEP)
    line = f"for i in 1 2 3; do {installed.command} run sleep.py; done; echo all $((1)) over\n"
    bash = ["/bin/bash", "--noprofile", "--norc", "-i"]
    with Terminal(bash, caller=caller, cwd=folder, env={"PS1": "ready> "}) as terminal:
        terminal.read_until(b"ready> ")
        terminal.type(line.encode())
        terminal.read_until(b"begun")
        terminal.type(CTRL_C)
        said = terminal.read_until(b"ready> ")
        terminal.type(b"echo status $?\n")
        terminal.read_until(b"status 130")
        assert b"begun" not in said
        assert b"all 1 over" not in said


def test_ctrl_backslash_ends_it(caller: Caller, installed: Installed, folder: Path) -> None:
    """By SIGQUIT, and the plugin leaves no core."""
    with Terminal([installed.command, "run", "-c", SLEEP], caller=caller, cwd=folder) as terminal:
        terminal.read_until(b"begun")
        terminal.type(CTRL_BACKSLASH)
        assert terminal.wait() == -signal.SIGQUIT
    assert list(folder.iterdir()) == []


def test_closed_terminal_ends_it(caller: Caller, installed: Installed, folder: Path, token: str) -> None:
    """SIGHUP, when the window closes: the plugin is told, nothing lives on, and the report says it."""
    report = folder / "report.json"
    command = [installed.command, "run", "--report", report, "-c", SLEEP, token]
    with Terminal(command, caller=caller, cwd=folder) as terminal:
        terminal.read_until(b"begun")
        terminal.hang_up()
        assert terminal.process.wait(LONG) == -signal.SIGHUP
    assert none_alive(token)
    assert (valid(report)["outcome"], valid(report)["status"]) == ("killed", 128 + signal.SIGHUP)


def test_nohup_in_the_background_outlives_its_shell(caller: Caller, installed: Installed, folder: Path) -> None:
    """A person logs out: the run goes on, and what it prints is in the file."""
    code = "import sys, time; time.sleep(1); print(len(sys.stdin.read()), 'done')"
    start = f'nohup {installed.command} run --report r.json -c "{code}" >out & disown'
    line = f"{start}; until [ -e r.json ]; do sleep 0.1; done; kill -HUP $$\n"  # nohup itself must be over
    with Terminal(["/bin/bash", "--noprofile", "--norc", "-i"], caller=caller, cwd=folder) as terminal:
        terminal.type(line.encode())
        assert terminal.wait() == -signal.SIGHUP
    deadline = time.monotonic() + LONG
    while not ((folder / "r.json").exists() and (folder / "r.json").read_bytes()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (folder / "out").read_text() == "0 done\n"
    assert valid(folder / "r.json")["outcome"] == "ok"


def test_reader_that_leaves_ends_the_pipeline(bash: Shell) -> None:
    """``jailpy … | head -1``: the plugin is told by EPIPE, and its status is not hidden."""
    script = '"$0" run -c "while True: print(\'x\' * 1000)" 2>err | head -n 1; echo "${PIPESTATUS[*]}" >&2'
    done = bash(script)
    assert done.stdout == b"x" * 1000 + b"\n"
    assert done.stderr in (b"1 0\n", b"120 0\n")  # 120: Python found it out while it shut down


def test_writer_ends_when_the_plugin_has_enough(bash: Shell) -> None:
    """``yes | jailpy … | cat``: who feeds jailpy gets SIGPIPE once it has ended."""
    done = bash('yes | "$0" run -c "print(input())" | cat; echo "${PIPESTATUS[*]}" >&2')
    assert (done.stdout, done.stderr) == (b"y\n", b"141 0 0\n")


def test_many_in_one_pipeline(bash: Shell) -> None:
    """Five jails in a row, a megabyte through all of them."""
    code = "import sys; [sys.stdout.buffer.write(block) for block in iter(lambda: sys.stdin.buffer.read(65536), b'')]"
    data = os.urandom(1_000_000)
    done = bash("set -o pipefail; " + " | ".join(['"$0" run -c "$1"'] * 5), code, input=data)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == data


def test_status_of_the_failing_one_in_a_pipeline(bash: Shell) -> None:
    done = bash('set -o pipefail; echo in | "$0" run -c "raise SystemExit(3)" | cat')
    assert (done.returncode, done.stdout, done.stderr) == (3, b"", b"")


def test_substitution_and_condition(bash: Shell) -> None:
    done = bash('if word=$("$0" run -c "print(42)"); then echo "got $word"; fi; "$0" run -c "1/0" 2>&- || echo failed')
    assert (done.stdout, done.stderr) == (b"got 42\nfailed\n", b"")


def test_appends_where_it_is_told_to(bash: Shell, folder: Path) -> None:
    """What stands in the file stays, and a run's two streams share one offset."""
    code = "import os; os.write(1, b'out'); os.write(2, b'err')"
    assert bash('echo before >file; "$0" run -c "$1" >>file 2>&1; echo after >>file', code).returncode == 0
    assert (folder / "file").read_text() in ("before\nouterrafter\n", "before\nerroutafter\n")


@pytest.mark.parametrize(
    ("options", "status"),
    [(["1"], 124), (["-s", "INT", "1"], 124), (["--foreground", "1"], 124), (["--preserve-status", "1"], 143),
     (["-k", "1", "-s", "HUP", "1"], 124), (["-s", "KILL", "1"], 137)],
)  # fmt: skip
def test_under_timeout(bash: Shell, token: str, options: list[str], status: int) -> None:
    """timeout(1) knows how it ended, and nothing of the jail lives on, SIGKILL or not."""
    done = bash('timeout "${@:3}" "$0" run -c "$1" "$2"; echo $?', SLEEP, token, *options)
    assert done.stdout.split() in ([b"begun", b"%d" % status], [b"%d" % status])  # or the machine was slow
    assert none_alive(token)


def test_under_xargs(bash: Shell) -> None:
    """Eight at a time, each with its own argument, every line whole."""
    done = bash('seq 24 | xargs -P8 -I{} "$0" run -c "import sys; print(\'-\'.join(sys.argv[1:]))" {} x')
    assert (done.returncode, done.stderr) == (0, b"")
    assert sorted(done.stdout.split()) == sorted(b"%d-x" % number for number in range(1, 25))


def test_plugin_cannot_stop_xargs(bash: Shell) -> None:
    """255 tells xargs to give up; --exit-status outcome keeps a plugin from saying it."""
    code = "import sys; print(sys.argv[1], flush=True); raise SystemExit(255)"
    stopped = bash('seq 3 | xargs -n1 "$0" run -c "$1"', code)
    assert (stopped.returncode, stopped.stdout) == (124, b"1\n")
    done = bash('seq 3 | xargs -n1 "$0" run --exit-status outcome -c "$1"', code)
    assert (done.returncode, done.stdout) == (123, b"1\n2\n3\n")


def test_from_cron(caller: Caller, installed: Installed, folder: Path) -> None:
    """What cron(8) gives: few variables, the home as working folder, no terminal; what is printed becomes a letter."""
    (folder / "job.py").write_text("import os, sys; print(sys.argv, os.getcwd(), sorted(os.environ))")
    line = f"cd /; {installed.command} run {folder}/job.py nightly"
    bare = {"HOME": str(caller.home), "LOGNAME": caller.name, "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
    words = [f"{name}={value}" for name, value in bare.items()]
    done = run_as(caller, [must_have("env"), "-i", *words, "/bin/sh", "-c", line])
    assert done.stdout.startswith(b"['/plugin/job.py', 'nightly'] /work [")
    assert (done.returncode, done.stderr) == (0, b"")


@contextmanager
def connection(caller: Caller, *command: str | Path) -> Iterator[tuple[socket.socket, subprocess.Popen[bytes]]]:
    """A command as sshd runs it for ``ssh -T``: standard input and output are one socket, there is no terminal."""
    here, there = socket.socketpair()
    rights = {"user": caller.uid, "group": caller.gid, "extra_groups": []} if os.geteuid() == 0 else {}
    with here, there:
        process = subprocess.Popen(
            command,
            stdin=there,
            stdout=there,
            stderr=subprocess.PIPE,
            cwd=caller.home,
            env=environment(caller),
            start_new_session=True,
            **rights,
        )
        there.close()
        here.settimeout(LONG)
        try:
            yield here, process
        finally:
            process.kill()
            process.communicate()


def test_over_ssh(caller: Caller, installed: Installed) -> None:
    """The input's end comes through half a connection, the output back through the other half."""
    code = "import sys; text = sys.stdin.read(); print(text[::-1]); raise SystemExit(7)"
    with connection(caller, installed.command, "run", "-c", code) as (client, process):
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        assert client.makefile("rb").read() == b"olleh\n"
        assert process.wait(LONG) == 7


def test_connection_is_lost(caller: Caller, installed: Installed, token: str) -> None:
    """There is no SIGHUP without a terminal: the plugin's next write fails, as that of any command would."""
    code = "import time\nwhile True: print('x' * 1000, flush=True); time.sleep(0.01)"
    with connection(caller, installed.command, "run", "-c", code, token) as (client, process):
        assert client.recv(4)
        client.close()
        assert process.wait(LONG) in (1, 120)
    assert none_alive(token)


def test_parent_becomes_another_program(bash: Shell) -> None:
    """A shell that starts a run and then executes something else has not ended; a run has nothing to do with it."""
    script = '"$0" run -c "import time; time.sleep(1); print(\'done\')" >out & exec /bin/sh -c "sleep 2; cat out"'
    assert bash(script).stdout == b"done\n"


def test_parent_is_gone(bash: Shell) -> None:
    """A run in the background goes on without the shell that started it, as every command does."""
    code = "import time; time.sleep(1); print('done')"
    done = bash('("$0" run -c "$1" & ) ', code)
    assert (done.stdout, done.stderr) == (b"done\n", b"")


def test_same_process_all_the_way(bash: Shell) -> None:
    """exec from a script leaves the run in the script's place: what is sent there arrives."""
    code = "import signal; print('begun', flush=True); signal.sigwait({signal.SIGUSR2})"
    script = """sh -c 'echo $$ >pid; exec "$@"' sh "$0" run -c "$1" | { read -r line; kill -TERM "$(cat pid)"; cat; }"""
    done = bash(f"{script}; echo ${{PIPESTATUS[0]}}", code)
    assert done.stdout == b"143\n"
