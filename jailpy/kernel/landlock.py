"""Landlock: rights that a process gives up for good (landlock(7), Documentation/userspace-api/landlock.rst)."""

from __future__ import annotations

import _stat as stat  # the module around it is Python
import _struct as struct  # the module around it is a file more to find

from jailpy import system as os
from jailpy.kernel.syscall import call

EXECUTE, WRITE_FILE, READ_FILE = 1 << 0, 1 << 1, 1 << 2
REMOVE_DIR, REMOVE_FILE = 1 << 4, 1 << 5
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK = 1 << 6, 1 << 7, 1 << 8, 1 << 9
MAKE_FIFO, MAKE_BLOCK, MAKE_SYM = 1 << 10, 1 << 11, 1 << 12
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
BIND_TCP, CONNECT_TCP = 1 << 0, 1 << 1
SCOPE_ABSTRACT_UNIX, SCOPE_SIGNAL = 1 << 0, 1 << 1
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV  # what a rule on a file may name

_VERSION = 1
_PATH_BENEATH = 1


def version() -> int:
    """The ABI version of this kernel, 0 where Landlock is absent or off."""
    try:
        return call("landlock_create_ruleset", None, 0, _VERSION)
    except OSError:
        return 0


def create_ruleset(abi: int, files: int, network: int, scopes: int) -> int:
    """A ruleset that refuses the named rights except where rules allow them. Structures grew: 8, 16, 24 bytes."""
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    attributes = struct.pack("=3Q", files, network, scopes)[:size]
    return call("landlock_create_ruleset", attributes, size, 0)


def allow_beneath(ruleset: int, path: str, rights: int) -> None:
    """Allow ``rights`` on ``path`` and everything below it."""
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        allowed = rights if stat.S_ISDIR(os.fstat(fd).st_mode) else rights & _OF_FILES
        rule = struct.pack("=Qi", allowed, fd)
        call("landlock_add_rule", ruleset, _PATH_BENEATH, rule, 0, about=path)
    finally:
        os.close(fd)


def restrict_self(ruleset: int) -> None:
    """Enforce ``ruleset`` on this process and all that it starts; needs no_new_privs."""
    call("landlock_restrict_self", ruleset, 0)
