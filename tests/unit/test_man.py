"""The man pages keep up with the command line, the profiles and the report."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jailpy.cli.help import COMMANDS
from jailpy.cli.options import OPTIONS
from jailpy.model.result import OUTCOMES
from jailpy.policy.load import load
from jailpy.policy.schema import SETTINGS, TOP
from jailpy.policy.seccomp_catalogue import read_catalogue
from jailpy.policy.shipped import GENERATIONS
from tests.conftest import must_have
from tests.support.installed import CHECKOUT

FLAG = re.compile(r"(?<![\w-])--?[a-zA-Z][a-z-]*")
TABLES = ("process.env", "seccomp.args")  # whose keys are names of the user's or the kernel's


def text(page: str) -> str:
    """The page as a person reads it, without its bold and underlined letters."""
    rendered = [must_have("mandoc"), "-T", "utf8", "-O", "width=200", CHECKOUT / "man" / page]
    return re.sub(".\b", "", subprocess.run(rendered, capture_output=True, text=True, check=True).stdout)


def tags(page: str) -> set[str]:
    """What stands at the head of an entry of a list."""
    source = (CHECKOUT / "man" / page).read_text(encoding="utf-8")
    heads = re.findall(r"^\.It (.*)$", source, re.MULTILINE)
    return {word for head in heads for word in re.findall(r"[a-z][\w.-]*", re.sub(r"\b(Ic|Ns|Ar|Cm|Sy)\b", "", head))}


def fields(schema: dict[str, Any]) -> Iterator[str]:
    """The names of all fields of a JSON Schema, those within others too."""
    yield from schema.get("properties", ())
    yield from schema.get("required", ())
    parts = [*schema.get("properties", {}).values(), *schema.get("oneOf", ())]
    for part in (
        *parts,
        *(schema[key] for key in ("items", "additionalProperties") if isinstance(schema.get(key), dict)),
    ):
        yield from fields(part)


def examples(page: str) -> list[str]:
    """The literal displays of the page."""
    source = (CHECKOUT / "man" / page).read_text(encoding="utf-8")
    return re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", source, re.MULTILINE | re.DOTALL)


def test_every_option_stands_in_the_man_page_and_no_other() -> None:
    flags = {flag for option in OPTIONS for flag in option.flags} | {"--json", "--version", "--help", "-h"}
    assert set(FLAG.findall(text("jailpy.1"))) == flags


@pytest.mark.parametrize("page", ["jailpy.1", "jailpy-profile.5", "jailpy-report.5"])
def test_nothing_is_explained_twice(page: str) -> None:
    heads = re.findall(r"^\.It (?:Fl|Ic|Cm) .*$", (CHECKOUT / "man" / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(heads) == sorted(set(heads))


def test_every_command_stands_in_the_man_page() -> None:
    source = (CHECKOUT / "man/jailpy.1").read_text(encoding="utf-8")
    assert {*re.findall(r"^\.It Cm (\w+)", source, re.MULTILINE)} == set(COMMANDS)
    assert {*re.findall(r"^\.Nm jailpy\n\.Cm (\w+)", source, re.MULTILINE)} == set(COMMANDS)


def test_every_key_of_a_profile_stands_in_its_man_page() -> None:
    top = {key for key in TOP if key not in {setting.partition(".")[0] for setting in SETTINGS}}
    assert {*SETTINGS, *TABLES, *top} - {"seccomp.args"} <= tags("jailpy-profile.5")
    assert "seccomp.args.call" in text("jailpy-profile.5")


def test_every_set_of_system_calls_stands_in_the_man_page_and_no_other() -> None:
    named = set(re.findall(r"@([a-z][a-z0-9-]*[a-z0-9])", text("jailpy-profile.5")))
    assert named == set(read_catalogue().sets)


def test_every_field_of_the_report_stands_in_its_man_page() -> None:
    schema = json.loads((CHECKOUT / "jailpy/report/schema/report-1.json").read_text(encoding="utf-8"))
    named = re.findall(r"^\.(?:It )?Ic ([a-z_0-9 ,;]+)", (CHECKOUT / "man/jailpy-report.5").read_text(), re.MULTILINE)
    assert set(fields(schema)) - set(re.findall(r"\w+", " ".join(named))) == set()


def test_every_outcome_stands_in_the_man_page_and_no_other() -> None:
    source = (CHECKOUT / "man/jailpy-report.5").read_text(encoding="utf-8")
    assert {*re.findall(r"^\.It Cm ([\w-]+)", source, re.MULTILINE)} == set(OUTCOMES)


def test_every_shipped_profile_stands_in_the_man_pages() -> None:
    assert set(GENERATIONS) <= tags("jailpy-profile.5")
    assert all(name in text("jailpy.1") for name in GENERATIONS)


@pytest.mark.parametrize("example", examples("jailpy-profile.5"), ids=lambda text: tomllib.loads(text)["name"])
def test_the_profiles_of_the_man_page_are_right(example: str, tmp_path: Path) -> None:
    (tmp_path / "example.toml").write_text(example, encoding="utf-8")
    policy = load(f"{tmp_path}/example.toml", uid=tmp_path.stat().st_uid, home=None, config_home=None)
    assert policy.name == tomllib.loads(example)["name"]
