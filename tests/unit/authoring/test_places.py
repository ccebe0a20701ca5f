"""Which host paths lead out of a jail, or hold what is worth something."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import jailpy
from jailpy.authoring.places import of_path


@pytest.fixture(autouse=True)
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who has a home and searches one more folder."""
    monkeypatch.setenv("HOME", "/srv/people/ada")
    monkeypatch.setenv("PATH", "/usr/bin:/srv/tools/bin")
    monkeypatch.setenv("PYTHONPATH", "/srv/python")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/srv/people/ada", "home"),
        ("/srv/people", "home"),
        ("/home/bob", "home"),
        ("/home", "home"),
        ("/srv/x/.bashrc", ".bashrc"),
        ("/srv/people/ada/.config/autostart/x", ".config/autostart"),
        ("/srv/app/.git/hooks", ".git"),
        ("/srv/venv/lib/python3.12/site-packages/numpy", "site-packages"),
        ("/etc/cron.d", "/etc"),
        ("/usr/local/lib", "/usr"),
        ("/srv/tools/bin", "/srv/tools/bin"),
        ("/srv/tools", "/srv/tools/bin"),
        ("/srv/python/x", "/srv/python"),
        ("/etc/jailpy/profiles", "jailpy itself"),
        ("/var/cache/jailpy", "jailpy itself"),
        ("/var/cache", "jailpy itself"),
    ],
)
def test_writing_there_leads_out(path: str, said: str) -> None:
    grade, words = of_path(path, write=True)
    assert grade == "escape"
    assert said in words


def test_writing_to_jailpy_itself_leads_out() -> None:
    for path in (os.path.dirname(jailpy.__file__), f"{os.path.dirname(jailpy.__file__)}/policy"):
        assert of_path(path, write=True)[0] == "escape"


@pytest.mark.parametrize(
    "path", ["/srv/results", "/data/out", "/srv/people/ada/plots", "/home/bob/project/out", "/var/lib/weather"]
)
def test_folder_made_for_the_purpose_is_no_escape(path: str) -> None:
    assert of_path(path, write=True)[0] == "note"
    assert of_path(path, write=False) == ("note", "")


@pytest.mark.parametrize(
    "path",
    ["/srv/people/ada", "/srv/x/.ssh/id_ed25519", "/x/.aws", "/etc", "/etc/shadow", "/run/docker.sock", "/srv/a.sock"],
)
def test_reading_there_is_a_risk(path: str) -> None:
    grade, words = of_path(path, write=False)
    assert grade == "risk"
    assert words


@pytest.mark.parametrize("path", ["/usr/share/zoneinfo", "/etc/ssl/certs", "/srv/data", "/usr"])
def test_reading_what_everybody_may_read_is_none(path: str) -> None:
    assert of_path(path, write=False) == ("note", "")


def test_link_is_judged_by_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("/etc")
    assert of_path(f"{tmp_path}/out", write=True)[0] == "escape"
