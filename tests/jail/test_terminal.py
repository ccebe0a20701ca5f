"""At a terminal: what it obeys of the plugin's output, and a terminal of the plugin's own."""

from __future__ import annotations

import json
import os
import signal
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.callers import Caller, run_as
from tests.support.must import must_have
from tests.support.person import LONG, Person, at_terminal

Words = Callable[..., list[str | Path]]
Started = Callable[..., AbstractContextManager[Person]]


@pytest.fixture
def person(caller: Caller, words: Words, folder: Path) -> Started:
    """Start a plugin at a terminal: ``with person(code, options=("--tty",)) as someone``."""

    @contextmanager
    def started(code: str, *, options: tuple[object, ...] = (), **how: Any) -> Iterator[Person]:
        with at_terminal(caller, words(code, options=("-q", *options)), **{"cwd": folder, **how}) as someone:
            yield someone

    return started


# ---- what a terminal obeys


def test_orders_are_shown_and_colours_obeyed(person: Started) -> None:
    with person("print('\\x1b[31mred\\x1b[0m \\x1b[2J \\x1b]0;title\\x07 \\x9b2J a\\rb 中')") as someone:
        status, screen = someone.leaves()
    assert (status, screen.decode()) == (0, "\x1b[31mred\x1b[0m \\x1b[2J \\x1b]0;title\\x07 \\xc2\\x9b2J a\\rb 中\r\n")


def test_raw_passes_all(person: Started) -> None:
    with person("print('\\x1b[2J\\x07')", options=("--raw",)) as someone:
        assert someone.leaves() == (0, b"\x1b[2J\x07\r\n")


def test_each_stream_is_looked_at_by_itself(caller: Caller, words: Words, folder: Path) -> None:
    """A pipe gets every byte, the terminal beside it does not."""
    code = "import sys\nprint('\\x1b[2Jout')\nprint('\\x1b[2Jerr', file=sys.stderr)\n"
    command = ["sh", "-c", f'"$@" > {folder}/out', "sh", *words(code, options=("-q",))]
    with at_terminal(caller, command, cwd=folder) as someone:
        assert someone.leaves() == (0, b"\\x1b[2Jerr\r\n")
    assert (folder / "out").read_bytes() == b"\x1b[2Jout\n"


def test_what_is_printed_is_seen_at_once(person: Started) -> None:
    """Python is not buffered there: a prompt without a line end comes before its answer."""
    with person("import sys\nprint('name', end='')\nprint('hello', sys.stdin.readline())\n") as someone:
        someone.sees(b"name")
        someone.types(b"you\n")
        someone.sees(b"hello you")


@pytest.mark.parametrize("options", [(), ("--tty",)])
def test_a_terminal_of_another_user(person: Started, options: tuple[str, ...]) -> None:
    """After su(1) it can be used, and not opened."""
    with person("print(input('? ')[::-1], '\\x1b[2J')\n", options=options, own=False) as someone:
        before = someone.settings()
        someone.sees(b"? ")
        someone.types(b"abc\r")
        someone.sees(b"cba \\x1b[2J\r\n")
        assert someone.leaves()[0] == 0
        assert someone.settings() == before


def test_end_of_input_is_typed(person: Started) -> None:
    with person("import sys\nprint('go')\nprint(repr(sys.stdin.read()))\n") as someone:
        someone.sees(b"go")
        someone.types(b"line\n\x04")
        someone.sees(b"'line\\n'")
        assert someone.leaves()[0] == 0


def test_interrupt_is_typed(person: Started, folder: Path) -> None:
    """Ctrl-C reaches the plugin, and ends us by the same signal."""
    with person("import time\nprint('go')\ntime.sleep(100)\n") as someone:
        someone.sees(b"go")
        someone.types(b"\x03")
        status, screen = someone.leaves()
    assert status == -signal.SIGINT
    assert b"KeyboardInterrupt" in screen
    assert json.loads((folder / "report.json").read_bytes())["outcome"] == "killed"


