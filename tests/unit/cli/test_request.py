"""What the options mean once they are words."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from jailpy.cli.options import OPTIONS
from jailpy.cli.request import make, share
from jailpy.errors import UsageError


@pytest.mark.parametrize(
    "option", [o for o in OPTIONS if o.kind != "flag" and o.field != "code"], ids=lambda o: o.field
)
def test_empty_value_is_refused(option: Any) -> None:
    """A variable that was never set must not lift a check, nor name the current folder."""
    value: Any = [""] if option.kind == "list" else ""
    with pytest.raises(UsageError, match="empty"):
        make("run", ["p.py"], {option.field: value})


def test_code_may_be_empty() -> None:
    assert make("run", [], {"code": ""}).code == ""


@pytest.mark.parametrize("words", [["foo"], ["foo.txt"], ["."], ["py"]])
def test_bare_word_is_no_file_of_this_folder(words: list[str]) -> None:
    """An installed plugin's name never means what lies in the current folder, which others may have filled."""
    with pytest.raises(UsageError) as refused:
        make("run", words, {})
    assert refused.value.hint.endswith(f"./{words[0]}")


@pytest.mark.parametrize("plugin", ["./foo", "foo.py", "foo.pyz", "a/b", "-"])
def test_path_is_a_path(plugin: str) -> None:
    request = make("run", [plugin, "-x", "--", "--read"], {})
    assert (request.plugin, request.arguments) == (plugin, ("-x", "--", "--read"))


def test_program_of_exec_may_be_a_bare_word() -> None:
    request = make("exec", ["ls", "-l"], {})
    assert (request.command, request.plugin, request.arguments) == ("exec", "", ("ls", "-l"))


@pytest.mark.parametrize(
    ("command", "words", "given", "said"),
    [
        ("run", [], {}, "no plugin to run"),
        ("run", [""], {}, "name is empty"),
        ("exec", [], {}, "no command"),
        ("run", ["p.py"], {"tree": "d"}, "needs the module"),
        ("run", ["p.py"], {"exit_status": "outcomes"}, "expected plugin or outcome"),
        ("run", ["p.py"], {"limit": ["tasks"]}, "expected KEY=VALUE"),
        ("run", ["p.py"], {"limit": ["task=3"]}, "did you mean tasks"),
        ("run", ["p.py"], {"timeout": "soon"}, "expected a duration"),
        ("run", ["p.py"], {"env": ["JAILPY_TEST_IS_NOT_SET"]}, "is not set here"),
        ("run", ["p.py"], {"read": ["../x"]}, "no place below the working folder"),
        ("run", ["p.py"], {"read": [":/x"]}, "expected PATH or HOST:JAIL"),
        ("run", ["p.py"], {"tty": True, "json": True}, "do not go together"),
        ("run", ["p.py"], {"label": ["a"]}, "expected K=V"),
        ("run", ["p.py"], {"label": ["=b"]}, "expected K=V"),
        ("run", ["p.py"], {"label": ["a b=c"]}, "expected K=V"),
        ("run", ["p.py"], {"label": ["a=b\n"]}, "control characters"),
        ("run", ["p.py"], {"label": ["a=" + "x" * 257]}, "more than 256 characters"),
        ("run", ["p.py"], {"label": ["a=1", "a=2"]}, "given twice"),
        ("run", ["p.py"], {"label": [f"k{n}=v" for n in range(33)]}, "more than 32"),
    ],
)
def test_wrong_words_are_refused(command: str, words: list[str], given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        make(command, words, given)


def test_share_takes_its_place() -> None:
    """A relative path below /work, an absolute one where it is, HOST:JAIL split at the last colon before a slash."""
    here = os.getcwd()
    assert share("data/x.csv") == f"{here}/data/x.csv:/work/data/x.csv"
    assert share("/srv/data") == "/srv/data:/srv/data"
    assert share("/a:b/c:/d") == "/a:b/c:/d"


def test_variable_takes_the_callers_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAILPY_TEST_IS_SET", "1=2")
    request = make("run", ["p.py"], {"env": ["JAILPY_TEST_IS_SET", "A=b=c"]})
    assert request.changes == (("process.env.JAILPY_TEST_IS_SET", "1=2"), ("process.env.A", "b=c"))


def test_relative_path_in_a_folder_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(UsageError, match="folder is gone"):
        share("x")
