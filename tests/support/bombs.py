"""Plugins that take all they can get, while a thread has the host do a small thing again and again."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.attack.conftest import PATIENCE, Jail, Run

Bomb = Callable[..., Run]
ANSWER = 1.0 * PATIENCE  # seconds within which the host does a small thing


@pytest.fixture
def bomb(jail: Jail, folder: Path) -> Bomb:
    """Run a plugin while a thread has the host do a small thing again and again."""

    def run(
        plugin: Callable[..., object] | str, *arguments: object, options: tuple[object, ...] = (), **limits: object
    ) -> Run:
        words = [word for key, value in limits.items() for word in ("--limit", f"{key.replace('_', '-')}={value}")]
        with answers(folder / "answer") as stamps:
            ended = jail(plugin, *arguments, options=(*options, *words))
        assert_answered(stamps, datetime.fromisoformat(ended.report["started"]).timestamp(), ended.report["wall_s"])
        return ended

    return run


@contextmanager
def answers(file: Path) -> Iterator[list[float]]:
    """When a process was started that changed a file, by the kernel's own stamp on it, as often as it can be done."""
    stamps: list[float] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            subprocess.run(["/bin/sh", "-c", f"echo >{file}"], check=True)
            stamps.append(file.stat().st_mtime)
            done.wait(0.05)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield stamps
    finally:
        done.set()
        thread.join()


def assert_answered(stamps: list[float], began: float, wall_s: float) -> None:
    """From the jail's first moment to its last no answer took longer than it may."""
    inside = [began, *(stamp for stamp in stamps if began < stamp < began + wall_s), began + wall_s]
    assert max(later - earlier for earlier, later in pairwise(inside)) < ANSWER


def limit(run: Run, name: str) -> dict[str, Any]:
    """What the report says of one limit."""
    (found,) = (row for row in run.report["limits"] if row["name"] == name)
    return found


def ended_by(run: Run, name: str) -> bool:
    """Whether this limit and no other ended the run."""
    return [row["name"] for row in run.report["limits"] if row["ended_run"]] == [name]
