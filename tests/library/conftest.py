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
