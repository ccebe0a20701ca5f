"""Where AppArmor keeps unnamed programs from user namespaces, as on Ubuntu: here only the setting is played."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.conftest import Caller
from tests.support.installed import CHECKOUT
from tests.support.installing import lines, shell

RESTRICTED = """
mount -t tmpfs tmpfs /proc/sys/kernel
echo 1 >/proc/sys/kernel/apparmor_restrict_unprivileged_userns
etc=$(mktemp -d) && mount -t tmpfs -o mode=755 tmpfs "$etc"
cp -a /etc/. "$etc" 2>/dev/null || true
mount --move "$etc" /etc && rmdir "$etc"
"""
PROFILE = CHECKOUT / "contrib/apparmor/jailpy"


def test_launcher_is_named_by_root_and_forgotten_again(caller: Caller, checkout: Path) -> None:
    """Root puts the profile of its launcher in place; a user, who may not, is told the line that does for theirs."""
    script = "./install.sh; cat /etc/apparmor.d/jailpy || true; ./install.sh uninstall; ls /etc/apparmor.d/jailpy"
    done = shell(caller, checkout, script + " || true", before=RESTRICTED)
    assert done.returncode == 0, done.stderr.decode()
    if caller.kind == "root":
        assert done.stdout.decode() == PROFILE.read_text(encoding="utf-8")
        return
    assert done.stdout == b""
    (told,) = [line for line in lines(done.stderr) if "apparmor_parser --replace" in line]
    made = subprocess.run(["sh", "-c", told.partition(" >")[0]], capture_output=True, text=True)
    assert f'profile jailpy-{caller.name} "{checkout.parent}/.local/bin/jailpy" flags=(unconfined) {{' in made.stdout
    assert f"<local/jailpy-{caller.name}>" in made.stdout


def test_suite_says_what_keeps_it_from_making_jails(caller: Caller, checkout: Path) -> None:
    done = shell(caller, checkout, "./install.sh test", before=RESTRICTED)
    assert (done.returncode, done.stdout) == (125, b"")
    assert lines(done.stderr)[-1].endswith(": sysctl kernel.apparmor_restrict_unprivileged_userns=0")


def test_profile_is_of_the_launcher_that_root_installs() -> None:
    """It names that one file, and gives user namespaces and nothing else."""
    text = PROFILE.read_text(encoding="utf-8").splitlines()
    rules = [line.strip() for line in text if line.startswith("  ")]
    assert 'profile jailpy "/usr/local/bin/jailpy" flags=(unconfined) {' in text
    assert rules == ["userns,", "include if exists <local/jailpy>"]
