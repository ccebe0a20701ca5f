"""The os module of a start: its system calls, without what it builds around them, which takes 1 ms of 25.

Modules that a plain run imports take it for os: ``from jailpy import system as os``. What stands here is what os has
under the same name, from where os itself has it; the rest comes from os, which is imported when it is asked for.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING or "os" in sys.modules:  # where it is there already, nothing is to be saved
    from os import *  # noqa: F403
    from os import getcwd, stat
else:
    from posix import *  # noqa: F403
    from posix import (
        _exit,  # noqa: F401 (which a star leaves out)
        environ,
        getcwd,
        stat,
    )

    SEEK_SET, SEEK_CUR = 0, 1  # lseek(2)
    _HOW = (sys.getfilesystemencoding(), sys.getfilesystemencodeerrors())
    environ = {name.decode(*_HOW): value.decode(*_HOW) for name, value in environ.items()}  # nobody here changes it


def __getattr__(name: str) -> object:
    import os

    return getattr(os, name)


def is_folder(name: str) -> bool:
    """What os.path.isdir says."""
    try:
        return stat(name).st_mode & 0o170000 == 0o040000  # S_IFMT, S_IFDIR: inode(7)
    except (OSError, ValueError):
        return False


def absolute(name: str) -> str:
    """What os.path.abspath says, which few names need."""
    whole = name if name.startswith("/") else f"{getcwd()}/{name}"
    if "//" in whole or "/." in whole or whole.endswith("/"):
        from os.path import abspath

        return abspath(name)
    return whole
