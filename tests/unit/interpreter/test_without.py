"""Modules that are left out, and those that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jailpy.errors import ProfileError
from jailpy.plan.interpreter.discover import discover
from tests.unit.interpreter.roots import answer_inside

IMPORTABLE = """[name for name in ["ctypes", "_ctypes", "ctypes.util", "sqlite3", "_sqlite3", "concurrent.futures",
    "concurrent", "turtle", "in_the_venv", "json", "readline"] if importable(name)]"""
HELPER = """sys
def importable(name):
    try:
        __import__(name)
    except ImportError:
        return False
    return True
"""
ALL = [
    "concurrent",
    "concurrent.futures",
    "ctypes",
    "_ctypes",
    "ctypes.util",
    "json",
    "readline",
    "sqlite3",
    "_sqlite3",
]


def importable(python: Path, *without: str) -> set[str]:
    return set(answer_inside(discover(str(python), without=without), IMPORTABLE, HELPER))


def problems(python: Path, *without: str) -> tuple[str, ...]:
    with pytest.raises(ProfileError) as caught:
        discover(str(python), without=without)
    return caught.value.problems


def test_package_goes_with_its_extension_modules(base: Path) -> None:
    assert importable(base, "ctypes") == set(ALL) - {"ctypes", "_ctypes", "ctypes.util"}


def test_several_kinds_of_modules_go(debian: Path) -> None:
    kept = importable(debian, "sqlite3", "concurrent.futures", "readline")
    assert kept == set(ALL) - {"sqlite3", "_sqlite3", "concurrent.futures", "readline"}


def test_module_of_an_environment_goes(debian: Path, make_venv: Callable[..., Path]) -> None:
    python = make_venv(debian) / "bin/python"
    assert "in_the_venv" in importable(python)
    assert "in_the_venv" not in importable(python, "in_the_venv")


def test_unknown_module_gets_a_near_miss(debian: Path) -> None:
    assert problems(debian, "ctypse") == (
        "python.without: no module ctypse in this interpreter (did you mean ctypes?)",
    )


def test_all_problems_are_told_at_once(debian: Path) -> None:
    assert len(problems(debian, "no such", "../ssl", "os", "importlib.util", "xyzzy", "ctypes")) == 5


@pytest.mark.parametrize("module", ["_thread", "threading", "itertools", "posix", "marshal", "encodings"])
def test_what_is_compiled_in_cannot_be_left_out(base: Path, module: str) -> None:
    assert "cannot be left out" in problems(base, module)[0]
