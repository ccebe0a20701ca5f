"""The caller's terminal: nothing is typed into it, pasted on it, or taken from it (THREATS 1 to 3)."""

from __future__ import annotations

import array
import fcntl
import glob
import os
import pty
import termios
import tty

from tests.attack.conftest import Attack, Starter
from tests.attack.inside import HIGH, opened, sc, seen


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
