"""The help is complete, fits a terminal, and shows command lines that work."""

from __future__ import annotations

import re
import shlex

import pytest

from jailpy.cli import app
from jailpy.cli.help import COMMANDS, NAMES, PROFILE
from jailpy.cli.options import OPTIONS
from jailpy.cli.request import make


def printed(capfd: pytest.CaptureFixture[str], *words: str) -> str:
    assert app.parse([*words, "--help"]) is None
    return capfd.readouterr().out


@pytest.mark.parametrize("command", NAMES)
def test_help_has_every_option_of_the_command_and_no_other(capfd: pytest.CaptureFixture[str], command: str) -> None:
    text = printed(capfd, *command.split())
    shown = set(re.findall(r"^ {2,6}(--?[a-z-]+)", text, re.MULTILINE)) | set(re.findall(r"-\w, (--[a-z-]+)", text))
    wanted = {flag for option in OPTIONS if command in option.commands for flag in option.flags}
    assert shown == wanted | {"-h", "--help"}


@pytest.mark.parametrize("command", ["", "profile", *NAMES])
def test_help_fits_a_terminal_of_80_columns(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = printed(capfd, *command.split())
    assert [line for line in text.splitlines() if len(line) > 80] == []
    listed = {"": COMMANDS, "profile": PROFILE}.get(command, {})
    assert [name for name in listed if f"  {name} " not in text] == []


@pytest.mark.parametrize("command", ["", "profile", *NAMES])
def test_examples_are_understood(capfd: pytest.CaptureFixture[str], command: str) -> None:
    lines = re.findall(r"^    (jailpy .*)", printed(capfd, *command.split()), re.MULTILINE)
    assert lines
    for line in lines:
        asked = app.parse(shlex.split(line)[1:])
        assert asked is not None
        assert " ".join((asked.command, *asked.words)).startswith(command)
        if asked.command in ("run", "exec", "plan"):
            assert make(asked.command, asked.words, asked.given).command in ("run", "exec")


@pytest.mark.parametrize(
    "words",
    [
        ["run", "-q", "--help", "p.py"],
        ["run", "-qh"],
        ["--help", "run"],
        ["profile", "-h"],
        ["profile", "show", "x", "-h"],
    ],
)
def test_help_is_printed_wherever_it_is_asked_for(capfd: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert app.parse(words) is None
    assert capfd.readouterr().out.startswith("Usage: jailpy ")
