"""Which file a name means, and which it never means."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from jailpy.errors import ProfileError
from jailpy.model.policy import Policy
from jailpy.policy.load import load
from jailpy.policy.lookup import folders, locate
from jailpy.policy.shipped import GENERATIONS, shipped_path

Write = Callable[..., str]
WEAK = 'extends = "default@1"\n[limits]\ntasks = 4000\n'


@pytest.mark.parametrize("name", GENERATIONS)
def test_shipped_names_are_reserved(name: str, write: Write, tmp_path: Path) -> None:
    """A planted strict.toml in a folder of profiles changes nothing."""
    write(f"{name}.toml", WEAK)
    assert locate(name, (str(tmp_path),)).path == shipped_path(name)


def test_profile_planted_in_the_working_folder_is_not_taken(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("default.toml", WEAK)
    write("mine.toml", WEAK)
    monkeypatch.chdir(tmp_path)
    assert load("default", uid=os.geteuid(), home=None, config_home=None).limits.tasks == 64
    with pytest.raises(ProfileError) as caught:
        load("mine", uid=os.geteuid(), home=None, config_home=None)
    assert "there is no profile mine" in caught.value.message
    assert "./mine.toml" in caught.value.hint


def test_first_folder_that_has_the_name_decides(write: Write, tmp_path: Path) -> None:
    write("first/p.toml", WEAK)
    write("second/p.toml", WEAK)
    search = (f"{tmp_path}/none", f"{tmp_path}/first", f"{tmp_path}/second")
    assert locate("p", search).path == f"{tmp_path}/first/p.toml"


def test_etc_comes_before_the_users_folder() -> None:
    assert folders(1000, "/home/ann", None) == ("/etc/jailpy/profiles", "/home/ann/.config/jailpy/profiles")
    assert folders(1000, "/home/ann", "/cfg") == ("/etc/jailpy/profiles", "/cfg/jailpy/profiles")


def test_root_reads_only_roots() -> None:
    """sudo may keep the HOME and the XDG_CONFIG_HOME of whoever called it."""
    assert folders(0, "/home/mallory", "/home/mallory/cfg") == ("/etc/jailpy/profiles",)


@pytest.mark.parametrize(("home", "config_home"), [(None, None), ("", ""), ("relative", None), (None, "relative")])
def test_without_a_home_only_the_hosts_profiles_are_looked_up(home: str | None, config_home: str | None) -> None:
    assert folders(1000, home, config_home) == ("/etc/jailpy/profiles",)


def test_users_own_profile_is_found_by_name(write: Write, tmp_path: Path) -> None:
    must_not_be_root = os.geteuid() or 1000  # root's folder of profiles is not looked into; root's files are trusted
    path = write("cfg/jailpy/profiles/mine.toml", 'extends = "default@1"\n')
    policy = load("mine", uid=must_not_be_root, home=None, config_home=f"{tmp_path}/cfg")
    assert (policy.name, policy.source) == ("mine", os.path.realpath(path))


def test_generation_pins_a_shipped_profile() -> None:
    assert locate("default@1", ()).path == shipped_path("default")
    with pytest.raises(ProfileError) as caught:
        locate("default@2", ())
    assert (caught.value.message, caught.value.hint) == (
        "this jailpy has no generation 2 of the profile default",
        "it has default@1",
    )


def test_only_shipped_profiles_have_generations(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="only the profiles that come with jailpy have generations"):
        locate("mine@1", (str(tmp_path),))


@pytest.mark.parametrize("name", ["", ".", "..", "\x1b[2J", "a\0b", "a b", "-p", "x" * 65, "é"])
def test_odd_names_are_refused_and_shown_without_their_control_characters(name: str) -> None:
    with pytest.raises(ProfileError, match="is not a profile") as caught:
        locate(name, ())
    assert caught.value.message.isprintable()


def test_path_with_a_nul_byte_is_refused() -> None:
    with pytest.raises(ProfileError, match="NUL"):
        load("./a\0b", uid=os.geteuid(), home=None, config_home=None)


def test_misspelt_name_gets_a_hint() -> None:
    with pytest.raises(ProfileError) as caught:
        locate("defualt", ())
    assert "did you mean default" in caught.value.hint


def test_shipped_profile_may_be_named_by_its_file(use: Callable[[str], Policy]) -> None:
    assert use(shipped_path("strict")).name == "strict"


def test_other_files_may_not_call_themselves_by_a_shipped_name(problems: Callable[[str], list[str]]) -> None:
    assert problems('name = "strict"') == ["p.toml:3: name: 'strict' is the name of a profile that comes with jailpy"]
