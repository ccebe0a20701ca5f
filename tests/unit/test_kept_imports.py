"""The file that a start imports from is believed only while it says what the sources say."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import jailpy
from jailpy import imports

SHOW = (
    "from jailpy import imports; imports.use(); from jailpy.model import host; print(host.__spec__.loader, host.Host)"
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package with such a file."""
    shutil.copytree(Path(jailpy.__file__).parent, tmp_path / "jailpy", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-m", "jailpy.keep"], cwd=tmp_path, check=True)
    return tmp_path / "jailpy"


def shown(package: Path) -> str:
    """Where the module jailpy.model.host came from, and its class."""
    done = subprocess.run([sys.executable, "-c", SHOW], cwd=package.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def kept(package: Path) -> Path:
    return package / "__pycache__" / Path(imports.path()).name


def test_modules_come_from_the_file(package: Path) -> None:
    assert "jailpy.imports.Kept" in shown(package)
    assert "jailpy.model.host.Host" in shown(package)


@pytest.mark.parametrize("asked", ["jailpy.launch.watch", "jailpy.broker.processes"])
def test_a_later_part_is_imported_whole_when_one_of_it_is_asked_for(package: Path, asked: str) -> None:
    code = (
        "import sys; from jailpy import imports; imports.use()\n"
        "later = {'jailpy.launch.watch', 'jailpy.broker.processes', 'jailpy.launch.host_ids'}\n"
        "of = lambda: sorted(later & {*sys.modules})\n"
        f"print(of()); import {asked}; print(of(), {asked}.__spec__.loader, {asked}.os)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=package.parent, capture_output=True, text=True, check=True)
    before, after = done.stdout.splitlines()
    assert before == "[]"
    assert after.startswith("['jailpy.broker.processes', 'jailpy.launch.watch'] <jailpy.imports.Kept")


@pytest.mark.parametrize("changed", ["launch/watch", "broker/processes"])
def test_of_a_later_part_too_what_has_changed_comes_from_its_source(package: Path, changed: str) -> None:
    """Whether it is the one that is asked for, one that this needs, or another of its part."""
    with (package / f"{changed}.py").open("a") as file:
        file.write("changed = True\n")
    name = f"jailpy.{changed.replace('/', '.')}"
    code = (
        "from jailpy import imports; imports.use(); import jailpy.launch.watch, importlib\n"
        f"print(importlib.import_module({name!r}).changed, jailpy.launch.watch.Watch)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=package.parent, capture_output=True, text=True)
    assert done.stdout.startswith("True <class 'jailpy.launch.watch.Watch'"), done.stderr


def test_a_module_that_has_changed_comes_from_its_source(package: Path) -> None:
    with (package / "model/host.py").open("a") as file:
        file.write("Host = 'changed'\n")
    assert "SourceFileLoader" in shown(package)
    assert "changed" in shown(package)


@pytest.mark.parametrize("damage", ["empty", "cut", "noise", "missing", "unreadable"])
def test_without_a_whole_file_modules_are_imported_as_ever(package: Path, damage: str) -> None:
    path = kept(package)
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "unreadable":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes({"empty": b"", "cut": content[: len(content) // 2], "noise": b"\xff" * 100}[damage])
    assert "SourceFileLoader" in shown(package)
    assert "jailpy.model.host.Host" in shown(package)


def test_the_file_of_another_python_is_not_believed(package: Path) -> None:
    path = kept(package)
    content = path.read_bytes()
    version = sys.version.encode()
    assert version in content
    path.write_bytes(content.replace(version, version.swapcase()))
    assert "SourceFileLoader" in shown(package)


def test_every_module_is_there_as_it_is_imported(package: Path) -> None:
    """Packages have their __path__, modules their file: what Python itself would have set."""
    code = (
        "import sys, importlib\nfrom jailpy import imports\nif sys.argv[1:]: imports.use()\n"
        "for part in imports.PARTS:\n"
        "  for name in part: importlib.import_module(name)\n"
        "for name, m in sorted(sys.modules.items()):\n"
        "  if name.startswith('jailpy.') and name != 'jailpy.imports':\n"
        "    print(name, m.__file__, getattr(m, '__path__', None), m.__package__, m.__spec__.parent)"
    )
    command = [sys.executable, "-c", code]
    without, using = (
        subprocess.run([*command, *more], cwd=package.parent, capture_output=True, text=True, check=True).stdout
        for more in ([], ["use"])
    )
    assert using == without


def test_the_command_begins_with_its_own_file(package: Path) -> None:
    assert set(begun(package).values()) == {"Kept"}


@pytest.mark.parametrize("changed", ["__init__", "imports", "system", "__main__"])
def test_where_one_of_the_first_has_changed_all_of_them_come_from_their_sources(package: Path, changed: str) -> None:
    with (package / f"{changed}.py").open("a") as file:
        file.write("changed = True\n")
    assert set(begun(package).values()) == {"SourceFileLoader"}


@pytest.mark.parametrize("damage", [b"", b"\xff" * 100, None], ids=["empty", "noise", "missing"])
def test_the_command_does_without_its_own_file(package: Path, damage: bytes | None) -> None:
    path = package / "__pycache__" / Path(imports.path("start")).name
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)
    assert set(begun(package).values()) == {"SourceFileLoader"}


def begun(package: Path) -> dict[str, str]:
    """Which loader each of the first modules has when the command has begun."""
    code = "from jailpy import keep; print(keep.script())"
    made = subprocess.run([sys.executable, "-c", code], cwd=package.parent, capture_output=True, text=True, check=True)
    command, _, _ = made.stdout.partition("raise SystemExit")
    show = f"for name in {imports.FIRST}: __import__(name); print(name, type(sys.modules[name].__loader__).__name__)"
    done = subprocess.run([sys.executable, "-IS"], input=command + show, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return dict(line.split() for line in done.stdout.splitlines())
