"""Capabilities and securebits (capabilities(7), prctl(2))."""

from __future__ import annotations

import _struct as struct  # the module around it is a file more to find
import errno

from jailpy.kernel.syscall import call, room

_EVERYWHERE = 40  # CAP_CHECKPOINT_RESTORE, the last capability that every kernel of ours has
_PR_CAPBSET_DROP = 24
_PR_SET_SECUREBITS = 28
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_VERSION_3 = 0x20080522

# NOROOT, NO_SETUID_FIXUP, KEEP_CAPS off, NO_CAP_AMBIENT_RAISE; each with its lock
SECUREBITS = 0x01 | 0x02 | 0x04 | 0x08 | 0x20 | 0x40 | 0x80


def lock_securebits() -> None:
    """Root gets no capabilities, ids don't bring any back, none become ambient, and none of it can be undone."""
    call("prctl", _PR_SET_SECUREBITS, SECUREBITS, 0, 0, 0)  # python-prctl refuses the bits of Linux 4.3


def drop_bounding_set() -> None:
    """Empty the bounding set, also of capabilities that this library has no name for."""
    for capability in range(64):
        try:
            call("prctl", _PR_CAPBSET_DROP, capability, 0, 0, 0)
        except OSError as error:
            if error.errno != errno.EINVAL or capability <= _EVERYWHERE:
                raise
            return


def clear_ambient() -> None:
    """Empty the ambient set."""
    call("prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)


def keep_only(*, effective: int = 0, permitted: int = 0, inheritable: int = 0) -> None:
    """Set the three sets of this thread from bit masks (capset(2))."""
    sets = (effective, permitted, inheritable)
    low, high = ([s & 0xFFFFFFFF for s in sets], [s >> 32 for s in sets])
    call("capset", struct.pack("=Ii", _VERSION_3, 0), struct.pack("=6I", *low, *high))


def held() -> tuple[int, int, int]:
    """The effective, permitted and inheritable set of this thread as bit masks (capget(2))."""
    data = room()
    call("capget", struct.pack("=Ii", _VERSION_3, 0), data)
    words = struct.unpack_from("=6I", data)
    effective, permitted, inheritable = (words[i] | words[i + 3] << 32 for i in range(3))
    return effective, permitted, inheritable
