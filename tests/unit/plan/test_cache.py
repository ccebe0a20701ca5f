"""What is kept between runs: believed only while it is ours and its files are the same, and never without end."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from jailpy.plan import cache


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "folder", lambda: str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.mark.usefixtures("kept")
def test_a_value_comes_back_while_its_files_stay_the_same(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("one")
    cache.store("name", (1, "two", None), (str(source),))
    assert cache.load("name") == (1, "two", None)
    source.write_text("other")
    assert cache.load("name") is None


def test_a_file_that_others_can_write_is_not_believed(kept: Path) -> None:
    cache.store("name", (1,), ())
    os.chmod(kept / "name", 0o666)
    assert cache.load("name") is None


def test_a_folder_that_others_can_write_is_not_believed(kept: Path) -> None:
    cache.store("name", (1,), ())
    os.chmod(kept, 0o777)
    assert cache.load("name") is None


def test_a_symbolic_link_is_not_followed(kept: Path, tmp_path: Path) -> None:
    cache.store("name", (1,), ())
    os.rename(kept / "name", tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", kept / "name")
    assert cache.load("name") is None


@pytest.mark.parametrize("content", [b"", b"\0", b"(", bytes(range(64)), b"i\1\0\0\0"])
def test_rubbish_is_no_value(kept: Path, content: bytes) -> None:
    kept.mkdir(mode=0o700)
    (kept / "name").write_bytes(content)
    os.chmod(kept / "name", 0o600)
    assert cache.load("name") is None


@pytest.mark.usefixtures("kept")
def test_what_other_code_worked_out_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edited checkout has the version that it had."""
    module = ModuleType("jailpy.plan.made_up")
    module.__file__ = str(tmp_path / "made_up.py")
    (tmp_path / "made_up.py").write_text("one")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    cache.store("name", (1,), ())
    assert cache.load("name") == (1,)
    (tmp_path / "made_up.py").write_text("other")
    assert cache.load("name") is None


def test_entries_do_not_pile_up(kept: Path) -> None:
    for number in range(300):
        cache.store(f"name{number}", (number,), ())
    assert len(list(kept.iterdir())) <= 129
    assert cache.load("name299") == (299,)
