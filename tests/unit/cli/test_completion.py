"""Completion in bash, zsh and fish: in step with the table of options, and tried in the shells themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from contrib import completions
from tests.conftest import must_have
from tests.support.shells import Shell

FILES = {"bash": "jailpy.bash", "zsh": "_jailpy", "fish": "jailpy.fish"}
COMPLETED = {  # what is typed, and what a TAB makes of it, less the blank, "=" or comma that a shell adds
    "jailpy doc": "jailpy doctor",
    "jailpy --vers": "jailpy --version",
    "jailpy run --policy-d": "jailpy run --policy-digest",
    "jailpy exec --cod": "jailpy exec --cod",
    "jailpy run -p nume": "jailpy run -p numeric",
    "jailpy run --profile min": "jailpy run --profile mine",
    "jailpy run --profile=min": "jailpy run --profile=mine",
    "jailpy run --profile ./own.to": "jailpy run --profile ./own.toml",
    "jailpy run --limit mem": "jailpy run --limit memory",
    "jailpy run --limit=mem": "jailpy run --limit=memory",
    "jailpy run --exit-status out": "jailpy run --exit-status outcome",
    "jailpy plan --require seccomp,landl": "jailpy plan --require seccomp,landlock",
    "jailpy run --env JAILPY_TES": "jailpy run --env JAILPY_TEST_VALUE",
    "jailpy run --read dat": "jailpy run --read data.csv",
    "jailpy run --code fol": "jailpy run --code folder/",
    "jailpy run -q --read=x plu": "jailpy run -q --read=x plugin.py",
    "jailpy run plugin.py --policy-d": "jailpy run plugin.py --policy-d",
    "jailpy run plugin.py dat": "jailpy run plugin.py data.csv",
    "jailpy run -c pass --policy-d": "jailpy run -c pass --policy-d",
    "jailpy exec -- dat": "jailpy exec -- data.csv",
    "jailpy kill --al": "jailpy kill --all",
    "jailpy prof": "jailpy profile",
    "jailpy profile fre": "jailpy profile freeze",
    "jailpy profile check --sar": "jailpy profile check --sarif",
    "jailpy profile check ./own.toml min": "jailpy profile check ./own.toml mine",
    "jailpy profile diff mine --mark": "jailpy profile diff mine --markdown",
    "jailpy profile show --eff": "jailpy profile show --effective",
    "jailpy profile show min": "jailpy profile show mine",
    "jailpy profile show ./own.to": "jailpy profile show ./own.toml",
    "jailpy profile show mine --js": "jailpy profile show mine --json",
    "jailpy profile new --extends nume": "jailpy profile new --extends numeric",
    "jailpy kill 17": "jailpy kill 1700-a",
}


@pytest.mark.parametrize("name", FILES.values())
def test_scripts_are_in_step_with_the_options(name: str) -> None:
    """PYTHONPATH=. python contrib/completions.py writes them anew."""
    assert (completions.FOLDER / name).read_text(encoding="utf-8") == completions.written()[name]


@pytest.mark.parametrize("shell", FILES)
def test_tab(shell: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "config/jailpy/profiles").mkdir(parents=True)
    for name in ("config/jailpy/profiles/mine.toml", "own.toml", "data.csv", "plugin.py", "folded.txt"):
        (tmp_path / name).touch()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/jailpy").write_text("#!/bin/sh\necho 'ID      PID'\necho '1700-a  12'\n")
    (tmp_path / "bin/jailpy").chmod(0o755)
    env = {
        "PATH": f"{tmp_path}/bin:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "TERM": "dumb",
        "LANG": "C.UTF-8",
        "JAILPY_TEST_VALUE": "1",
    }
    with Shell(must_have(shell), completions.FOLDER / FILES[shell], tmp_path, env) as tried:
        found = tried.completed(list(COMPLETED))
    assert {typed: line.rstrip(" =,") for typed, line in found.items()} == COMPLETED
