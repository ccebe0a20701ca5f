"""The suite's own ground: the callers are who they claim to be, and can run the installed copy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Caller, run_as
from tests.support.installed import Installed

WHO = "import json, os; print(json.dumps([os.getresuid(), os.getresgid(), os.getgroups(), dict(os.environ)]))"


def test_caller_has_one_identity_and_a_clean_environment(caller: Caller, installed: Installed, monkeypatch) -> None:
    """Nothing of the suite's own identity or environment reaches what a caller runs."""
    monkeypatch.setenv("LEAK", "1")
    uids, gids, groups, env = json.loads(run_as(caller, [installed.python, "-I", "-c", WHO]).stdout)
    assert (uids, gids) == ([caller.uid] * 3, [caller.gid] * 3)
    assert set(groups) <= {caller.gid} or caller.kind == "user"
    assert env["HOME"] == str(caller.home)
    assert "LEAK" not in env


def test_installed_copy_is_complete_for_every_caller(caller: Caller, installed: Installed) -> None:
    """The copy imports jailpy and its dependencies from its own folder, not from the checkout."""
    code = "import jailpy, prctl, pyseccomp, typer; print(jailpy.__file__)"
    done = run_as(caller, [installed.python, "-I", "-c", code])
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.decode().strip()).is_relative_to(installed.python.parents[1])


def test_profiles_travel_in_the_wheel(caller: Caller, installed: Installed) -> None:
    code = "import importlib.resources as r; print((r.files('jailpy') / '_data/profiles/default.toml').is_file())"
    assert run_as(caller, [installed.python, "-I", "-c", code]).stdout == b"True\n"


def test_command_that_hangs_is_killed_with_its_children(caller: Caller, folder: Path) -> None:
    """The hard limit ends the whole group: a child that kept the pipe open would hang the suite."""
    with pytest.raises(AssertionError, match="ran longer than"):
        run_as(caller, ["/bin/sh", "-c", "sleep 1000 & sleep 1000"], cwd=folder, timeout=0.5)
