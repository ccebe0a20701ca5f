"""What is typed on the caller's terminal. Imported only where the plugin's standard input comes from one."""

from __future__ import annotations

import os

from jailpy.broker.stdio import Input

_AGAIN = 1.0  # seconds between two looks whether we have come to the foreground


def in_foreground(terminal: int) -> bool:
    """Whether we may read this terminal; who is in the background would be stopped (SIGTTIN)."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:  # it is not our controlling terminal, so there is no job control
        return True


class Keyboard(Input):
    """The plugin's standard input while we are in the foreground; in the background what is typed is not for us."""

    @property
    def patience(self) -> float | None:
        return None if in_foreground(self.source) else _AGAIN

    def wanted(self) -> tuple[tuple[int, int], ...]:
        return super().wanted() if self.pending or in_foreground(self.source) else ((self.sink, 0),)
