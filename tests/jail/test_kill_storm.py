"""Whenever the launcher is killed, nothing of the jail is left: no process, mount or file (THREATS 27)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.support import leftovers
from tests.support.callers import Caller, environment
from tests.support.installed import Installed

SUPPORT = Path(leftovers.__file__).parent
KILLS = int(os.environ.get("JAILPY_KILLS", "100"))  # of each caller

# /tmp, /var/tmp and /dev/shm of our own, so that what others do there meanwhile is not taken for ours.
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
mkdir -p /var/cache/jailpy
mount -t tmpfs -o mode=700 alone /var/cache/jailpy
user=$2 group=$3
shift 3
exec setpriv --reuid "$user" --regid "$group" --clear-groups "$@"
"""
_PRIVATE = ("/tmp", "/dev/shm")


def alone(caller: Caller, suite: Path, command: list[str]) -> list[str]:
    """The command with scratch folders of its own, where the suite may make such; else the host's."""
    if os.geteuid() != 0:
        return command
    start = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", _ALONE, "sh", str(suite)]
    return [*start, str(caller.uid), str(caller.gid), *command]


def test_launcher_is_killed_at_random_moments(
    caller: Caller, installed: Installed, folder: Path, shared_folder: Path
) -> None:
    """SIGKILL, or SIGSTOP and SIGKILL, at moments all over a run's life, from its first instruction to its last."""
    for name in ("storm.py", "leftovers.py"):
        shutil.copyfile(SUPPORT / name, folder / name)
    cwd, home, cache = folder / "cwd", folder / "home", folder / "cache"
    for place in (cwd, home, cache):
        place.mkdir()
        os.chown(place, caller.uid, caller.gid)
    root = caller.kind == "root"
    kept = "/var/cache/jailpy" if root else str(cache / "jailpy")
    watched = [cwd, home, *(_PRIVATE if os.geteuid() == 0 else ()), *(("/run/jailpy",) if root else ())]
    words = [installed.python, "-s", folder / "storm.py", installed.command, KILLS, kept, *watched]
    done = subprocess.run(
        alone(caller, shared_folder, [str(word) for word in words]),
        env=environment(caller) | {"HOME": str(home), "XDG_CACHE_HOME": str(cache)},
        cwd=folder,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(done.stdout)
    assert found["left"] == []
    assert sum(found["parts"].values()) >= KILLS
    assert min(found["parts"][part] for part in ("starting", "building", "running")) >= 10, found["parts"]
