"""What the machine is given; what lies in ``inside`` runs there and nowhere else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.installed import CHECKOUT, PROJECT, closure, copy_distribution

TOOLS = ("pytest", "pytest-xdist", "hypothesis", "hatchling")
collect_ignore = ["inside"]  # only where its files are named


@pytest.fixture(scope="session")
def cargo(shared_folder: Path, worker_id: str) -> Iterator[Path]:
    """For a machine without a network: the checkout, and the tools as ``site``."""
    folder = shared_folder / f"cargo-{worker_id}"
    ignore = shutil.ignore_patterns(".*", "__pycache__", "bench", "docs")
    shutil.copytree(CHECKOUT, folder, ignore=ignore)
    for name in closure([*PROJECT["dependencies"], *TOOLS]) - {"python-prctl"}:
        copy_distribution(name, folder / "site")
    yield folder
    shutil.rmtree(folder)
