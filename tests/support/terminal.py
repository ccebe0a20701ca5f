"""A terminal, and the session on it: what a person types, sees and closes."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.callers import PATIENCE, Caller, environment

DEADLINE = 30 * PATIENCE  # seconds; only there so that a failure ends
CTRL_C, CTRL_BACKSLASH = b"\x03", b"\x1c"


class Terminal:
    """Runs ``argv`` as the leader of a session on a terminal of its own; leaving the context closes that."""

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        caller: Caller | None = None,
        cwd: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        rights = {"user": caller.uid, "group": caller.gid, "extra_groups": []} if caller and os.geteuid() == 0 else {}
        self._ours, theirs = os.openpty()
        self.seen = b""
        self.process = subprocess.Popen(
            argv,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=cwd,
            env={**(environment(caller) if caller else {}), "TERM": "dumb", **(env or {})},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            **rights,
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hang_up()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def type(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def read_until(self, wanted: bytes) -> bytes:
        """Wait until ``wanted`` is on the screen; all that came since the last time."""
        deadline = time.monotonic() + DEADLINE
        while wanted not in self.seen:
            assert time.monotonic() < deadline, self.seen
            self.look()
        before, _, self.seen = self.seen.partition(wanted)
        return before + wanted

    def look(self) -> None:
        """Take what is on the screen now, or comes within a moment."""
        if select.select([self._ours], [], [], 0.02)[0]:
            try:
                self.seen += os.read(self._ours, 65536)
            except OSError:  # EIO: nobody has the terminal open any more
                time.sleep(0.02)

    def wait(self) -> int:
        """The status of the session's leader, as subprocess gives it."""
        deadline = time.monotonic() + DEADLINE
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.seen
            self.look()
        self.look()
        return self.process.returncode

    def hang_up(self) -> None:
        """Close the terminal, as a window is closed or a connection lost: the kernel sends SIGHUP."""
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1
