"""What a person is told at the end: what it was, and an option that jailpy takes."""

from __future__ import annotations

import re

import pytest

from jailpy.errors import ProfileError, UsageError
from jailpy.model.plan import Plan, Plugin
from jailpy.model.policy import FilesystemPolicy, LimitsPolicy, NetworkPolicy, Policy, ProcessPolicy, PythonPolicy
from jailpy.model.policy import SeccompPolicy as Seccomp
from jailpy.model.result import Limit, Result
from jailpy.policy import schema
from jailpy.policy.override import parse_limit
from jailpy.report import words

STOPPING = {
    "wall": (60.0, "after 60s (limits.wall)"),
    "cpu": (0.5, "after 0.5s of processor time (limits.cpu)"),
    "memory": (512 << 20, "at 512M of memory (limits.memory)"),
    "output": ((16 << 20) + 1, "after 16777217 of output (limits.output)"),
    "write": (1 << 30, "(limits.write)"),
    "write-files": (10_000, "(limits.write-files)"),
}
SURVIVED = {"tasks": 64, "open-files": 256, "file-size": 64 << 20, "tmp": 64 << 20, "tmp-files": 4096}


def made(widen: tuple[str, ...] = ("*",), name: str = "plugin.py") -> Plan:
    policy = Policy(
        name="mine",
        source="",
        chain=(),
        layers=(),
        python=PythonPolicy(),
        filesystem=FilesystemPolicy(),
        network=NetworkPolicy(),
        process=ProcessPolicy(),
        limits=LimitsPolicy(),
        seccomp=Seccomp(),
        widen=widen,
        sha256="",
    )
    plugin = Plugin(name=name, path="", sha256="")
    return Plan(steps=(), policy=policy, plugin=plugin, layers=(), widened=(), host_id=0)


def ended(outcome: str, *limits: Limit, signal: int | None = None) -> Result:
    return Result(
        outcome=outcome,
        status=1,
        exit_code=None,
        signal=signal,
        failure=None,
        layers=(),
        warnings=("a warning",),
        started=0.0,
        wall_s=1.0,
        usage=None,
        limits=limits,
    )


def told(result: Result, plan: Plan | None = None, *, quiet: bool = False, terminal: bool = False) -> list[str]:
    return words.lines(result, plan or made(), verbose=False, quiet=quiet, terminal=terminal)


@pytest.mark.parametrize("name", STOPPING)
def test_limit_that_ended_the_run_is_named_with_an_option_that_gives_twice_as_much(name: str) -> None:
    limit, text = STOPPING[name]
    said, hint = told(ended("output-limit", Limit(name=name, limit=limit, peak=None, hits=1, ended_run=True)))
    assert said.startswith("plugin.py was stopped ")
    assert said.endswith(text)
    option = re.fullmatch(r"hint: --limit (\S+) gives more", hint)
    assert option is not None
    key, value = parse_limit(option[1])
    assert (key, schema.SETTINGS[key].check(value)) == (f"limits.{name}", 2 * limit)


@pytest.mark.parametrize("name", SURVIVED)
def test_limit_that_was_survived_may_be_why_it_failed(name: str) -> None:
    hit = Limit(name=name, limit=SURVIVED[name], peak=None, hits=3, ended_run=False)
    other = hit._replace(name="wall", hits=0)
    said = told(ended("error", other, hit))
    assert len(said) == 2
    assert said[0].startswith(f"plugin.py ran into a limit: {name} = ")
    assert said[1].startswith("hint: ")
    assert told(ended("ok", hit)) == []


def test_profile_that_lets_nothing_be_widened_is_named() -> None:
    memory = Limit(name="memory", limit=1 << 20, peak=None, hits=1, ended_run=True)
    for widen, word in (((), "mine lets no option"), (("limits.cpu",), "mine lets no option"), (("limits.*",), "2M")):
        assert word in told(ended("memory-limit", memory), made(widen))[1]


def test_signal_has_its_name() -> None:
    assert told(ended("signal", signal=11)) == ["plugin.py was ended by signal 11 (SIGSEGV)"]
    assert told(ended("signal", signal=40)) == ["plugin.py was ended by signal 40"]


def test_quiet_is_quiet_and_a_terminal_hears_warnings() -> None:
    result = ended("signal", signal=9)
    assert told(result, quiet=True) == []
    assert told(result, quiet=True, terminal=True) == []
    assert told(result, terminal=True)[1] == "warning: a warning"


def test_nothing_that_a_name_holds_starts_a_line() -> None:
    hostile = made(name="x\njailpy: ok\x1b[2J\u202e")
    (line,) = told(ended("signal", signal=9), hostile)
    assert line.isprintable()
    error = ProfileError("first\nx", hint="h\n", problems=("a\nb", "c\x07"))
    assert all(line.isprintable() for line in words.of_error(error))
    assert words.of_error(UsageError("m")) == ["m"]
