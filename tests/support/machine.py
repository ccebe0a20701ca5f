"""A command run in a whole second machine; see tests/machine/vm-run."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

from tests.support.installed import CHECKOUT
from tests.support.must import must_have, must_run

FROM_DEBIAN = "python3-prctl,python3-jsonschema"  # compiled, so of the machine's own Python; all else is plain Python
SECONDS = 1500


def in_machine(user: str, cargo: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the machine's copy of the folder ``cargo``, as ``root`` or as ``jail``."""
    run = [CHECKOUT / "tests/machine/vm-run", "--user", user, "--dir", cargo, "--packages", FROM_DEBIAN]
    return subprocess.run(
        [*run, "--timeout", str(SECONDS), "--", *command], capture_output=True, text=True, errors="replace"
    )


def require_machine() -> None:
    must_run(os.geteuid() == 0, "only root can make the image of a machine")
    must_run(platform.machine() == "x86_64", "the machine is an x86_64 one")
    for tool in ("qemu-system-x86_64", "debootstrap", "mke2fs", "busybox", "cpio", "depmod"):
        must_have(tool)
