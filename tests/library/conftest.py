"""Applications that use the library: scripts that run as the caller, with the installed copy, and answer in JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.conftest import Caller, run_as
from tests.support.installed import Installed

_START = """\
import json, os, sys, threading, time
import jailpy

def tell(value):
    print(json.dumps(value, default=lambda other: other.decode("latin-1") if isinstance(other, bytes) else repr(other)))

def brief(result):
    return {name: getattr(result, name) for name in ("outcome", "status", "exit_code", "signal", "stdout", "stderr")}

"""

_EACH = """\
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

def answer(call):
    try:
        return brief(eval(call))
    except Exception as error:
        return [[kind.__name__ for kind in type(error).mro()], str(error)]

calls = json.loads(sys.argv[1])
with ThreadPoolExecutor(4) as threads:
    tell(dict(zip(calls, threads.map(answer, calls.values()))))
"""


@pytest.fixture(scope="session")
def answers(caller: Caller, installed: Installed) -> Callable[[dict[str, str]], dict[str, Any]]:
    """Make each call, all in one application: what ``brief`` says of the result, or the error's classes and text."""
    known: dict[str, dict[str, Any]] = {}

    def ask(calls: dict[str, str]) -> dict[str, Any]:
        asked = json.dumps(calls)
        if asked not in known:
            done = run_as(caller, [installed.python, "-c", _START + _EACH, asked], env={"SECRET": "x"})
            assert done.returncode == 0, done.stderr.decode()
            known[asked] = json.loads(done.stdout)
        return known[asked]

    return ask


@pytest.fixture
def script(folder: Path) -> Callable[[str], Path]:
    """Write an application, which has ``jailpy``, ``tell(value)`` and ``brief(result)``; the path of it."""

    def write(code: str) -> Path:
        path = folder / "application.py"
        path.write_text(_START + dedent(code))
        return path

    return write


@pytest.fixture
def started(caller: Caller, installed: Installed, script: Callable[[str], Path], folder: Path) -> Callable[..., Any]:
    """Run an application to its end: the process as it ended. Keywords are those of ``run_as``."""

    def run(code: str, *args: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
        return run_as(caller, [installed.python, script(code), *args], **{"cwd": folder, **options})

    return run


@pytest.fixture
def told(started: Callable[..., Any]) -> Callable[..., Any]:
    """Run an application that ends well; what it told."""

    def run(code: str, *args: str | Path, **options: Any) -> Any:
        done = started(code, *args, **options)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    return run
