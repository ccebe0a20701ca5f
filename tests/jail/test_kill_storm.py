"""Whenever the launcher is killed, nothing of the jail is left: no process, mount or file (THREATS 27)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.support import leftovers
from tests.support.alone import alone
from tests.support.callers import Caller, environment
from tests.support.installed import Installed
from tests.support.reports import valid

SUPPORT = Path(leftovers.__file__).parent
KILLS = int(os.environ.get("JAILPY_KILLS", "100"))  # of each caller

_PRIVATE = ("/tmp", "/dev/shm")


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
        env=environment(caller) | {"HOME": str(home), "XDG_CACHE_HOME": str(cache), "XDG_STATE_HOME": str(folder)},
        cwd=folder,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(done.stdout)
    assert found["left"] == []
    if not root:  # root's history is in a mount that has gone with the storm
        assert_whole(folder / "jailpy")
    assert sum(found["parts"].values()) >= KILLS
    assert min(found["parts"][part] for part in ("starting", "building", "running")) >= 10, found["parts"]


def assert_whole(state: Path) -> None:
    """Lines of the audit log are whole, and so are reports; one that was never written is empty."""
    assert [json.loads(line) for line in (state / "audit.jsonl").read_bytes().splitlines()]
    assert [valid(path) for path in (state / "reports").iterdir() if path.stat().st_size]
