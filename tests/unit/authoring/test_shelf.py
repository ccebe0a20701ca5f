"""Which profiles have names, what they are for, and which cannot be used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jailpy.authoring import shelf
from jailpy.authoring.shelf import Named, sentence
from jailpy.policy import lookup
from jailpy.policy.shipped import GENERATIONS

UID = os.geteuid() or 1000  # root has no profiles of its own beside the administrator's


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of configuration; the administrator's profiles lie beside it."""
    admin = tmp_path / "admin"
    admin.mkdir(mode=0o755)
    monkeypatch.setattr(lookup, "ADMIN", str(admin))
    monkeypatch.setattr(shelf, "ADMIN", str(admin))
    folder = tmp_path / "config/jailpy/profiles"
    folder.mkdir(mode=0o755, parents=True)
    return tmp_path / "config"


def add(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o644)
    if os.geteuid() == 0:
        os.chown(folder / name, UID, -1)


def named(config: Path) -> list[Named]:
    if os.geteuid() == 0:
        for path in (config, *config.rglob("*")):
            os.chown(path, UID, -1)
    return shelf.named(UID, "/nowhere", str(config))


def test_shipped_ones_come_first_with_their_generation(config: Path) -> None:
    first = named(config)[: len(GENERATIONS)]
    assert {profile.name: profile.generation for profile in first} == GENERATIONS
    assert all(profile.about.startswith("For ") for profile in first)


def test_own_one_is_hidden_by_what_is_found_before_it(config: Path) -> None:
    own = config / "jailpy/profiles"
    add(own, "weather.toml", "# For weather. And more.\nschema = 1\n")
    add(own, "default.toml", "schema = 1\n")
    add(config.parent / "admin", "weather.toml", "#  For all: of us\nschema = 1\n")
    profiles = [profile for profile in named(config) if profile.whose != "jailpy"]
    assert [(profile.whose, profile.name, profile.about) for profile in profiles] == [
        ("administrator", "weather", "For all"),
        ("user", "default", ""),
        ("user", "weather", "For weather"),
    ]
    assert profiles[0].hidden == ""
    assert profiles[1].hidden.endswith("/default.toml")
    assert profiles[2].hidden == str(config.parent / "admin/weather.toml")


def test_one_that_would_be_refused_says_why(config: Path) -> None:
    own = config / "jailpy/profiles"
    add(own, "open.toml", "schema = 1\n")
    (own / "open.toml").chmod(0o666)
    add(own, "broken.toml", "schema = = 1\n")
    os.mkfifo(own / "pipe.toml")
    wrong = {profile.name: profile.wrong for profile in named(config) if profile.whose == "user"}
    assert "can be written by others" in wrong["open"]
    assert "not TOML" in wrong["broken"]
    assert "not a regular file" in wrong["pipe"]


def test_file_that_no_bare_name_means_is_not_listed(config: Path) -> None:
    own = config / "jailpy/profiles"
    for name in ("a b.toml", "notes.txt", ".hidden.toml", "\x1b[2J.toml"):
        add(own, name, "schema = 1\n")
    assert [profile for profile in named(config) if profile.whose == "user"] == []


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("# One. Two.\n", "One"),
        ("# One\n# two: three\n\n# four\n", "One two"),
        ("schema = 1\n# later\n", ""),
        ("", ""),
        ("\n#\n#   A tool\nschema = 1\n", "A tool"),
        ("# v1.2 of it\n", "v1.2 of it"),
    ],
)
def test_first_sentence_says_what_it_is_for(text: str, about: str) -> None:
    assert sentence(text) == about
