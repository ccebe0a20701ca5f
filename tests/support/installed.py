"""A copy of jailpy that everybody can read and execute, built as a wheel as users get it.

The checkout may lie below a folder that only its owner can enter, so the tests never run jailpy from there.
"""

from __future__ import annotations

import compileall
import os
import shutil
import stat
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from tests.support.must import must_run

CHECKOUT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


class Installed:
    """Where the copy is: ``command`` is the jailpy command, ``python`` the interpreter of its environment."""

    def __init__(self, folder: Path) -> None:
        self.python = folder / "venv/bin/python"
        self.command = folder / "venv/bin/jailpy"

    def build(self) -> None:
        """Make the environment; a finished one is left as it is."""
        if self.command.exists():
            return
        venv = self.python.parents[1]
        subprocess.run([shareable_python(), "-I", "-m", "venv", "--without-pip", venv], check=True)
        site = venv / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
        for name in closure(PROJECT["dependencies"]):
            copy_distribution(name, site)
        _unpack_wheel(venv.parent / "wheel", site)
        compileall.compile_dir(site, quiet=2)
        subprocess.run([self.python, "-X", "no_debug_ranges", "-I", "-m", "jailpy.keep"], check=True)
        unfinished = self.command.with_suffix(".new")
        print_script = [self.python, "-I", "-c", "from jailpy import keep; print(keep.script(), end='')"]
        unfinished.write_bytes(subprocess.run(print_script, check=True, stdout=subprocess.PIPE).stdout)
        unfinished.chmod(0o755)
        unfinished.rename(self.command)


def shareable_python() -> Path:
    """The interpreter of this version that every user can execute."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    candidates = [Path(sys._base_executable), Path("/usr/bin", version), Path("/usr/local/bin", version)]  # type: ignore[attr-defined]
    for candidate in candidates:
        real = candidate.resolve()
        if real.exists() and all(part.stat().st_mode & stat.S_IXOTH for part in (real, *real.parents)):
            return candidate
    must_run(False, f"no {version} that other users can execute")
    raise AssertionError("unreachable")


def closure(requirements: Iterable[str]) -> set[str]:
    """The names of these distributions and of all that they need in turn."""
    found: set[str] = set()
    waiting = [Requirement(line) for line in requirements]
    while waiting:
        requirement = waiting.pop()
        if requirement.name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found.add(requirement.name)
        waiting += [Requirement(line) for line in metadata.requires(requirement.name) or ()]
    return found


def copy_distribution(name: str, site: Path) -> None:
    """Copy what an installer wrote to site-packages, less the scripts and the compiled files."""
    distribution = metadata.distribution(name)
    here = Path(str(distribution.locate_file("")))
    sources = {here / file for file in distribution.files or () if ".." not in file.parts}
    # An old-style install (egg-info) lists no extension modules, and Debian's lists nothing at all.
    for module in (distribution.read_text("top_level.txt") or "").split():
        sources |= set(here.glob(f"{module}.*"))
    for source in sources:
        if source.is_file() and "__pycache__" not in source.parts:
            target = site / source.relative_to(here)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            target.chmod(0o644)


def _unpack_wheel(folder: Path, site: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(build, cwd=CHECKOUT, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
