"""The quick command line and typer's never disagree: over generated words both make the same Request."""

from __future__ import annotations

import random
from collections import Counter

import pytest
import typer

from jailpy.cli import quick_run
from jailpy.cli.mistakes import report_of, worded
from jailpy.cli.options import OPTIONS, Option
from jailpy.cli.request import make
from jailpy.cli.typed import build
from jailpy.errors import UsageError
from jailpy.model.request import Request

SHARES = 4  # of the vectors, so that workers divide them
VECTORS = 100_000 // SHARES
RUN_OPTIONS = [option for option in OPTIONS if "run" in option.commands]
FLAGS = [flag for option in OPTIONS for flag in option.flags]
SHORT = [flag[1] for flag in FLAGS if not flag.startswith("--")]
ODD = ["", "a", "a=b", "=", "-", "--", "-c", "-v", "-5", "é", "\udcff", "a\nb", "\t", "--read", "x" * 5000, "日本"]
FITTING = {
    "limit": ["tasks=3", "wall=1s", "memory=8M", "output=none", "tasks=x", "=1"],
    "cgroup_parent": ["/jails", "jails", "/a/../b"],
    "timeout": ["1s", "500ms", "none", "soon"],
    "env": ["A=b", "A=", "A=b=c", "PATH", "NOT_SET_ANYWHERE"],
    "read": ["/", "data", "a:/b", "../x", ".", "/a:b/c:/d"],
    "write": ["/tmp", "out", "a:/b:/c"],
    "exit_status": ["plugin", "outcome", "both"],
    "report": ["r.json", "fd:3", "fd:x"],
    "require": ["seccomp", "seccomp,landlock", ","],
    "label": ["a=b", "a", "=b"],
}
STRAY = ["-vq", "-qcpass", "-qvqv", "-p=a", "-pstrict", "--profile=", "--no-such", "--no-such=1", "-h", "--help",
         "--cod", "-", "--", "---", "-=", "--=", "p.py", "dir/", "plugin", "-q=1", "-é", "--é=é"]  # fmt: skip
ENDS = [[], ["./p.py"], ["p.py", "-x", "--", "--write", "/"], ["-", ""], ["--", "p.py"], ["--", "-c", "1"], ["é.pyz"],
        ["\udcff/"], ["-c", "pass", "-q"], ["-m", "json.tool", "--", "-m"], ["plugin"]]  # fmt: skip


def value(chance: random.Random, option: Option) -> str:
    return chance.choice(ODD if chance.random() < 0.3 else FITTING.get(option.field, ODD))


def right(chance: random.Random) -> list[str]:
    """An option as it should be written, in one of its forms; its value may make no sense."""
    option = chance.choice(RUN_OPTIONS)
    flag = chance.choice(option.flags)
    if option.kind == "flag":
        return [flag]
    if flag.startswith("--") and chance.random() < 0.5:
        return [f"{flag}={value(chance, option)}"]
    return [flag, value(chance, option)]


def wrong(chance: random.Random) -> list[str]:
    """A word in the wrong place: stray, bundled, without its value, or with one too many."""
    flag = chance.choice(FLAGS)
    bundle = "".join(chance.choices(SHORT, k=chance.randrange(1, 4)))
    return [chance.choice([flag, f"{flag}=x", f"{flag}=", f"-{bundle}", f"-{bundle}x", *STRAY])]


def generated(seed: int) -> list[list[str]]:
    """Words such as people and scripts write, and such as they should not; the same ones each time."""
    chance = random.Random(seed)
    found = []
    for _ in range(VECTORS):
        rate = chance.choice((0, 0.1, 0.5))
        words: list[str] = []
        for _ in range(chance.randrange(6)):
            words += wrong(chance) if chance.random() < rate else right(chance)
        found.append([*words, *chance.choice(ENDS)])
    return found


RUN = build("run")


def by_typer(words: list[str]) -> Request | None:
    """The Request of the full command line; None where it prints its help or refuses, which takes words."""
    try:
        with RUN.make_context("run", list(words)) as context:
            asked = RUN.invoke(context)
        return make("run", asked.words, asked.given)
    except typer.Exit:
        return None
    except (typer.TyperException, UsageError) as error:
        refused = error if isinstance(error, UsageError) else worded(error, ["run", *words])
    assert refused.message
    return None


@pytest.mark.parametrize("seed", range(SHARES))
def test_quick_and_full_command_line_agree(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Quick understands a good part, of every option some; it never understands something else than typer.

    Nor does what looks for --report where there was a mistake.
    """
    understood: Counter[str] = Counter()
    for words in generated(seed):
        quick, full = quick_run.parse(["run", *words]), by_typer(words)
        assert quick is None or quick == full, words
        assert full is None or report_of(["run", *words]) == full.report, words
        if quick is not None:
            understood.update({"total", *(word.partition("=")[0] for word in words)})
    capsys.readouterr()
    assert understood["total"] > VECTORS // 5
    assert [flag for option in RUN_OPTIONS for flag in option.flags if understood[flag] < 20] == []


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
