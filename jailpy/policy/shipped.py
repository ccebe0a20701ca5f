"""The profiles that come with jailpy; their names are reserved."""

from __future__ import annotations

from jailpy import system as os

GENERATIONS = {"default": 1, "strict": 1, "numeric": 1}  # within a generation a release only narrows or fixes


def data_dir() -> str:
    """The folder of the shipped profiles: package data when installed, ``profiles`` in a checkout."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    installed = os.path.join(package, "_data", "profiles")
    return installed if os.path.isdir(installed) else os.path.join(os.path.dirname(package), "profiles")


def shipped_path(name: str) -> str:
    """The file of a shipped profile."""
    return os.path.join(data_dir(), f"{name}.toml")


def is_shipped(real: str) -> bool:
    """Whether a real path is that of a shipped profile, which somebody may name by its file."""
    return bool(shipped_name(real))


def shipped_name(real: str) -> str:
    """The name of the shipped profile that has this real path; "" for none."""
    return next((name for name in GENERATIONS if real == os.path.realpath(shipped_path(name))), "")


def sets_dir() -> str:
    """The folder of the named sets of system calls."""
    return os.path.join(data_dir(), "sets")
