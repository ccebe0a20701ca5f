"""Attributes that a process gives itself (prctl(2))."""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms

from jailpy.kernel.syscall import call

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38


def die_with_parent() -> None:
    """SIGKILL for this process when its parent thread ends; a change of ids clears it (PR_SET_PDEATHSIG)."""
    call("prctl", _PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def hide_memory() -> None:
    """Not dumpable: nobody without privilege may trace this process or read its memory and environment (proc(5))."""
    call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)


def no_new_privileges() -> None:
    """execve can never again give this process more than it has (PR_SET_NO_NEW_PRIVS)."""
    call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
