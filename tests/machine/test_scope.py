"""A scope from the user's systemd, in the machine: Debian 12's, whose version 252 is the oldest that counts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.machine import in_machine, require_machine

pytestmark = pytest.mark.machine

# From the job's service, as from a login or a cron job; without variables, as after su; from a service of the user's.
TRY = """
export PYTHONPATH=/src:/src/site
systemctl --user stop dbus.service  # started again by who asks, and systemd comes to it a little later
python3 -m tests.support.scoped jailpy-outside.scope
env -i PYTHONPATH=$PYTHONPATH /usr/bin/python3 -m tests.support.scoped jailpy-bare.scope
systemd-run --user --quiet --pipe --wait --collect -E PYTHONPATH --working-directory=/src \\
    /usr/bin/python3 -m tests.support.scoped jailpy-inside.scope
python3 -c 'from jailpy.launch import systemd; systemd.scope("jailpy-no.service", "x")' 2>&1 | tail -1
for i in {1..40}; do
  python3 -c 'import sys; from jailpy.launch import systemd; systemd.scope(f"jailpy-{sys.argv[1]}.scope", "x")' $i &
done
wait
sleep 1
echo left: $(systemctl --user list-units --all --plain --no-legend 'jailpy-*') $(find /sys/fs/cgroup -name 'jailpy-*')
"""


def test_scope_is_divided_survives_a_kill_and_leaves_nothing(cargo: Path) -> None:
    """A kill for memory below it does not end the scope, and with it the launcher; of forty at once none is refused."""
    require_machine()
    done = in_machine("jail", cargo, "bash", "-c", TRY)
    assert done.returncode == 0, done.stdout + done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    names = [re.sub(".*/", "", saw["cgroup"]) for saw in found]
    assert names == ["jailpy-outside.scope", "jailpy-bare.scope", "jailpy-inside.scope"], done.stdout
    for saw in found:
        assert saw["cgroup"].startswith("/user.slice/user-1000.slice/user@1000.service/"), saw
        assert {"cpu", "memory", "pids"} <= set(saw["controllers"]), saw
        assert saw["same"], "a thread or a descriptor is left"
        assert (saw["ended"], saw["heard"]) == (9, []), saw
        assert "oom_kill 1\n" in saw["counts"], saw
    assert "OSError: [Errno 121] the user's systemd refused a scope: org.freedesktop." in done.stdout
    assert done.stdout.count("OSError") == 1, done.stdout
    assert re.search(r"^left:$", done.stdout, re.MULTILINE), done.stdout
