"""The man page and the command line tell of the same options."""

from __future__ import annotations

import re
from pathlib import Path

from jailpy.cli.app import COMMANDS
from jailpy.cli.options import OPTIONS

TEXT = (Path(__file__).resolve().parents[3] / "man/jailpy.1").read_text(encoding="utf-8")


def test_every_option_is_in_the_page_and_no_other() -> None:
    """mdoc writes -q as ``Fl q`` and --read as ``Fl Fl read``."""
    documented = {f"--{name}" for name in re.findall(r"\bFl Fl ([a-z-]+)", TEXT)}
    documented |= {f"-{name}" for name in re.findall(r"\bFl ([a-z])\b", TEXT)}
    assert documented == {flag for option in OPTIONS for flag in option.flags}


def test_every_command_is_in_the_page() -> None:
    assert [name for name in COMMANDS if f".It Cm {name}\n" not in TEXT] == []
