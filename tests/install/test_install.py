"""install.sh, as root and as an ordinary user: root's /usr/local is an empty one of the test's own."""

from __future__ import annotations

import stat
from pathlib import Path

from tests.conftest import Caller
from tests.support.installing import lines, shell, tools_without_compiler

LIBRARY = 'LIBRARY=$(dirname "$(find "$PREFIX" -name complete)")'


def test_install_again_repair_update_and_uninstall(caller: Caller, checkout: Path) -> None:
    """Installed once; a second time nothing happens; half of one, or another version, is replaced; nothing is left.

    Nothing of the jails that ran either: no report, no cache, no empty list of what runs.
    """
    done = shell(
        caller,
        checkout,
        f"""
        ./install.sh
        {LIBRARY} && test -x "$PREFIX/bin/jailpy"
        for page in man/*; do test -e "$PREFIX/share/man/man${{page##*.}}/${{page##*/}}"; done
        "$LIBRARY/bin/python" -I -c 'import jailpy, prctl, pyseccomp, typer'
        echo again && ./install.sh --dry-run 2>&1
        rm "$LIBRARY/complete" "$LIBRARY/pyvenv.cfg"
        echo '# changed' >>jailpy/errors.py
        ./install.sh && {LIBRARY} && test "$(find "$PREFIX" -name pyvenv.cfg | wc -l)" = 1
        grep -q changed "$LIBRARY"/lib/python*/site-packages/jailpy/errors.py
        rm "$LIBRARY/complete" && ./install.sh && test -e "$LIBRARY/complete"
        jailpy="$PREFIX/bin/jailpy"; "$jailpy" run -c 'print("ran")'
        ./install.sh uninstall
        echo left && find "$PREFIX" ! -type d
        find "$HOME" /var/cache /var/lib /run "/tmp/jailpy-$(id -u)" -path "$HOME/checkout" -prune -o -user "$(id -u)" \
          -name 'jailpy*' -print 2>/dev/null || true
        """,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert lines(done.stdout) == ["again", "ran", "left"]


def test_dry_run_writes_nothing_and_says_what_it_would_do(caller: Caller, checkout: Path) -> None:
    """Each command: the one line of most interest is among what it says, and no file is newer afterwards."""
    said = {
        "install": "/bin/python -I -m jailpy.plan.precompile",
        "run --read a b.py": "/bin/jailpy run --read a b.py",
        "test -k some": " -m pytest -n auto --dist worksteal -k some",
        "bundle wheels": " wheel --use-pep517 --wheel-dir wheels ",
        "uninstall": "rm -rf ",
    }
    commands = "; ".join(f"./install.sh --dry-run {words}" for words in said)
    done = shell(caller, checkout, f'touch "$HOME/before"; {commands}; find "$HOME" "$PREFIX" -newer "$HOME/before"')
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == b""
    would = [line for line in lines(done.stderr) if line.startswith("would do: ")]
    assert [words for words, wanted in said.items() if not any(wanted in line for line in would)] == []


def test_what_is_missing_is_named_in_one_line_for_the_administrator(
    caller: Caller, checkout: Path, folder: Path
) -> None:
    """Without a compiler, and without sudo, a user is told the exact line; root would have run it."""
    tools = tools_without_compiler(folder)
    dry = "--dry-run" if caller.kind == "root" else ""
    changed = "echo '# changed' >>jailpy/errors.py"  # root may have installed this very jailpy, which a user then takes
    done = shell(caller, checkout, f"{changed}; PATH={tools} ./install.sh {dry} run x.py")
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
