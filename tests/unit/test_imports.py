"""What a plain run imports, counted in modules: milliseconds differ from machine to machine, these do not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import Caller, run_as
from tests.support.installed import Installed

HEAVY = (
    "argparse", "asyncio", "click", "collections", "contextlib", "ctypes", "dataclasses", "enum", "functools",
    "hashlib", "importlib.metadata", "importlib.resources", "inspect", "json", "logging", "pathlib", "pyseccomp", "re",
    "rich", "shutil", "signal", "socket", "subprocess", "tempfile", "threading", "tomllib", "typer", "typing",
)  # fmt: skip
PATHS = ("_collections_abc", "os", "posixpath")  # os and what it brings, for options that name folders

MAYBE = {  # the first of each part that is read later, which brings all the others
    "jailpy.cli.options",  # where one is given
    "jailpy.observe",  # while the jail builds itself
    "jailpy.launch.placement",  # where there are cgroups
    "jailpy.launch.watch",  # of a plugin that lives for some time; root's launcher could not import it later
    "jailpy.launch.host_ids",  # root's
    "jailpy.kernel.host_facts",  # root's, where the jail's id could not import it later
}


def imported(caller: Caller, installed: Installed, *words: str | Path) -> set[str]:
    """Every module that jailpy imports for these words, in the launcher and in the jail before execve."""
    command = [installed.python, "-IS", "-X", "importtime", installed.command, *words]
    run_as(caller, command)  # fills the caches
    done = run_as(caller, command)
    assert done.returncode == 0, done.stderr
    return set(re.findall(r"^import time: .*\| +(\S+)$", done.stderr.decode(), re.MULTILINE))


def is_of(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize("form", ["file", "code", "options"])
def test_plain_run_imports_nothing_heavy(caller: Caller, installed: Installed, folder: Path, form: str) -> None:
    plugin = folder / "plugin.py"
    plugin.write_text("pass\n")
    words = {
        "file": [plugin],
        "code": ["-c", "pass"],
        "options": ["--read", folder, "--limit", "tasks=8", "--env", "A=b", "-q", plugin, "x"],
    }[form]
    bare = set(re.findall(r"\| +(\S+)$", _bare(caller, installed), re.MULTILINE))
    found = imported(caller, installed, "run", *words) - bare
    assert "_ctypes" in found
    refused = HEAVY if form == "options" else HEAVY + PATHS
    assert [module for module in sorted(found) if any(is_of(module, heavy) for heavy in refused)] == []


def test_nothing_of_jailpy_is_looked_for(caller: Caller, installed: Installed, folder: Path) -> None:
    """All of it comes from the one file, in few parts; -X importtime shows what Python itself was asked to find."""
    plugin = folder / "plugin.py"
    plugin.touch()
    found = {module for module in imported(caller, installed, "run", plugin) if is_of(module, "jailpy")}
    assert found - MAYBE == set()


def test_help_imports_no_launcher(caller: Caller, installed: Installed) -> None:
    """The list of commands costs typer, and not what the commands need."""
    found = imported(caller, installed, "--help")
    assert "typer" in found
    assert not {module for module in found if is_of(module, "jailpy.launch") or is_of(module, "jailpy.kernel")}


def _bare(caller: Caller, installed: Installed) -> str:
    return run_as(caller, [installed.python, "-IS", "-X", "importtime", "-c", "pass"]).stderr.decode()
