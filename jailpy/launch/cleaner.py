"""For root: a process that does nothing but remove the jail's cgroup when the launcher is done, or dead.

The launcher itself has the jail's id by then, and may not. It reads nothing, not even of the launcher.
"""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms
import os

from jailpy.kernel import cgroups, namespaces


class Cleaner:
    """Born at once; ends when the launcher calls ``finish``, or ends."""

    def __init__(self, folder: str) -> None:
        waits, self._hold = os.pipe2(os.O_CLOEXEC)
        self._pid, self._pidfd = namespaces.clone(0)
        if self._pid == 0:
            _clean(folder, waits)
        os.close(waits)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What nobody else may have open, or the cleaner never sees the launcher's end."""
        return (self._hold, self._pidfd)

    def finish(self) -> None:
        """Let it do its work, and wait until that is done."""
        os.close(self._hold)
        os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED)
        os.close(self._pidfd)


def _clean(folder: str, waits: int) -> None:
    try:
        os.setsid()  # Ctrl-C and a hangup are for the launcher
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        keep = os.dup2(waits, 0)
        os.closerange(keep + 1, os.sysconf("SC_OPEN_MAX"))
        os.chdir("/")
        os.read(keep, 1)
        cgroups.removed(folder)
    finally:
        os._exit(0)
