"""What jailpy believes from one run to the next is out of every jail's reach."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Caller
from tests.support.installed import Installed

Jailpy = Callable[..., subprocess.CompletedProcess[bytes]]


PLACES = [".cache", ".cache/jailpy", ".config/jailpy/profiles", ".state", ".state/jailpy", ".run", ".run/jailpy"]


@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_jailpy_reads_is_never_writable(jailpy: Jailpy, caller: Caller, folder: Path, place: str) -> None:
    """Also when it does not exist yet: a plugin that made it would be believed by the next run."""
    if caller.kind == "root":
        return  # root's places are fixed, and not below its home: the next test has them
    environment = places(folder)
    (folder / ".run").mkdir()
    os.chown(folder / ".run", caller.uid, caller.gid)
    for share in (folder, folder / place):
        share.mkdir(parents=True, exist_ok=True)
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


def test_what_is_kept_is_covered_in_what_is_only_read(jailpy: Jailpy, caller: Caller, folder: Path) -> None:
    """The compiled policy is no secret, but nobody's business either; other runs' reports are."""
    environment = places(folder)
    (folder / ".run").mkdir()
    os.chown(folder / ".run", caller.uid, caller.gid)
    assert jailpy("run", "-c", "pass", env=environment).returncode == 0
    kept = [folder / name / "jailpy" for name in (".cache", ".state", ".run")]
    if caller.kind == "root":
        kept = [Path("/var/cache/jailpy"), Path("/var/lib/jailpy"), Path("/run/jailpy")]
    assert all(any(place.iterdir()) for place in kept)
    shares = [word for n, place in enumerate(kept) for word in ("--read", f"{place.parent}:/kept{n}")]
    code = "import os\nfor n in range(3): print(os.listdir(f'/kept{n}/jailpy'))"
    run = jailpy("run", *shares, "-c", code, env=environment)
    assert (run.returncode, run.stdout) == (0, b"[]\n" * 3), run.stderr
    for place in kept:
        if place == Path("/run/jailpy"):
            continue  # a place of the jail's own too
        assert b"jailpy itself depends on" in jailpy("run", "--read", place, "-c", "pass", env=environment).stderr


def places(folder: Path) -> dict[str, str]:
    """All of an ordinary user's below one folder."""
    names = {"CACHE_HOME": ".cache", "CONFIG_HOME": ".config", "STATE_HOME": ".state", "RUNTIME_DIR": ".run"}
    return {f"XDG_{name}": str(folder / place) for name, place in names.items()}
