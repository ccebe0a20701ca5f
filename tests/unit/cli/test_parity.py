"""The quick command line and typer's never disagree: over generated words both make the same Request."""

from __future__ import annotations

import random

import pytest
import typer

from jailpy.cli import quick_run
from jailpy.cli.options import OPTIONS
from jailpy.cli.request import make
from jailpy.cli.typed import build
from jailpy.errors import UsageError
from jailpy.model.request import Request

VECTORS = 20_000
FLAGS = [flag for option in OPTIONS for flag in option.flags]
VALUES = [
    "",
    "a",
    "./a.py",
    "a=b",
    "1",
    "8M",
    "-",
    "--",
    "-c",
    "-v",
    "--read",
    "a:/b",
    "tasks=3",
    "wall=1s",
    "é",
    "\udcff",
    "=",
    "-5",
]
WORDS = [
    *VALUES,
    "p.py",
    "dir/",
    "plugin",
    "-vq",
    "-qcpass",
    "-p=a",
    "--help",
    "--profile=",
    "--no-such",
    "-h",
    "--cod",
]


def generated(count: int) -> list[list[str]]:
    """Words such as people and scripts write, and such as they should not; the same ones each time."""
    chance = random.Random(20261124)
    found = []
    for _ in range(count):
        words: list[str] = []
        for _ in range(chance.randrange(6)):
            form = chance.randrange(4)
            flag, value = chance.choice(FLAGS), chance.choice(VALUES)
            words += [[flag, value], [f"{flag}={value}"], [flag], [chance.choice(WORDS)]][form]
        found.append([*words, *chance.choice([[], ["./p.py"], ["p.py", "-x", "--", "--write", "/"]])])
    return found


RUN = build("run")


def by_typer(words: list[str]) -> Request | None:
    """The Request of the full command line; None where it refuses or prints its help."""
    try:
        with RUN.make_context("run", list(words)) as context:
            asked = RUN.invoke(context)
        return make("run", asked.words, asked.given)
    except (typer.Exit, typer.TyperException, UsageError):
        return None


def test_quick_and_full_command_line_agree(capsys: pytest.CaptureFixture[str]) -> None:
    """Quick understands a good part; of the rest it says so; it never understands something else than typer."""
    understood = 0
    for words in generated(VECTORS):
        quick = quick_run.parse(["run", *words])
        full = by_typer(words)
        assert quick is None or quick == full, words
        understood += quick is not None
    capsys.readouterr()
    assert understood > VECTORS // 10


@pytest.mark.parametrize(
    "words",
    [
        ["p.py"],
        ["p.py", "--read", "/", "-c", "x", "--", "-h", "\udcff", ""],
        ["-p", "strict", "-q", "--read=a", "--read", "b", "--limit", "tasks=3", "./p.py", "x"],
        ["-c", "pass", "--write", "/"],
        ["--code", "dir", "-m", "module", "--code", "other"],
        ["--report", "fd:3", "--exit-status", "outcome", "-"],
    ],
)
def test_plain_forms_are_quick(words: list[str]) -> None:
    """What scripts write does not pay for typer."""
    request = quick_run.parse(["run", *words])
    assert request is not None
    assert request == by_typer(words)


@pytest.mark.parametrize(
    "words", [[], ["plan", "p.py"], ["exec", "ls"], ["run"], ["run", "--help"], ["-v", "run", "p.py"]]
)
def test_everything_else_is_left_to_typer(words: list[str]) -> None:
    assert quick_run.parse(words) is None
