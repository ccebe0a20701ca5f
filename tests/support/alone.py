"""Scratch folders and mounts of a test's own, so that what others do meanwhile is not taken for ours."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.callers import Caller

_ALONE = """
set -e
mount -t tmpfs alone /tmp
mount -t tmpfs alone /dev/shm
mkdir /dev/shm/kept
mount --bind "$1" /dev/shm/kept
mount -t tmpfs alone /var/tmp
mkdir -p "$1"
mount --move /dev/shm/kept "$1"
rmdir /dev/shm/kept
chmod 1777 /tmp /var/tmp /dev/shm
mkdir -p /var/cache/jailpy /var/lib/jailpy
mount -t tmpfs -o mode=700 alone /var/cache/jailpy
mount -t tmpfs -o mode=700 alone /var/lib/jailpy
user=$2 group=$3
shift 3
exec setpriv --reuid "$user" --regid "$group" --clear-groups "$@"
"""


def alone(caller: Caller, suite: Path, command: list[str]) -> list[str]:
    """The command with scratch folders of its own, where the suite may make such; else the host's."""
    if os.geteuid() != 0:
        return command
    start = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", _ALONE, "sh", str(suite)]
    return [*start, str(caller.uid), str(caller.gid), *command]
