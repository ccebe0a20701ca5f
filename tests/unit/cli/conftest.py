"""What a command changes in its process is undone: here several commands run in the process of the tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def deaf_to_closed_pipes() -> Iterator[None]:
    """A command that prints ends of SIGPIPE; the worker of the tests would, later, of any pipe."""
    before = signal.getsignal(signal.SIGPIPE)
    yield
    signal.signal(signal.SIGPIPE, before)
