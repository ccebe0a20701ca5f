"""What is worked out at install: the shipped profiles, for all users."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Caller
from tests.support.installing import lines, shell

FIRST_PLAN = """
import os, sys
from jailpy.kernel import host_probe
from jailpy.plan import cache, compiled, sources
host = host_probe.look()
for name in ("default", "strict", "numeric"):
    policy = compiled.in_force(sources.policy(name, host))
    compiled.with_programs(compiled.steps(policy), policy, host)
print([module for module in ("tomllib", "pyseccomp") if module in sys.modules], os.path.exists(cache.folder()))
"""

READ_AGAIN = """
from jailpy.kernel import host_probe
from jailpy.plan import sources
print(sources.policy("default", host_probe.look()).limits.tasks)
"""


def test_first_plan_parses_and_compiles_nothing(caller: Caller, checkout: Path) -> None:
    """Neither whoever installed it nor, after root, a user who has never run jailpy needs TOML or libseccomp.

    What was compiled holds only for the very files that it came from: a profile that was changed is read again.
    """
    other = "setpriv --reuid 54321 --regid 54321 --clear-groups env HOME=/nowhere" if caller.kind == "root" else ""
    script = f"""
        ./install.sh
        python=$(dirname "$(find "$PREFIX" -name complete)")/bin/python
        for who in "" "{other}"; do $who "$python" -I -c '{FIRST_PLAN}'; done
        sed -i 's/^tasks = .*/tasks = 7/' "$(find "$PREFIX" -name default.toml)"
        "$python" -I -c '{READ_AGAIN}'
        """
    done = shell(caller, checkout, script)
    assert done.returncode == 0, done.stderr.decode()
    assert lines(done.stdout) == ["[] False", "[] False", "7"]
