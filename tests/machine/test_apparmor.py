"""What contrib/apparmor relies on: AppArmor goes by the script that is executed, not by its interpreter."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.installed import CHECKOUT
from tests.support.machine import in_machine, require_machine

pytestmark = pytest.mark.machine

# Debian 12's AppArmor is older than the rule for user namespaces: it is given the profile without it.
LABELS = r"""
sed -i 's|<abi/4.0>|<abi/3.0>|; /^  userns,/d' jailpy
apparmor_parser --replace jailpy
printf '#!/usr/bin/python3 -I\nprint(open("/proc/self/attr/current").read().strip())\n' >/usr/local/bin/jailpy
chmod 755 /usr/local/bin/jailpy
/usr/local/bin/jailpy
/usr/bin/python3 /usr/local/bin/jailpy
"""


def test_profile_holds_for_the_launcher_and_for_no_other_python(tmp_path: Path) -> None:
    require_machine()
    shutil.copy(CHECKOUT / "contrib/apparmor/jailpy", tmp_path)
    done = in_machine("root", tmp_path, "bash", "-euc", LABELS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split("\n")[:2] == ["jailpy (unconfined)", "unconfined"]
