"""A remembered plan is the plan that would have been made, or it is not remembered."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jailpy import api
from jailpy.model.plan import Plan
from jailpy.model.request import Request
from jailpy.plan import cache, remembered

ID = 70001


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "folder", lambda: str(tmp_path / "kept"))
    return tmp_path / "kept"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "plugin.py"
    path.write_text("print('one')\n")
    return path


def run(**fields: object) -> Request:
    return Request(command="run", **fields)  # type: ignore[arg-type]


def made(request: Request, monkeypatch: pytest.MonkeyPatch, host_id: int = ID) -> Plan:
    """The plan, without a look at what is remembered."""
    with monkeypatch.context() as patch:
        patch.setattr(cache, "folder", str)
        return api.plan(request, host_id=host_id)


def recalled(request: Request, host_id: int = ID) -> Plan | None:
    """The remembered plan, if there is one."""
    place = remembered.place(request, api.host_probe.look())
    return remembered.recall(place, request, host_id) if place else None


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("other", [{}, {"changes": (("limits.tasks", 8),)}, {"require": ("landlock",)}], ids=str)
def test_a_plan_is_filled_with_another_plugin_and_another_id(
    tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch, other: dict[str, object]
) -> None:
    api.plan(run(plugin=str(program), **other), host_id=ID)
    second = tmp_path / "other name.py"
    second.write_text("import sys\n" * 1000)
    request = run(plugin=str(second), arguments=("a b", "--c"), verbose=True, **other)
    found = recalled(request, ID + 1)
    assert found is not None
    assert found == made(request, monkeypatch, ID + 1)


@pytest.mark.usefixtures("kept")
def test_code_from_the_command_line_is_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    api.plan(run(code="pass"), host_id=ID)
    request = run(code="print(1)", arguments=("x",))
    found = recalled(request)
    assert found is not None
    assert found == made(request, monkeypatch)


@pytest.mark.usefixtures("kept")
def test_code_and_file_have_a_plan_each(program: Path) -> None:
    api.plan(run(code="pass"), host_id=ID)
    assert recalled(run(plugin=str(program))) is None


@pytest.mark.usefixtures("kept")
def test_other_limits_are_another_plan(program: Path) -> None:
    api.plan(run(plugin=str(program)), host_id=ID)
    assert recalled(run(plugin=str(program), changes=(("limits.tasks", 8),))) is None


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    "fields",
    [
        {"changes": (("filesystem.read", ["/usr/share:/work/share"]),)},
        {"changes": (("process.env.A", "b"),)},
        {"module": "this", "plugin": ""},
        {"plugin": "-"},
        {"profile": "./own.toml"},
        {"command": "exec", "plugin": "", "arguments": ("true",)},
    ],
    ids=str,
)
def test_what_gives_more_than_a_plugin_is_never_remembered(program: Path, fields: dict[str, object]) -> None:
    request = Request(**{"command": "run", "plugin": str(program), **fields})  # type: ignore[arg-type]
    assert remembered.place(request, api.host_probe.look()) == ""


@pytest.mark.usefixtures("kept")
def test_a_folder_is_no_file(tmp_path: Path, program: Path) -> None:
    api.plan(run(plugin=str(program)), host_id=ID)
    (tmp_path / "tree.py").mkdir()
    (tmp_path / "tree.py/__main__.py").touch()
    assert recalled(run(plugin=str(tmp_path / "tree.py"))) is None


@pytest.mark.usefixtures("kept")
def test_a_plan_falls_with_a_file_that_it_came_from(
    tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "services"
    source.write_text("one\n")
    monkeypatch.setattr(remembered, "_CONTENTS", (str(source),))
    request = run(plugin=str(program))
    api.plan(request, host_id=ID)
    assert recalled(request) is not None
    source.write_text("other\n")
    assert recalled(request) is None


def test_a_plan_with_a_step_left_out_is_not_remembered(kept: Path, program: Path) -> None:
    api.plan(run(plugin=str(program)), host_id=ID, without=frozenset({"umask-own"}))
    assert recalled(run(plugin=str(program))) is None
    assert os.listdir(kept) != []  # the profile and the interpreter are
