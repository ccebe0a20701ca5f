"""A person at a terminal: starts a command there, types, and sees what the screen is sent."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.callers import PATIENCE, Caller, environment

LONG = 60 * PATIENCE  # seconds after which something hangs


class Person:
    """At the terminal ``master``, whose other side controls ``process``."""

    def __init__(self, master: int, slave: int, process: subprocess.Popen[bytes]) -> None:
        self.master, self.slave, self.process = master, slave, process
        self.screen = b""

    def types(self, text: bytes) -> None:
        os.write(self.master, text)

    def sees(self, text: bytes) -> None:
        """Wait until the screen has been sent ``text``; what was before it is forgotten."""
        deadline = time.monotonic() + LONG
        while text not in self.screen:
            if not self._look(deadline):
                raise AssertionError(f"{text!r} never came; on the screen: {self.screen!r}")
        self.screen = self.screen.partition(text)[2]

    def leaves(self) -> tuple[int, bytes]:
        """Wait for the command's end: its status, and what the screen was sent since the last ``sees``."""
        deadline = time.monotonic() + LONG
        while self.process.poll() is None:
            self._look(min(deadline, time.monotonic() + 0.1))
            assert time.monotonic() < deadline, self.screen
        while self._look(time.monotonic()):
            continue
        return self.process.returncode, self.screen

    def settings(self) -> list[Any]:
        """Of the terminal (termios(3))."""
        return termios.tcgetattr(self.slave)

    def hangs_up(self) -> None:
        """Close the window."""
        os.close(self.master)
        self.master = -1

    def resizes(self, lines: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("=4H", lines, columns, 0, 0))

    def _look(self, deadline: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
        if ready:
            self.screen += os.read(self.master, 1 << 16)
        return bool(ready)


@contextmanager
def at_terminal(
    caller: Caller,
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    own: bool = True,
    **how: Any,
) -> Iterator[Person]:
    """The command as the caller's, on a terminal that controls it; keywords as ``subprocess.Popen``.

    ``own``: the terminal is the caller's own; after su(1) it is another user's, and cannot be opened.
    """
    master, slave = pty.openpty()
    if own:
        os.fchown(slave, caller.uid, caller.gid)
    rights = {"user": caller.uid, "group": caller.gid, "extra_groups": []} if os.geteuid() == 0 else {}
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), slave)
    common = {"cwd": caller.home, "env": environment(caller) | dict(env or {}), "start_new_session": True}
    control = {"preexec_fn": lambda: fcntl.ioctl(slave, termios.TIOCSCTTY), "pass_fds": (slave,)}
    with subprocess.Popen(command, **{**streams, **common, **control, **rights, **how}) as process:
        someone = Person(master, slave, process)
        try:
            yield someone
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            os.close(slave)
            if someone.master >= 0:
                os.close(master)
