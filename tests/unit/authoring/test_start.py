"""A new profile changes nothing before somebody changes it, and each of its examples is right."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jailpy.authoring.start import generation, start
from jailpy.errors import UsageError
from jailpy.model.policy import Policy
from jailpy.policy.shipped import GENERATIONS

Use = Callable[[str], Policy]
Write = Callable[..., str]


@pytest.mark.parametrize("parent", GENERATIONS)
def test_new_profile_differs_from_its_parent_in_what_options_may_widen(parent: str, write: Write, use: Use) -> None:
    policy = use(write("new.toml", start("new", generation(parent), use(parent)), schema=""))
    assert policy.name == "new"
    kept = policy.limits, policy.filesystem, policy.process, policy.python, policy.layers, policy.seccomp
    inherited = use(parent)
    assert kept == (
        inherited.limits,
        inherited.filesystem,
        inherited.process,
        inherited.python,
        inherited.layers,
        inherited.seccomp,
    )
    assert policy.widen == ()


def test_every_example_in_it_can_be_made_to_count(write: Write, use: Use) -> None:
    text = start("new", "default@1", use("default"))
    examples = [line for line in text.splitlines() if line.startswith("# ") and " = " in line]
    assert len(examples) > 12
    everything = text.replace("# [python]", "[python]")
    for line in examples:
        assert use(write("one.toml", text.replace("# [python]", "[python]").replace(line, line[2:]), schema=""))
        everything = everything.replace(line, line[2:])
    assert use(write("all.toml", everything, schema="")).filesystem.read == ("/srv/data",)


def test_parent_is_named_as_a_profile_names_it() -> None:
    assert generation("strict") == "strict@1"
    assert generation("default@1") == "default@1"
    assert generation("./base.toml") == "./base.toml"


@pytest.mark.parametrize("name", ["strict@7", "weather", "base.toml", ""])
def test_parent_that_no_profile_could_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="neither a generation of a profile nor a file"):
        generation(name)


@pytest.mark.parametrize("name", ["a b", "", "-x", "../x", 'x"\nwiden = ["*"]', "default"])
def test_name_that_no_profile_may_have_is_refused(name: str, use: Use) -> None:
    with pytest.raises(UsageError):
        start(name, "default@1", use("default"))
