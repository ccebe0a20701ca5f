"""The linters are tests: what they refuse does not land."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import must_have

TOP = Path(__file__).resolve().parents[2]
PACKAGE = sorted(TOP.glob("jailpy/**/*.py"))
PYTHON = sorted(path for folder in ("jailpy", "tests", "examples", "bench") for path in TOP.glob(f"{folder}/**/*.py"))
SHELL = sorted(
    path
    for path in [TOP / "install.sh", TOP / ".ci/run", *TOP.glob("tests/machine/**/*"), *TOP.glob("contrib/**/*")]
    if path.is_file()
    and path.read_bytes().startswith((b"#!/bin/bash", b"#!/bin/busybox sh", b"#!/usr/bin/env bash", b"# shellcheck "))
)
MAN = sorted(TOP.glob("man/*.[1-8]"))
LONGEST = 300  # lines of a file that can still be read in one sitting


def check(*command: str | Path) -> None:
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def from_environment(name: str) -> str:
    """The linter that was installed beside the running Python, whatever PATH says."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else must_have(name)


def test_ruff_finds_nothing() -> None:
    check(from_environment("ruff"), "check", "--no-cache", ".")


def test_ruff_would_format_nothing() -> None:
    check(from_environment("ruff"), "format", "--no-cache", "--check", ".")


def test_types_are_strict(tmp_path: Path) -> None:
    check(from_environment("mypy"), "--cache-dir", tmp_path)


def test_imports_go_one_way() -> None:
    check(from_environment("lint-imports"), "--no-cache")


@pytest.mark.parametrize("script", SHELL, ids=lambda path: str(path.relative_to(TOP)))
def test_shellcheck_finds_nothing(script: Path) -> None:
    check(must_have("shellcheck"), "--external-sources", script)


@pytest.mark.parametrize("page", MAN, ids=lambda path: path.name)
def test_man_page_is_clean(page: Path) -> None:
    check(must_have("mandoc"), "-T", "lint", "-W", "warning", page)


@pytest.mark.parametrize("kind", ["package", "shell", "man"])
def test_there_is_something_to_lint(kind: str) -> None:
    """A glob that finds nothing would make the tests above pass for ever."""
    assert {"package": PACKAGE, "shell": SHELL, "man": MAN}[kind]


def test_files_can_be_read_in_one_sitting() -> None:
    lines = {str(path.relative_to(TOP)): path.read_text(encoding="utf-8").count("\n") for path in PYTHON + SHELL}
    assert {name: count for name, count in lines.items() if count >= LONGEST} == {}


def test_nothing_is_left_for_later() -> None:
    """What is not done is an issue, not a comment."""
    words = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK:", "NotImplemented" + "Error"]
    found = [
        f"{path.relative_to(TOP)}: {word}"
        for path in PYTHON + SHELL
        for word in words
        if word in path.read_text(encoding="utf-8")
    ]
    assert found == []
