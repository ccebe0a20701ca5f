"""64 jails at once from 16 threads, for JAILPY_STRESS seconds (10 if it is not set)."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from tests.conftest import Caller, run_as
from tests.support import leftovers
from tests.support.installed import Installed

SECONDS = float(os.environ.get("JAILPY_STRESS", "10"))
ROOM = 16 << 20  # bytes by which the memory may differ: what allocators keep


def test_many_threads_with_many_jails_leave_nothing(caller: Caller, installed: Installed, folder: Path) -> None:
    for name in (Path(__file__).with_name("stress.py"), Path(leftovers.__file__)):
        shutil.copyfile(name, folder / name.name)
    command = [installed.python, folder / "stress.py", str(SECONDS)]
    done = run_as(caller, command, cwd=folder, timeout=SECONDS + 120)
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(done.stdout)
    print(found)
    assert found["wrong"] == []
    assert found["descriptors"] == 0
    assert found["left"] == []
    assert found["at_once"] == 64
    assert found["outcomes"].keys() <= {
        "ok", "error", "signal", "timeout", "output-limit", "UsageError", "CancelledError"
    }  # fmt: skip
    first, *later = found["memory"]
    assert max(later) < first + ROOM
