"""install.sh, as root and as an ordinary user: root's /usr/local is an empty one of the test's own."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Caller, must_have, run_as
from tests.support.installed import CHECKOUT

ROOT_PREFIX = 'for own in /usr/local /var/cache; do mount -t tmpfs -o mode=755 tmpfs $own; done; exec "$@"'
# fmt: off
WITHOUT_COMPILER = [
    "apt-get", "awk", "bash", "cat", "cut", "dirname", "find", "getent", "grep", "id", "mkdir", "readlink", "sed", "sh",
    "sha256sum", "sort", "stat", "tr", "uname", "xargs",
]
# fmt: on
LIBRARY = 'LIBRARY=$(dirname "$(find "$PREFIX" -name complete)")'


@pytest.fixture
def checkout(caller: Caller, folder: Path) -> Path:
    """A copy of the project that belongs to the caller."""
    copy = folder / "checkout"
    shutil.copytree(CHECKOUT, copy, ignore=shutil.ignore_patterns(".git", ".venv", ".mypy_cache", "__pycache__"))
    for path in (copy, *copy.rglob("*")):
        os.chown(path, caller.uid, caller.gid, follow_symlinks=False)
    return copy


def shell(caller: Caller, checkout: Path, script: str) -> subprocess.CompletedProcess[bytes]:
    """Run a shell script in the checkout; ``$PREFIX`` is where install.sh installs for this caller."""
    home = checkout.parent
    prefix = "/usr/local" if caller.kind == "root" else str(home / ".local")
    as_root = ["unshare", "--mount", "sh", "-c", ROOT_PREFIX, "sh"] if caller.kind == "root" else []
    network = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or "proxy" in name.lower()}
    command = [*as_root, "sh", "-euc", f'mkdir -p "$PREFIX"; {script}']
    return run_as(caller, command, cwd=checkout, env={**network, "HOME": str(home), "PREFIX": prefix}, timeout=600)


def lines(output: bytes) -> list[str]:
    return output.decode().splitlines()


def test_install_again_repair_update_and_uninstall(caller: Caller, checkout: Path) -> None:
    """Installed once; a second time nothing happens; half of one, or another version, is replaced; nothing is left."""
    done = shell(
        caller,
        checkout,
        f"""
        ./install.sh && {LIBRARY} && test -x "$PREFIX/bin/jailpy" && test -e "$PREFIX/share/man/man1/jailpy.1"
        "$LIBRARY/bin/python" -I -c 'import jailpy, prctl, pyseccomp, typer'
        echo again && ./install.sh --dry-run 2>&1
        rm "$LIBRARY/complete" "$LIBRARY/pyvenv.cfg"
        echo '# changed' >>jailpy/errors.py
        ./install.sh && {LIBRARY} && test "$(find "$PREFIX" -name pyvenv.cfg | wc -l)" = 1
        grep -q changed "$LIBRARY"/lib/python*/site-packages/jailpy/errors.py
        rm "$LIBRARY/complete" && ./install.sh && test -e "$LIBRARY/complete"
        ./install.sh uninstall
        echo left && find "$PREFIX" ! -type d
        """,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert lines(done.stdout) == ["again", "left"]


def test_dry_run_writes_nothing_and_says_what_it_would_do(caller: Caller, checkout: Path) -> None:
    done = shell(caller, checkout, './install.sh --dry-run run --read a b.py; find "$PREFIX" ! -type d')
    assert done.returncode == 0
    assert done.stdout == b""
    assert lines(done.stderr)[-1].endswith("/bin/jailpy run --read a b.py")


def test_what_is_missing_is_named_in_one_line_for_the_administrator(
    caller: Caller, checkout: Path, folder: Path
) -> None:
    """Without a compiler, and without sudo, a user is told the exact line; root would have run it."""
    tools = folder / "tools"
    tools.mkdir()
    for program in WITHOUT_COMPILER:
        (tools / program).symlink_to(must_have(program))
    dry = "--dry-run" if caller.kind == "root" else ""
    done = shell(caller, checkout, f"PATH={tools} ./install.sh {dry} run x.py")
    assert done.returncode == (0 if caller.kind == "root" else 125)
    assert done.stdout == b""
    assert any("apt-get install" in line and " gcc " in line and "libcap-dev" in line for line in lines(done.stderr))


def test_unknown_command_is_refused(caller: Caller, checkout: Path) -> None:
    done = shell(caller, checkout, "./install.sh instal")
    assert done.returncode == 125
    assert lines(done.stderr)[0] == "jailpy: unknown command: instal"


def test_root_installs_for_everybody_and_a_user_keeps_it_private(caller: Caller, checkout: Path) -> None:
    """Whatever root's umask: a launcher that only root can start would be of no use system-wide."""
    script = f'umask 077; ./install.sh; {LIBRARY}; stat -Lc %a "$PREFIX/bin/jailpy" "$LIBRARY" "$LIBRARY/bin/python"'
    done = shell(caller, checkout, script)
    assert done.returncode == 0, done.stderr.decode()
    assert all(int(mode, 8) & stat.S_IXOTH for mode in lines(done.stdout)) == (caller.kind == "root")
