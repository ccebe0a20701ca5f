"""A Debian 12 that has git and python3 and no more: the first two commands of the README work as they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import must_have, must_run
from tests.support.installed import CHECKOUT

pytestmark = pytest.mark.machine

README = (CHECKOUT / "README.md").read_text(encoding="utf-8").splitlines()
RUN, TEST = [line for line in README if line.startswith("./install.sh ")][:2]
SOME_TESTS = "-q tests/unit/plan tests/jail/test_result.py"  # the whole suite holds this test too

AS_ROOT = f"""
{RUN}
{TEST} --collect-only -q | tail -n 1
{TEST} {SOME_TESTS} | tail -n 1
./install.sh uninstall
find / -xdev -name '*jailpy*' -not -path '/src/*' -not -path '/tmp/*' -print
"""

# The user is told twice which line root must run, and has no sudo.
AS_USER = f"""
useradd --create-home ordinary
cp -r /src /home/ordinary/jailpy
chown -R ordinary: /home/ordinary/jailpy
cd /home/ordinary/jailpy
user() {{ setpriv --reuid ordinary --regid ordinary --clear-groups env HOME=/home/ordinary USER=ordinary sh -c "$1"; }}
as_told() {{
  told=$(user "$1" 2>&1 >/dev/null) && return 1
  echo "$told" | head -n 1
  sh -c "$(echo "$told" | tail -n 1)" >/dev/null
}}
as_told '{RUN}'
user '{RUN}'
as_told '{TEST}'
user '{TEST} {SOME_TESTS}' | tail -n 1
user './install.sh uninstall'
find / -xdev -name '*jailpy*' -not -path '/src/*' -not -path '/home/ordinary/jailpy*' -not -path '/tmp/*' -print
"""


def on_bare_debian(script: str, folder: Path) -> list[str]:
    """What the script, run by root where the checkout lies at /src, prints."""
    must_run(os.geteuid() == 0, "needs root")
    must_have("debootstrap")
    copy = folder / "checkout"
    shutil.copytree(CHECKOUT, copy, ignore=shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__"))
    command = [CHECKOUT / "tests/machine/bare-run", "--dir", copy, "--", "bash", "-eu", "-o", "pipefail", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=1200)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return done.stdout.splitlines()


def test_root_runs_the_first_two_commands(tmp_path: Path) -> None:
    """What is missing is installed on the way, and nothing but system packages stays behind."""
    first, second, collected, passed = on_bare_debian(AS_ROOT, tmp_path)
    assert first.startswith("README.md: ")
    assert second.startswith("  most used: ")
    assert re.fullmatch(r"\d+ tests collected in .*", collected)
    assert re.fullmatch(r"\d+ passed in .*", passed)


def test_user_runs_them_after_root_ran_the_line(tmp_path: Path) -> None:
    said, first, second, again, passed = on_bare_debian(AS_USER, tmp_path)
    assert said == again == "jailpy: an administrator must run this line once, as root:"
    assert first.startswith("README.md: ")
    assert second.startswith("  most used: ")
    assert re.fullmatch(r"\d+ passed in .*", passed)
