"""A command run in a whole second machine; see tests/machine/vm-run."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

from tests.support.installed import CHECKOUT
from tests.support.must import must_have, must_run

FROM_DEBIAN = "python3-prctl,python3-jsonschema"  # compiled, so of the machine's own Python; all else is plain Python
SECONDS = 2400
AS_JAIL = (  # the ordinary user, where root has to do something first; as guest/run-job makes it
    *("setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups", "env", "-i", "HOME=/home/jail", "USER=jail"),
    *("LANG=C.UTF-8", "PATH=/usr/local/bin:/usr/bin:/bin", "XDG_RUNTIME_DIR=/run/user/1000"),
    "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus",
)


def in_machine(user: str, cargo: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the machine's copy of the folder ``cargo``, as ``root`` or as ``jail``."""
    run = [CHECKOUT / "tests/machine/vm-run", "--user", user, "--dir", cargo, "--packages", FROM_DEBIAN]
    return subprocess.run(
        [*run, "--timeout", str(SECONDS), "--", *command], capture_output=True, text=True, errors="replace"
    )


def pytest_there(*words: str) -> list[str]:
    """The command that runs tests of the ``cargo`` in the machine, where everything is slower."""
    settings = ("PYTHONPATH=/src/site", "JAILPY_MUST_RUN=1", "JAILPY_TEST_PATIENCE=5")
    return ["env", *settings, "python3", "-m", "pytest", "--color=no", "--tb=short", *words]


def assert_all_pass(done: subprocess.CompletedProcess[str]) -> None:
    """Every test that ran in the machine passed, and none was skipped."""
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr
    assert re.search(r"^(=+ )?\d+ passed in .*$", done.stdout.splitlines()[-1]), done.stdout[-500:]


def require_machine() -> None:
    must_run(os.geteuid() == 0, "only root can make the image of a machine")
    must_run(platform.machine() == "x86_64", "the machine is an x86_64 one")
    for tool in ("qemu-system-x86_64", "debootstrap", "mke2fs", "busybox", "cpio", "depmod"):
        must_have(tool)
