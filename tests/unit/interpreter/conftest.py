"""Interpreters as people have them: Debian's, pyenv's, environments of both, prefixes like those of uv and conda."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.must import must_have, must_run

DEBIAN = Path("/usr/bin/python3")
STARTER = "int Py_BytesMain(int, char **); int main(int n, char **v) { return Py_BytesMain(n, v); }"


def _pyenv() -> list[Path]:
    """One of each version from 3.11 on, below the home folder of whoever runs the tests."""
    found: dict[str, Path] = {}
    for path in sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python3.*"))):
        minor = Path(path).name.removeprefix("python3.")
        if minor.isdigit() and int(minor) >= 11:
            found[minor] = Path(path)
    return list(found.values())


# A machine without pyenv has nothing of this kind to look at: that is no skipped test.
BASES = [DEBIAN, *_pyenv()]


@pytest.fixture(params=BASES, ids=lambda path: f"{path.parent.parent.name}-{path.name}")
def base(request: pytest.FixtureRequest) -> Path:
    """Each base interpreter of this machine."""
    path: Path = request.param
    must_run(path.exists(), f"there is no {path}")
    return path


@pytest.fixture(scope="session")
def debian() -> Path:
    must_run(DEBIAN.exists(), f"there is no {DEBIAN}")
    return DEBIAN


@pytest.fixture
def make_venv(tmp_path: Path) -> Callable[..., Path]:
    """Make an environment with one package in it: ``make_venv(python, "--copies")``; gives its folder."""

    def make(python: Path, *options: str, name: str = "venv") -> Path:
        folder = tmp_path / name
        subprocess.run([python, "-m", "venv", "--without-pip", *options, folder], check=True, capture_output=True)
        next(folder.glob("lib/python3.*/site-packages")).joinpath("in_the_venv.py").write_text("")
        return folder

    return make


@pytest.fixture(scope="session")
def prefix(tmp_path_factory: pytest.TempPathFactory, debian: Path) -> Path:
    """An installation in a closed folder of its own, at …/cpython-3.x.9-linux-gnu, with a package in it."""
    name = debian.resolve().name
    folder = tmp_path_factory.mktemp("uv") / f"cpython-{name.removeprefix('python')}.9-linux-gnu"
    (folder / "bin").mkdir(parents=True)
    folder.parent.chmod(0o700)
    shutil.copy2(debian.resolve(), folder / "bin" / name)
    (folder / "bin/python3").symlink_to(name)
    (folder / "bin/python").symlink_to(name)
    return _fill(folder, name)


@pytest.fixture(scope="session")
def conda(tmp_path_factory: pytest.TempPathFactory, debian: Path) -> Path:
    """An installation whose binary finds libpython by DT_RPATH = $ORIGIN/../lib, as conda's do."""
    name = debian.resolve().name
    folder = tmp_path_factory.mktemp("conda") / "env"
    (folder / "bin").mkdir(parents=True)
    (folder / "lib").mkdir()
    library = next(iter(sorted(Path("/usr/lib").glob(f"*/lib{name}.so.1.0"))), None)
    must_run(library is not None, f"there is no shared lib{name} (./install.sh test installs it)")
    shutil.copy2(library, folder / "lib")
    (folder / "start.c").write_text(STARTER)
    path = ["-Wl,--disable-new-dtags,-rpath,$ORIGIN/../lib", folder / "lib" / library.name]
    command = [must_have("gcc"), folder / "start.c", "-o", folder / "bin" / name, *path]
    subprocess.run(command, check=True, capture_output=True)
    (folder / "bin/python").symlink_to(name)
    return _fill(folder, name)


def _fill(folder: Path, name: str) -> Path:
    """Copy the standard library of Debian into a prefix, and install a package there."""
    ignore = shutil.ignore_patterns("__pycache__", "test", "idlelib", "sitecustomize.py")
    shutil.copytree(f"/usr/lib/{name}", folder / "lib" / name, symlinks=True, ignore=ignore, dirs_exist_ok=True)
    for kind in ("site", "dist"):  # Debian's Python sees the one in environments, the other outside
        packages = folder / "lib" / name / f"{kind}-packages"
        packages.mkdir(exist_ok=True)
        packages.joinpath("installed_in_base.py").write_text("")
    return folder
