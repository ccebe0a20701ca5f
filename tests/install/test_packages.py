"""The wheel and the source archive hold all that they must, and the tools that people install with take them."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import Caller, must_run
from tests.support.installed import CHECKOUT
from tests.support.installing import lines, shell

CODE = sorted(path for path in (CHECKOUT / "jailpy").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
PROFILES = sorted((CHECKOUT / "profiles").rglob("*.toml"))
PAGES = sorted((CHECKOUT / "man").glob("*.[1-9]"))
COMPLETIONS = {
    "jailpy.bash": "bash-completion/completions/jailpy",
    "_jailpy": "zsh/site-functions/_jailpy",
    "jailpy.fish": "fish/vendor_completions.d/jailpy.fish",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel, and a source archive from which the same wheel can be built."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    done = subprocess.run(build, cwd=CHECKOUT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def wheel_names(folder: Path) -> set[str]:
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_wheel_holds_what_runs_need(built: Path) -> None:
    """Each module, and each file that a module reads: profiles, sets of system calls, the report's schema."""
    names = wheel_names(built)
    wanted = {str(path.relative_to(CHECKOUT)) for path in CODE}
    wanted |= {f"jailpy/_data/profiles/{path.relative_to(CHECKOUT / 'profiles')}" for path in PROFILES}
    assert wanted - names == set()
    assert not [name for name in names if "__pycache__" in name or name.startswith(("tests/", "examples/"))]


def test_wheel_brings_manual_pages_and_completions(built: Path) -> None:
    wanted = {f"man/man{page.suffix[1:]}/{page.name}" for page in PAGES}
    wanted |= {COMPLETIONS[path.name] for path in (CHECKOUT / "contrib/completions").glob("*")}
    shared = {name.partition(".data/data/share/")[2] for name in wheel_names(built)}
    assert shared - {""} == wanted


def test_source_archive_is_a_whole_checkout(built: Path) -> None:
    """It installs, tests and explains itself: the same files that git keeps, and a wheel comes of it."""
    (archive,) = built.glob("*.tar.gz")
    subprocess.run(["tar", "-C", built, "-xzf", archive], check=True)
    top = built / archive.name.removesuffix(".tar.gz")
    git = ["git", "-c", "safe.directory=*", "ls-files", "-z"]  # whoever owns the checkout
    kept = subprocess.run(git, cwd=CHECKOUT, capture_output=True, text=True).stdout.split("\0")
    must_run(kept != [""], "the checkout is one of git's")
    assert [name for name in kept if name and (CHECKOUT / name).exists() and not (top / name).exists()] == []
    again = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built / "again")]
    done = subprocess.run(again, cwd=top, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert wheel_names(built / "again") == wheel_names(built)


TOOLS = {"root": "uv tool install --quiet --no-python-downloads", "user": "pipx install --quiet"}


def test_tools_for_applications_install_it(caller: Caller, checkout: Path) -> None:
    """`uv tool install` and `pipx install` of a checkout give a command that runs a plugin."""
    tool = TOOLS[caller.kind]
    done = shell(
        caller,
        checkout,
        f"""
        exec 3>&1 >&2
        export TOOLS="$HOME/tools" PIPX_HOME="$HOME/pipx" PIPX_BIN_DIR="$HOME/bin" UV_TOOL_BIN_DIR="$HOME/bin"
        export UV_TOOL_DIR="$HOME/uv" UV_PYTHON=/usr/bin/python3 UV_NATIVE_TLS=true
        /usr/bin/python3 -m venv "$TOOLS" && "$TOOLS/bin/pip" install --quiet {tool.split()[0]}
        "$TOOLS"/bin/{tool} .
        "$HOME/bin/jailpy" run -c 'print("inside")' >&3
        """,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert lines(done.stdout) == ["inside"]
