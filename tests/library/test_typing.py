"""The library has types, and an application's type checker sees them where the wheel is installed."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path
from typing import get_args

import jailpy
from jailpy.library.result import Outcome
from jailpy.model.result import OUTCOMES
from tests.support.installed import Installed


def test_consumer_is_strictly_typed(installed: Installed, tmp_path: Path) -> None:
    """The installed package, not the checkout: py.typed must be in the wheel."""
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--warn-unreachable",
        "--cache-dir",
        tmp_path,
        "--config-file=",
    ]
    consumer = Path(__file__).with_name("consumer.py")
    done = subprocess.run(
        [*command, "--python-executable", installed.python, consumer], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_outcomes_are_those_of_the_model() -> None:
    """All that are not an exception."""
    raised = {"not-executable", "not-found", "setup-failed", "profile-error", "usage-error"}
    assert set(get_args(Outcome)) == set(OUTCOMES) - raised


def test_stub_has_the_names_of_the_package() -> None:
    """Type checkers read the one, Python the other."""
    stub = ast.parse(Path(jailpy.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    names = next(node.value for node in stub.body if isinstance(node, ast.Assign))
    assert sorted(ast.literal_eval(names)) == sorted(jailpy.__all__)


def test_both_ways_to_run_take_the_same() -> None:
    assert inspect.signature(jailpy.run) == inspect.signature(jailpy.arun)


def test_docstring_names_every_argument() -> None:
    told = jailpy.run.__doc__ or ""
    assert [name for name in inspect.signature(jailpy.run).parameters if name not in told] == []
