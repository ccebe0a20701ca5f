"""Profiles written to a folder that only their author can change, and loaded as that author."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from jailpy.errors import ProfileError
from jailpy.model.policy import Policy
from jailpy.policy.load import load

STRANGER = 12345


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """``write("weather.toml", text)``: the path of a new profile that says schema = 1 and the text."""

    def write(name: str, text: str, *, schema: str = "schema = 1\n") -> str:
        path = tmp_path / name
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        path.write_text(schema + text)
        path.chmod(0o644)
        return str(path)

    return write


@pytest.fixture
def use() -> Callable[[str], Policy]:
    """Load as whoever runs the tests."""
    return lambda name: load(name, uid=os.geteuid(), home=None, config_home=None)


@pytest.fixture
def problems(write: Callable[..., str], use: Callable[[str], Policy]) -> Callable[[str], list[str]]:
    """What is wrong with a heir of default@1 that says the text; its path is shortened to the file's name."""

    def problems(text: str) -> list[str]:
        path = write("p.toml", 'extends = "default@1"\n' + text)
        with pytest.raises(ProfileError) as caught:
            use(path)
        return [line.replace(path, "p.toml") for line in caught.value.problems]

    return problems


@pytest.fixture
def heir(write: Callable[..., str], use: Callable[[str], Policy]) -> Callable[[str], Policy]:
    """The policy of a heir of default@1 that says the text."""
    return lambda text: use(write("p.toml", 'extends = "default@1"\n' + text))


@pytest.fixture
def estrange() -> Callable[[Path], int]:
    """Make a path belong to somebody else; returns the uid to which it then does."""

    def estrange(path: Path) -> int:
        if os.geteuid() != 0:
            return STRANGER  # to whom our own files belong to somebody else
        os.chown(path, STRANGER, -1, follow_symlinks=False)
        return 0

    return estrange
