"""Whatever becomes of a jail, its cgroup goes with it."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

from tests.attack.test_lifetime import all_end, stubborn
from tests.machine.inside.conftest import Jail, Starter, needs_kind
from tests.support import many_runs
from tests.support.installed import Installed
from tests.support.places import KINDS, Place

PLUGIN = "import sys; print('alive', flush=True); sys.stdin.read()"


def run_many(placed: Place, installed: Installed, folder: Path, count: int, at_once: int) -> None:
    script = folder / "many_runs.py"
    shutil.copyfile(many_runs.__file__, script)
    words = ["run", "--no-history", *placed.options, "--timeout", "300s", "-c", PLUGIN]
    done = placed.run([installed.python, "-s", script, str(count), str(at_once), *words])
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [b"0"] * count, done.stderr
    assert placed.left() == []


@needs_kind("parent")
def test_five_hundred_jails_in_turn(placed: Place, installed: Installed, folder: Path) -> None:
    run_many(placed, installed, folder, 500, 1)


@needs_kind("systemd", "root")
def test_twenty_jails_in_turn(placed: Place, installed: Installed, folder: Path) -> None:
    """Where each asks systemd, and where the slice is everybody's."""
    run_many(placed, installed, folder, 20, 1)


@needs_kind("systemd", "parent")
def test_fifty_jails_at_once(placed: Place, installed: Installed, folder: Path) -> None:
    """All of them live at the same moment."""
    run_many(placed, installed, folder, 50, 50)


@needs_kind(*KINDS, "above")
def test_launcher_is_killed(placed: Place, live: Starter, jail: Jail) -> None:
    """The jail ends, and the next start removes what was left of its place."""
    with live(stubborn) as running:
        assert running.heard() == "ready"
        processes = running.processes()
        assert len(processes) > 3
        os.kill(running.process.pid, signal.SIGKILL)
        running.process.wait()
        assert all_end(processes)
    assert jail("pass").report["outcome"] == "ok"
    assert placed.left() == []
