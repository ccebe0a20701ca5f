"""Bytes a second on a block device, by the kernel's account of the device."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attack.inside import say
from tests.machine.inside.conftest import Starter, cgroup_of, limited, needs_kind
from tests.support.installed import CHECKOUT, Installed
from tests.support.leftovers import DEADLINE
from tests.support.places import Place, uptime

RATE = 2 << 20
WINDOW = 5  # seconds over which the counters are compared


@pytest.fixture
def disk(placed: Place) -> Iterator[Path]:
    """A folder of the caller's on the second disk, to which nobody else writes."""
    folder = Path(tempfile.mkdtemp(dir=CHECKOUT))
    folder.chmod(0o755)
    os.chown(folder, placed.caller.uid, placed.caller.gid)
    assert folder.stat().st_dev != Path("/").stat().st_dev
    yield folder
    shutil.rmtree(folder)


def written_to(folder: Path) -> int:
    """Bytes that the device below a folder was given, counted in sectors of 512 (the kernel's admin-guide/iostats)."""
    device = folder.stat().st_dev
    return int(Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat").read_text().split()[6]) << 9


def charged_to(group: Path) -> int:
    """Bytes that a cgroup has written to all devices."""
    fields = (field.partition("=") for field in (group / "io.stat").read_text().split())
    return sum(int(value) for name, _, value in fields if name == "wbytes")


def assert_held(live: Starter, disk: Path, folder: Path) -> None:
    """While a plugin writes as fast as it can, the device gets what the limit says, and the jail is charged for it."""

    def plugin(path: str) -> object:
        fd = os.open(path, os.O_CREAT | os.O_WRONLY)
        block, written = os.urandom(1 << 17), 0
        while not select.select([0], [], [], 0)[0]:
            written += os.pwrite(fd, block, written % (4 << 20))
            os.fdatasync(fd)
            if written == 1 << 20:
                say("ready")
        return written

    with live(plugin, disk / "file", options=("--write", disk, *limited(io_write=RATE))) as jail:
        assert jail.heard() == "ready"
        group = cgroup_of(min(jail.processes()))
        assert group.name.startswith("jailpy-")
        began, moved, charged = uptime(), written_to(disk), charged_to(group)
        time.sleep(WINDOW)
        seconds = uptime() - began
        rates = [(written_to(disk) - moved) / seconds, (charged_to(group) - charged) / seconds]
        jail.let_go()
        written = jail.saw()
    assert [0.9 * RATE <= rate <= 1.1 * RATE for rate in rates] == [True, True], rates
    usage = json.loads((folder / "report.json").read_bytes())["usage"]
    assert 0.9 * written <= usage["written_bytes"] <= 1.1 * written


@needs_kind("root", "parent")
@pytest.mark.usefixtures("undisturbed")
def test_writing_is_held_to_its_rate(live: Starter, disk: Path, folder: Path) -> None:
    assert_held(live, disk, folder)


@pytest.fixture
def drop_in(placed: Place, installed: Installed) -> Iterator[None]:
    """What doctor tells an administrator to do is done, and the user's systemd started anew."""
    done = placed.run([installed.command, "doctor", "--json"])
    (fix,) = (finding["fix"] for finding in json.loads(done.stdout)["findings"] if "io-write" in finding["text"])
    line, _, others = fix.removeprefix("as root: ").partition("; then ")
    assert others.startswith("log out everywhere and in again")
    subprocess.run(["sh", "-ec", line], check=True)
    restart_manager(placed)
    yield
    shutil.rmtree("/etc/systemd/system/user@.service.d")
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    restart_manager(placed)


def restart_manager(placed: Place) -> None:
    subprocess.run(["systemctl", "restart", f"user@{placed.caller.uid}.service"], check=True)
    deadline = time.monotonic() + DEADLINE
    while not Path(f"/run/user/{placed.caller.uid}/bus").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@needs_kind("systemd")
@pytest.mark.usefixtures("undisturbed", "drop_in")
def test_writing_is_held_to_its_rate_with_the_lines_of_doctor(live: Starter, disk: Path, folder: Path) -> None:
    """An ordinary user is not given io by default."""
    assert_held(live, disk, folder)
