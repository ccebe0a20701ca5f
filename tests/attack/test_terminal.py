"""The caller's terminal: nothing is typed into it, pasted on it, taken from it (THREATS 1 to 3), or told to it (42)."""

from __future__ import annotations

import array
import fcntl
import glob
import json
import os
import pty
import re
import termios
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.attack.conftest import Attack, Starter, returned
from tests.attack.inside import HIGH, in_child, opened, sc, seen
from tests.support.callers import Caller
from tests.support.person import at_terminal

Words = Callable[..., list[str | Path]]


def test_tiocsti_types_into_the_callers_shell(live: Starter) -> None:
    """On a terminal that controls the launcher, no descriptor of the plugin pushes a byte into its input."""

    def attack() -> object:
        tries = [
            [seen(fcntl.ioctl, fd, termios.TIOCSTI, b"x"), sc("ioctl", fd, HIGH | termios.TIOCSTI, b"x")]
            for fd in range(3)
        ]
        return {"tries": tries, "tty": opened("/dev/tty", os.O_RDWR), "pts": glob.glob("/dev/pt*")}

    ours, theirs = pty.openpty()
    try:
        tty.setraw(theirs)  # else what is typed counts only from the end of its line
        with live(attack, stdin=theirs, stderr=theirs, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY)) as jail:
            saw = jail.saw()
        typed = array.array("i", [0])
        fcntl.ioctl(theirs, termios.FIONREAD, typed)
    finally:
        os.close(ours)
        os.close(theirs)
    assert saw == {"tries": [["ENOTTY", "ENOTTY"]] * 3, "tty": "ENOENT", "pts": []}
    assert typed[0] == 0


def test_tioclinux_pastes_on_the_console(attack: Attack) -> None:
    """The requests of the virtual console are refused by number, with and without bits that the kernel ignores."""

    def plugin() -> object:
        with open("/tmp/file", "w+b") as file:
            fds = [0, file.fileno(), os.open("/dev/null", os.O_RDWR)]
            requests = [0x541C, 0x5412, 0x541D, 0x4B3A, HIGH | 0x541C]  # TIOCLINUX, TIOCSTI, TIOCCONS, KDSETMODE
            return [sc("ioctl", fd, request, b"\x03") for fd in fds for request in requests]

    assert set(attack(plugin)) == {"ENOTTY"}


def test_plugin_stays_in_the_callers_session(attack: Attack) -> None:
    """It leads a session and a process group of its own, which has no terminal."""

    def plugin() -> object:
        me = os.getpid()
        return [os.getsid(0) == me, os.getpgid(0) == me, [os.isatty(fd) for fd in range(3)]]

    assert attack(plugin) == [True, True, [False, False, False]]


ORDERS = (
    "\x1b]52;c;ZXZpbA==\x07",  # puts something on the clipboard
    "\x1b]0;title\x07\x1b[21t",  # sets the title, and has it typed
    "\x1bP$qm\x1b\\",  # DECRQSS: the answer is typed
    "\x1b[6n\x1b[c",  # the answers are typed
    "\x1b[2J\x1b[H\x1b[1;1H",
    "\x1b[8;1;1t",
    "\x1bc\x1b#8",
    "$ rm -rf important\r$ ls             ",
    "abc\b\b\bxyz",
    "\x9b2J\x9d0;title\x9c",
    "\x1b[?1049h\x1b[?1000h",
    "\x1b%G\x1b(0",
    "\x0e\x0f\x00\x7f\x0b\x0c",
)


def terminal_sees(command: list[str | Path], caller: Caller, folder: Path) -> str:
    with at_terminal(caller, command, cwd=folder) as person:
        status, screen = person.leaves()
        waiting = array.array("i", [0])
        fcntl.ioctl(person.slave, termios.FIONREAD, waiting)
        assert (status, waiting[0]) == (0, 0), screen
    return screen.decode()


@pytest.mark.parametrize("stream", [1, 2])
def test_orders_to_the_terminal_are_shown(caller: Caller, words: Words, folder: Path, stream: int) -> None:
    """Clipboard, title, questions that the terminal answers by typing, carriage return: printed, not obeyed."""
    code = f"import os\nfor order in {ORDERS!r}: os.write({stream}, order.encode() + b'\\n')\n"
    screen = terminal_sees(words(code, options=("-q",)), caller, folder)
    assert re.fullmatch(r"[ -~\n]+", screen.replace("\r\n", "\n"))
    assert screen.splitlines()[0] == "\\x1b]52;c;ZXZpbA==\\x07"
    assert len(screen.splitlines()) == len(ORDERS)


