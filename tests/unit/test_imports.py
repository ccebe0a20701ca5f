"""What a plain run imports, counted in modules: milliseconds differ from machine to machine, these do not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jailpy.imports import MODULES
from tests.conftest import Caller, run_as
from tests.support.installed import Installed

HEAVY = (
    "argparse", "asyncio", "click", "collections", "contextlib", "ctypes", "dataclasses", "enum", "functools",
    "hashlib", "importlib.metadata", "importlib.resources", "inspect", "json", "logging", "pathlib", "pyseccomp", "re",
    "rich", "shutil", "signal", "socket", "subprocess", "tempfile", "threading", "tomllib", "typer", "typing",
)  # fmt: skip


LATE = ("jailpy.launch.watch", "jailpy.broker.processes")  # of runs that take their time, or a slow machine


SHOW = """
import os, sys
sys.path.append(os.path.dirname(os.path.dirname(sys.argv[1])) + "/lib/python%d.%d/site-packages" % sys.version_info[:2])
from jailpy import imports
imports.use = lambda: None
launcher, end = os.getpid(), os._exit
def show(status):
    if os.getpid() == launcher:
        print(*(name for name in sys.modules if name.partition(".")[0] == "jailpy"), file=sys.stderr, flush=True)
    end(status)
os._exit = show
sys.argv[1:] = ["run", sys.argv[2]]
from jailpy.__main__ import main
main()
"""  # the modules of a run without that file


def imported(caller: Caller, installed: Installed, *words: str | Path) -> set[str]:
    """Every module that jailpy imports for these words, in the launcher and in the jail before execve."""
    command = [installed.python, "-I", "-X", "importtime", installed.command, *words]
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
    assert [module for module in sorted(found) if any(is_of(module, heavy) for heavy in HEAVY)] == []


def test_a_plain_run_finds_all_its_modules_in_one_file(caller: Caller, installed: Installed, folder: Path) -> None:
    """Neither more nor less than an ordinary user's run imports is in the file."""
    plugin = folder / "plugin.py"
    plugin.touch()
    for _ in range(2):  # the first fills the caches
        done = run_as(caller, [installed.python, "-IS", "-c", SHOW, installed.command, plugin])
        assert done.returncode == 0, done.stderr
    found = set(done.stderr.decode().split()) - {"jailpy", "jailpy.__main__", "jailpy.imports", *LATE}
    assert set(MODULES) - found == set()
    assert caller.uid == 0 or found - set(MODULES) == set()  # root's launcher fetches more while the jail is built


def test_help_imports_no_launcher(caller: Caller, installed: Installed) -> None:
    """The list of commands costs typer, and not what the commands need."""
    found = imported(caller, installed, "--help")
    assert "typer" in found
    assert not {module for module in found if is_of(module, "jailpy.launch") or is_of(module, "jailpy.kernel")}


def _bare(caller: Caller, installed: Installed) -> str:
    return run_as(caller, [installed.python, "-I", "-X", "importtime", "-c", "pass"]).stderr.decode()
