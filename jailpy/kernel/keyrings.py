"""A session keyring of one's own (session-keyring(7), keyctl(2))."""

from __future__ import annotations

from jailpy.kernel.syscall import call

_JOIN_SESSION_KEYRING = 1


def join_new_session() -> None:
    """Leave the caller's session keyring for a new, empty one; EDQUOT past 200 keys a user."""
    call("keyctl", _JOIN_SESSION_KEYRING, None)
