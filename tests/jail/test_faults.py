"""Every step of the plan, failing, and as the last thing that the launcher saw (DESIGN 5.9 and 5.12)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jailpy.model.plan import STAGES
from tests.support import leftovers
from tests.support.alone import alone
from tests.support.callers import Caller, environment
from tests.support.installed import Installed

SUPPORT = Path(leftovers.__file__).parent
Faults = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def faults(caller: Caller, installed: Installed, folder: Path, shared_folder: Path) -> Faults:
    """Do that to every step, one after the other; what came of each."""

    def made(mode: str) -> list[dict[str, Any]]:
        for name in ("faults.py", "leftovers.py"):
            shutil.copyfile(SUPPORT / name, folder / name)
        for name in ("cwd", "read", "write"):
            (folder / name).mkdir()
            os.chown(folder / name, caller.uid, caller.gid)
        words = [installed.python, "-s", folder / "faults.py", mode, folder, folder / "cwd"]
        done = subprocess.run(
            alone(caller, shared_folder, [str(word) for word in words]),
            env=environment(caller),
            cwd=folder,
            capture_output=True,
        )
        assert done.returncode == 0, done.stderr.decode()
        steps = [json.loads(line) for line in done.stdout.splitlines()]
        assert {step["stage"] for step in steps} >= set(STAGES) - {"prepare", "supervise"}
        assert ("supervise" in {step["stage"] for step in steps}) == (caller.kind == "root")
        assert [step for step in steps if step["left"]] == []
        return steps

    return made


def test_step_fails_and_the_plugin_runs(faults: Faults) -> None:
    """A step that fails ends the run before the plugin's first byte, and the error names it."""
    steps = faults("fail")
    for step in steps:
        failure = step["failure"]
        if step["soft"]:
            assert (step["outcome"], step["ran"], failure) == ("ok", True, None), step
            assert any(step["step"] in warning for warning in step["warnings"]), step
            continue
        expected = ("not-executable", 126) if step["step"] == "program-executed" else ("setup-failed", 125)
        assert (step["outcome"], step["status"]) == expected, step
        assert not step["ran"], step
        assert (failure["step"], failure["stage"], failure["errno"]) == (step["step"], step["stage"], step["errno"])
        assert step["step"] in failure["message"]
        assert os.strerror(step["errno"]) in failure["message"]


def test_launcher_is_killed_in_a_step(faults: Faults, caller: Caller) -> None:
    """SIGKILL while a step is carried out: the jail ends, whichever it was, and the plugin never runs."""
    steps = faults("kill")
    assert [step for step in steps if not step["reached"] or not step["ended"] or step["ran"]] == []
    with_jail = {step["stage"] for step in steps if step["jail"]}
    assert with_jail >= set(STAGES) - {"guard", "prepare", "clone", "supervise"}
    assert ("supervise" in with_jail) == (caller.kind == "root")
