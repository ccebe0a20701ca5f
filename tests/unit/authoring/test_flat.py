"""A frozen profile, and what ``show --effective`` prints, come to the very same policy."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from jailpy.authoring import effective, flat, values
from jailpy.errors import ProfileError
from jailpy.model.policy import Policy
from jailpy.policy.load import load
from jailpy.policy.shipped import GENERATIONS
from tests.unit.authoring.generated import profiles

Heir = Callable[[str], Policy]
Use = Callable[[str], Policy]
Write = Callable[..., str]


def again(text: str, folder: Path) -> Policy:
    """The policy of a profile with this text."""
    path = folder / "again.toml"
    path.write_text(text)
    path.chmod(0o644)
    return load(str(path), uid=os.geteuid(), home=None, config_home=None)


@pytest.mark.parametrize("name", GENERATIONS)
def test_frozen_profile_has_the_digest_of_the_shipped_one(name: str, use: Use, tmp_path: Path) -> None:
    frozen = again(flat.frozen(use(name)), tmp_path)
    assert frozen.sha256 == use(name).sha256
    assert (frozen.name, len(frozen.chain)) == (f"{name}-frozen", 1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(text=profiles)
def test_whatever_a_profile_says_freezing_and_explaining_keep_it(text: str, tmp_path: Path) -> None:
    policy = again(f"schema = 1\n{text}", tmp_path)
    frozen = flat.frozen(policy)
    assert again(frozen, tmp_path).sha256 == policy.sha256
    assert tomllib.loads(flat.frozen(again(frozen, tmp_path))) == tomllib.loads(frozen)
    assert again(flat.explained(policy), tmp_path).sha256 == policy.sha256


def test_frozen_profile_inherits_nothing_and_names_no_set_that_could_grow(heir: Heir) -> None:
    said = tomllib.loads(flat.frozen(heir('[seccomp]\nallow = ["@inotify", "@single-process"]\nkill = ["@escape"]\n')))
    assert "extends" not in said
    names = said["seccomp"]["allow"] + said["seccomp"]["kill"]
    assert [name for name in names if name.startswith("@")] == ["@single-process"]


def test_frozen_rule_says_in_words_what_its_numbers_mean(heir: Heir) -> None:
    text = flat.frozen(heir('[seccomp.args.socket]\ndomain = ["AF_UNIX", "AF_INET"]\n'))
    assert "domain = [1, 2]  # domain is AF_UNIX or AF_INET\n" in text


def test_profile_that_allows_nothing_is_not_frozen(write: Write, use: Use) -> None:
    policy = use(write("p.toml", '[seccomp]\nallow = ["read"]\nremove = ["@file-io"]\n'))
    with pytest.raises(ProfileError, match="allows no system call"):
        flat.frozen(policy)


def test_every_row_knows_the_line_that_said_it(write: Write, use: Use) -> None:
    write("base.toml", 'extends = "default@1"\n[filesystem]\nread = ["/a"]\n[process.env]\nA = "1"\n')
    heir = 'extends = "./base.toml"\n[limits]\nwall = "5s"\n[seccomp]\nallow = ["@inotify"]\nkill = ["mount"]\n'
    policy = use(write("p.toml", heir + '[seccomp.args.socket]\ndomain = "AF_UNIX"\n'))
    named = [row for row in effective.rows(policy) if row.source]
    assert len(named) >= 30
    for row in named:
        line = Path(row.source).read_text().splitlines()[row.line - 1]
        assert row.key.removesuffix(".then").rpartition(".")[2] in line, row
    assert {row.source for row in named} == set(policy.chain)


def test_calls_are_folded_into_the_sets_that_are_whole(heir: Heir) -> None:
    def allowed(text: str) -> list[str]:
        return [row.value for row in effective.rows(heir(text)) if row.key == "seccomp.allow"]

    assert allowed("") == ["@python"]
    assert allowed('[seccomp]\nallow = ["@inotify"]\n') == ["@python", "@inotify"]
    assert "@no-exec" in allowed('[seccomp]\nallow = ["@no-exec"]\n')
    without = allowed('[seccomp]\nremove = ["sendfile"]\n')
    assert "@python" not in without
    assert "@file-io" not in without
    assert {"@file-system", "writev"} <= set(without)


def test_name_that_would_begin_a_line_stays_a_name(heir: Heir, tmp_path: Path) -> None:
    """What a profile has in quotes comes out in quotes, and in a comment as escapes (THREATS 41)."""
    policy = heir('process.env.A = "x\\"\\n[overrides]\\nwiden = [\'*\'] #"\n')
    policy = policy._replace(chain=("/tmp/a\nwiden = 1",))
    for text in (flat.frozen(policy), flat.explained(policy)):
        assert text.count("\n[overrides]\n") == 1
        assert again(text, tmp_path).process.env == policy.process.env
        assert not [line for line in text.splitlines() if line.startswith("widen = 1")]


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("limits.wall", 90.0, '"90s"'),
        ("limits.wall", 7200.0, '"2h"'),
        ("limits.wall", 0.25, '"250ms"'),
        ("limits.wall", 0.0123, "0.0123"),
        ("limits.cpu", None, '"none"'),
        ("limits.memory", 3 << 29, '"1536M"'),
        ("limits.memory", 1000001, "1000001"),
        ("limits.swap", 0, "0"),
        ("limits.tasks", 64, "64"),
        ("limits.cpu-quota", 1.5, '"150%"'),
        ("limits.cpus", "3", '"3"'),
        ("limits.cpus", "", '"none"'),
        ("network.loopback", False, "false"),
        ("filesystem.read", ("/a", "/b:/c"), '["/a", "/b:/c"]'),
        ("process.env.A", 'say "no"', '"say \\"no\\""'),
    ],
)
def test_values_are_written_as_people_write_them(key: str, value: object, text: str) -> None:
    assert values.written(key, value) == text
