"""What jailpy believes from one run to the next is out of every jail's reach."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Caller
from tests.support.installed import Installed

Jailpy = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.mark.parametrize("place", [".cache", ".cache/jailpy", ".config/jailpy/profiles"])
def test_a_place_that_jailpy_reads_is_never_writable(jailpy: Jailpy, caller: Caller, folder: Path, place: str) -> None:
    """Also when it does not exist yet: a plugin that made it would be believed by the next run."""
    if caller.kind == "root":
        return  # root's places are fixed, and not below its home: the next test has them
    environment = {"XDG_CACHE_HOME": str(folder / ".cache"), "XDG_CONFIG_HOME": str(folder / ".config")}
    for share in (folder, folder / place):
        if not share.exists():
            share.mkdir(parents=True)
        run = jailpy("run", "--write", share, "-c", "print('started')", env=environment)
        assert (run.returncode, run.stdout) == (125, b"")
        assert b"jailpy itself depends on" in run.stderr


def test_jailpys_own_code_is_never_writable(jailpy: Jailpy, installed: Installed) -> None:
    """A plugin that could change it would run outside the next time."""
    environment = installed.python.parents[1]
    (code,) = environment.glob("lib/python3*/site-packages/jailpy/kernel")
    (library,) = environment.glob("lib/python3*/site-packages/pyseccomp.py*")
    for share in (code, library, environment / "bin"):
        run = jailpy("run", "--write", share, "-c", "print('started')")
        assert (run.returncode, run.stdout) == (125, b"")
        assert b"jailpy itself depends on" in run.stderr


def test_the_cache_is_covered_in_what_is_only_read(jailpy: Jailpy, caller: Caller, folder: Path) -> None:
    """The compiled policy is no secret, but nobody's business either."""
    environment = {"XDG_CACHE_HOME": str(folder / "cache")}
    assert jailpy("run", "-c", "pass", env=environment).returncode == 0
    kept = folder / "cache/jailpy" if caller.kind == "user" else Path("/var/cache/jailpy")
    assert any(kept.iterdir())
    run = jailpy("run", "--read", kept.parent, "-c", f"import os; print(os.listdir({str(kept)!r}))", env=environment)
    assert (run.returncode, run.stdout) == (0, b"[]\n"), run.stderr
