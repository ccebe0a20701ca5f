"""Running install.sh from a checkout of the caller's own; root's places are empty ones of the test's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.support.callers import Caller, run_as
from tests.support.must import must_have

OWN_PLACES = """
names=$(cat /etc/resolv.conf) # which may lie below /run
for own in /usr/local /var/cache /var/lib /run; do mount -t tmpfs -o mode=755 tmpfs "$own"; done
[ -e /etc/resolv.conf ] || { names_at=$(readlink -m /etc/resolv.conf)
  mkdir -p "$(dirname "$names_at")" && echo "$names" >"$names_at"; }
exec "$@"
"""
# fmt: off
NO_COMPILER = [
    "apt-get", "awk", "bash", "cat", "chmod", "cmp", "cut", "dirname", "env", "find", "flock", "getent", "grep", "id",
    "install", "ls", "mkdir", "mktemp", "mv", "readlink", "realpath", "rm", "sed", "sh", "sha256sum", "sort", "stat",
    "tail", "tr", "uname", "unshare", "xargs",
]
# fmt: on


def shell(
    caller: Caller, checkout: Path, script: str, *, before: str = "", timeout: float = 600
) -> subprocess.CompletedProcess[bytes]:
    """Run a shell script in the checkout; ``$PREFIX`` is where install.sh installs for this caller.

    ``before`` is what is done first, with the right to mount, in a mount namespace of the test's own.
    """
    home = checkout.parent
    prefix = "/usr/local" if caller.kind == "root" else str(home / ".local")
    if caller.kind == "root":
        stage = ["unshare", "--mount", "sh", "-euc", before + OWN_PLACES, "sh"]
    else:
        private = ["unshare", "--user", "--map-current-user", "--keep-caps", "--mount"]
        stage = [*private, "sh", "-euc", f'{before}\nexec "$@"', "sh"] if before else []
    network = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or "proxy" in name.lower()}
    command = [*stage, "sh", "-euc", f'mkdir -p "$PREFIX"; {script}']
    return run_as(caller, command, cwd=checkout, env={**network, "HOME": str(home), "PREFIX": prefix}, timeout=timeout)


def lines(output: bytes) -> list[str]:
    return output.decode().splitlines()


def tools_without_compiler(folder: Path) -> Path:
    """A folder for PATH in which install.sh finds all that it uses, and no compiler."""
    tools = folder / "tools"
    tools.mkdir()
    for program in NO_COMPILER:
        (tools / program).symlink_to(must_have(program))
    return tools