@pytest.mark.parametrize("options", [(), ("--tty",)])
def test_a_terminal_that_goes_away_ends_the_run(person: Started, folder: Path, options: tuple[str, ...]) -> None:
    """Its window is closed: SIGHUP is passed on, and nothing is left."""
    code = "import time\nprint('go')\nwhile True: print('x'), time.sleep(0.01)\n"
    with person(code, options=options) as someone:
        someone.sees(b"go")
        someone.hangs_up()
        assert someone.process.wait(LONG) == -signal.SIGHUP
    assert json.loads((folder / "report.json").read_bytes())["outcome"] == "killed"


# ---- a terminal of the plugin's own


def test_all_streams_are_one_terminal_that_controls_the_plugin(person: Started) -> None:
    code = (
        "import os, termios\n"
        "print([os.ttyname(fd) for fd in range(3)], os.getsid(0) == os.getpid())\n"
        "print(os.tcgetpgrp(0) == os.getpgrp(), sorted(os.listdir('/dev/pts')), os.environ['TERM'])\n"
        "print(os.stat(0).st_uid == os.getuid(), oct(os.stat(0).st_mode))\n"
    )
    with person(code, options=("--tty",)) as someone:
        status, screen = someone.leaves()
    assert (status, screen.decode().splitlines()) == (
        0,
        ["['/dev/pts/0', '/dev/pts/0', '/dev/pts/0'] True", "True ['0', 'ptmx'] dumb", "True 0o20600"],
    )


def test_size_follows(person: Started) -> None:
    code = (
        "import os, signal\n"
        "signal.signal(signal.SIGWINCH, lambda *_: print('now', *os.get_terminal_size(), flush=True))\n"
        "print('first', *os.get_terminal_size(), flush=True)\ninput()\n"
    )
    with person(code, options=("--tty",)) as someone:
        someone.sees(b"first 0 0")
        someone.resizes(30, 99)
        someone.sees(b"now 99 30")
        someone.resizes(40, 111)
        someone.sees(b"now 111 40")


def test_what_is_typed_goes_through_the_plugins_line_discipline(person: Started) -> None:
    """Echo, erase, interrupt and end of file are its terminal's, and ours is raw meanwhile."""
    code = (
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})\n"
        "print(repr(input('? ')))\nprint('then', flush=True)\n"
        "print('got', int(signal.sigwait({signal.SIGINT})))\ninput()\n"
    )
    with person(code, options=("--tty",)) as someone:
        before = someone.settings()
        someone.sees(b"? ")
        assert not someone.settings()[3] & (termios.ICANON | termios.ECHO | termios.ISIG)
        someone.types(b"abx\x7fc\r")
        someone.sees(b"abx\b \bc\r\n'abc'")
        someone.sees(b"then")
        someone.types(b"\x03")
        someone.sees(b"got 2")
        someone.types(b"\x04")
        someone.sees(b"EOFError")
        assert someone.leaves()[0] == 1
        assert someone.settings() == before


def test_passwords_are_not_echoed(person: Started) -> None:
    with person("import getpass\nprint(getpass.getpass('secret? ')[::-1])\n", options=("--tty",)) as someone:
        someone.sees(b"secret? ")
        time.sleep(0.1)
        someone.types(b"hidden\r")
        status, screen = someone.leaves()
    assert (status, b"hidden" in screen, b"neddih" in screen) == (0, False, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGALRM])
def test_terminal_is_restored_however_we_are_ended(person: Started, number: signal.Signals) -> None:
    with person("import time\nprint('go')\ntime.sleep(100)\n", options=("--tty",)) as someone:
        before = someone.settings()
        someone.sees(b"go")
        assert someone.settings() != before
        someone.process.send_signal(number)
        assert someone.leaves()[0] == -number
        assert someone.settings() == before