def test_order_that_is_torn_over_two_streams(caller: Caller, words: Words, folder: Path) -> None:
    """A colour is begun on one stream and another order's end is written on the other, at every border of a write."""
    code = (
        "import os, threading\n"
        "def write(fd, text):\n"
        "    for _ in range(3000): os.write(fd, text)\n"
        "threads = [threading.Thread(target=write, args=a) for a in ((1, b'\\x1b[31mx' * 97), (2, b'2J]0;t' * 131))]\n"
        "[thread.start() for thread in threads]\n"
        "[thread.join() for thread in threads]\n"
    )
    screen = terminal_sees(words(code, options=("-q",)), caller, folder)
    rest = screen.replace("\x1b[31m", "").replace("\x1b[0m", "")
    assert "\x1b" not in rest
    assert len(rest) == 3000 * (97 + 6 * 131)


def test_order_in_pieces(caller: Caller, words: Words, folder: Path) -> None:
    """Each byte by itself, with time to pass on."""
    code = "import os, time\nfor byte in b'\\x1b]0;t\\x07\\x1b[2J\\n': os.write(1, bytes([byte])), time.sleep(0.005)\n"
    screen = terminal_sees(words(code, options=("-q",)), caller, folder)
    assert screen == "\\x1b]0;t\\x07\\x1b[2J\r\n"


def test_colours_hide_what_jailpy_says(caller: Caller, words: Words, folder: Path) -> None:
    """They end with the plugin's output."""
    with at_terminal(caller, words("print('\\x1b[8mhidden', end='')\nraise SystemExit(3)\n"), cwd=folder) as person:
        _, screen = person.leaves()
    assert screen.startswith(b"\x1b[8mhidden\x1b[0m")


def test_terminal_of_its_own_is_misused(caller: Caller, words: Words, folder: Path) -> None:
    """Nothing is pushed into its input, no line discipline is loaded, and its other side is not to be had."""

    def attack() -> object:
        # TIOCSTI, TIOCLINUX, TIOCSETD, TIOCCONS, TIOCSPTLCK, TIOCGPTPEER, TIOCGPTN, TIOCSCTTY, TIOCNOTTY
        numbers = [0x5412, 0x541C, 0x5423, 0x541D, 0x40045431, 0x5441, 0x80045430, 0x540E, 0x5422]
        refused = [*numbers, *(HIGH | number for number in numbers)]
        return {
            "ioctl": [sc("ioctl", 0, request, b"\x01\0\0\0") for request in refused],
            "master": [opened(path, os.O_RDWR) for path in ("/dev/ptmx", "/dev/pts/ptmx", "/dev/tty", "/dev/pts/1")],
            "others": sorted(glob.glob("/dev/pt*/*")),
            "fds": [os.readlink(f"/proc/self/fd/{fd}") for fd in range(3)],
            "launcher": seen(os.listdir, "/proc/1/fd"),
            "stolen": in_child(lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 1))),
        }

    with at_terminal(caller, words(attack, options=("-q", "--tty")), cwd=folder) as person:
        status, screen = person.leaves()
        ours = person.settings()
    assert status == 0, screen
    saw: Any = returned(screen.replace(b"\r\n", b"\n"))
    assert set(saw["ioctl"]) == {"ENOTTY"}
    assert saw["master"] == ["ENOENT", "EACCES", "ENOENT", "ENOENT"]
    assert saw["others"] == ["/dev/pts/0", "/dev/pts/ptmx"]
    assert saw["fds"] == ["/dev/pts/0"] * 3
    assert saw["launcher"] in ("EACCES", "ENOENT", "EPERM")
    assert saw["stolen"] == "exit 1"
    assert ours[3] & termios.ICANON
    assert json.loads((folder / "report.json").read_bytes())["outcome"] == "ok"


def test_settings_of_its_own_terminal_reach_the_callers(caller: Caller, words: Words, folder: Path) -> None:
    """It sets everything on its own; ours is given back as it was."""

    def attack() -> object:
        settings = termios.tcgetattr(0)
        settings[0] = settings[1] = settings[3] = 0
        return [seen(termios.tcsetattr, 0, when, settings) for when in (0, 1, 2)]

    with at_terminal(caller, words(attack, options=("-q", "--tty")), cwd=folder) as person:
        before = person.settings()
        status, screen = person.leaves()
        assert (status, person.settings()) == (0, before), screen
