"""Attributes that a process gives itself (prctl(2))."""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms

import _prctl  # the C half of python-prctl; the other takes as long as all of this package


def die_with_parent() -> None:
    """SIGKILL for this process when its parent thread ends; a change of ids clears it (PR_SET_PDEATHSIG)."""
    _prctl.prctl(_prctl.PR_SET_PDEATHSIG, signal.SIGKILL)


def hide_memory() -> None:
    """Not dumpable: nobody without privilege may trace this process or read its memory and environment (proc(5))."""
    _prctl.prctl(_prctl.PR_SET_DUMPABLE, 0)


def no_new_privileges() -> None:
    """execve can never again give this process more than it has (PR_SET_NO_NEW_PRIVS)."""
    _prctl.prctl(_prctl.PR_SET_NO_NEW_PRIVS, 1)