@pytest.mark.parametrize("limit", ["wall=1s", "output=1000"])
def test_terminal_is_restored_after_a_limit(person: Started, folder: Path, limit: str) -> None:
    code = "import time\nprint('go')\nwhile True: print('x' * 10); time.sleep(0.01)\n"
    with person(code, options=("--tty", "--limit", limit)) as someone:
        before = someone.settings()
        someone.leaves()
        assert someone.settings() == before
    assert json.loads((folder / "report.json").read_bytes())["outcome"] in ("timeout", "output-limit")


def test_all_output_arrives(person: Started) -> None:
    """Of a plugin that ends at once, too: its terminal is read to the end."""
    with person("for number in range(20000): print(number)\n", options=("--tty",)) as someone:
        assert someone.leaves() == (0, b"".join(b"%d\r\n" % number for number in range(20000)))


def test_input_of_a_pipe_ends(caller: Caller, words: Words, folder: Path) -> None:
    """Then the end is typed for it, on a line that is complete and on one that is not."""
    for data in (b"line\n", b"no end"):
        command = words("import sys\nprint(repr(sys.stdin.read()))\n", options=("--tty",))
        done = run_as(caller, command, input=data, cwd=folder)
        assert (done.returncode, repr(data.decode()).encode() in done.stdout) == (0, True)


def test_lines_of_a_pipe_are_typed_and_then_the_end(caller: Caller, words: Words, folder: Path) -> None:
    """Into a Python that edits lines, which throws away what was typed before it began; what is printed is not raw."""
    script = 'printf "import os\\nos.getcwd()\\n" | "$@"'
    with at_terminal(
        caller, ["sh", "-c", script, "sh", *words("", options=("-q", "--tty"))[:-1]], cwd=folder
    ) as someone:
        before = someone.settings()
        status, screen = someone.leaves()
        assert (status, someone.settings()) == (0, before)
    assert b"'/work'\r\n" in screen
    assert b"\r\r" not in screen


def test_python_without_a_plugin(caller: Caller, words: Words, folder: Path) -> None:
    """A line at a time, with editing and what was typed before, and nothing kept of it."""
    with at_terminal(caller, [*words("", options=("--tty", "-q"))[:-1]], cwd=folder) as someone:
        someone.sees(b">>> ")
        someone.types(b"x = 40\r")
        someone.sees(b">>> ")
        someone.types(b"x + 3\x7f2\r")
        someone.sees(b"42\r\n>>> ")
        someone.types(b"\x1b[A\r")
        someone.sees(b"42\r\n>>> ")
        someone.types(b"import os; os.listdir('/work'), __name__\r")
        someone.sees(b"([], '__main__')")
        someone.sees(b">>> ")
        someone.types(b"\x04")
        assert someone.leaves()[0] == 0


def test_a_shell_of_its_own(caller: Caller, words: Words, folder: Path) -> None:
    """``exec --tty``: job control is the shell's, on its own terminal."""
    bash = must_have("bash")
    profile = folder / "shell.toml"
    profile.write_text('schema = 1\nname = "shell"\nextends = "default@1"\nfilesystem = { base = "usr" }\n')
    os.chown(profile, caller.uid, caller.gid)
    command = [words("")[0], "exec", "-q", "--tty", "-p", profile, "--", bash, "--norc", "-i"]
    with at_terminal(caller, command, cwd=folder) as someone:
        someone.sees(b"$ ")
        someone.types(b"sleep 100\r")
        someone.sees(b"sleep 100")
        time.sleep(0.2)
        someone.types(b"\x1a")
        someone.sees(b"Stopped")
        someone.types(b"kill %1; exit 7\r")
        someone.types(b"exit 7\r")
        assert someone.leaves()[0] == 7


@pytest.mark.parametrize("options", [("--tty", "--stdin", "/dev/null")])
def test_a_terminal_and_a_file_are_not_both_the_input(jailpy: Any, options: tuple[str, ...]) -> None:
    done = jailpy("run", *options, "-c", "pass")
    assert (done.returncode, b"--tty and --stdin" in done.stderr) == (125, True)
