"""Hosts that cannot give what a jail needs, or that are full or read-only in places."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.conftest import Caller, must_have, run_as
from tests.support.installed import Installed
from tests.support.poor_host import in_mount_namespace, in_user_namespace, under_filter
from tests.support.refusal import assert_refused

NO_USER_NAMESPACES = "echo 0 > /proc/sys/user/max_user_namespaces"
# All of them: one that is whole, wherever it is mounted, is enough for the kernel.
MASKED_PROC = "while read _ at kind _; do [ $kind != proc ] || mount -t tmpfs none $at/sys; done < /proc/mounts"
_NO_LINE = b"no line in the audit log: "
RAN = [b"ran\n", b"", 0]

Inside = Callable[..., CompletedProcess[bytes]]


@pytest.fixture
def inside(caller: Caller, installed: Installed) -> Inside:
    """jailpy in a mount namespace that a line of shell has arranged."""
    for tool in ("unshare", "setpriv"):
        must_have(tool)

    def run(setup: str, *words: str | Path) -> CompletedProcess[bytes]:
        return in_mount_namespace(caller, setup, installed.command, *words)

    return run


def test_host_without_user_namespaces(caller: Caller, installed: Installed, folder: Path) -> None:
    """The sysctl that does it is named, by run and by doctor."""
    done = in_user_namespace(caller, folder, NO_USER_NAMESPACES, installed.command, "run", "-c", "print('ran')")
    assert_refused(done, "step namespace-user", "sysctl user.max_user_namespaces=")
    (folder / "gate").unlink(missing_ok=True)
    done = in_user_namespace(caller, folder, NO_USER_NAMESPACES, installed.command, "doctor", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["works"]) == (1, False)
    missing = {finding["topic"]: finding["fix"] for finding in told["findings"] if finding["state"] == "missing"}
    assert set(missing) == {"namespaces", "jail"}
    assert all("sysctl user.max_user_namespaces=" in fix for fix in missing.values())


def test_root_of_a_few_ids(caller: Caller, installed: Installed) -> None:
    """In a rootless container uid 0 has no ids to give to jails: a sentence, not an errno."""
    done = run_as(caller, [must_have("unshare"), "-Ur", installed.command, "run", "-c", "print('ran')"])
    assert_refused(done, "do not exist in this user namespace", "/etc/jailpy/host-ids")


def test_proc_that_cannot_be_mounted(inside: Inside) -> None:
    """In a container whose /proc is masked the kernel refuses a new one, and with it the run."""
    assert_refused(inside(MASKED_PROC, "run", "-c", "print('ran')"), "step proc", 'filesystem.proc = "preferred"')
    done = inside(MASKED_PROC, "doctor")
    assert done.returncode == 1
    assert b"missing inside: proc: Operation not permitted\n" in done.stdout


PREFERRED = """
import sys
from jailpy import api
from jailpy.model.request import Request
from jailpy.report import words

code = "import os, sys; print(os.listdir('/proc')); sys.stdout.flush()"
plan, result = api.execute(Request(command="run", code=code, changes=(("filesystem.proc", "preferred"),)))
print(result.outcome, *result.warnings)
print(*words.lines(result, plan, verbose=False, quiet=False, terminal=True), sep="\\n")
"""


def test_proc_that_is_only_preferred(caller: Caller, installed: Installed) -> None:
    """The run goes on without, and says so on a terminal. (By the library: in a namespace of its own an ordinary user
    sees folders that belong to nobody, below which no profile is trusted.)"""
    done = in_mount_namespace(caller, MASKED_PROC, installed.python, "-I", "-c", PREFERRED)
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "[]", done.stderr
    assert lines[1].startswith("ok proc: ")
    assert any(line.startswith("warning: proc: ") for line in lines[2:])


def test_service_manager_that_hides_openat2(caller: Caller, installed: Installed, folder: Path) -> None:
    """RestrictSUIDSGID= and DynamicUser= of systemd answer it with ENOSYS, since they cannot look at its structure."""
    (folder / "data").write_text("shared\n")
    words = ["run", "--read", f"{folder}/data:/work/deep/data", "-c", "print(open('deep/data').read(), end='')"]
    done = under_filter(caller, {"openat2": errno.ENOSYS}, installed.command, *words)
    assert (done.stdout, done.stderr, done.returncode) == (b"shared\n", b"", 0)


def test_root_that_may_not_change_owners(caller: Caller, installed: Installed) -> None:
    """A container's root, or a unit's with CapabilityBoundingSet=; an ordinary user never could, and need not."""
    must_have("setpriv")
    bare = ["setpriv", "--bounding-set=-chown"] if caller.kind == "root" else []
    done = run_as(caller, [*bare, installed.command, "run", "-c", "print('ran')"])
    if caller.kind == "root":
        assert_refused(done, "cannot be given to the jail's id", "start jailpy as an ordinary user")
    else:
        assert (done.stdout, done.returncode) == (b"ran\n", 0)


@pytest.mark.parametrize("remembered", [False, True])
def test_filter_that_forbids_filters(caller: Caller, installed: Installed, remembered: bool) -> None:
    """Where there is a plan from earlier runs, it is only its steps that are refused, the launcher's own first."""
    if remembered:
        for _ in range(2):
            assert run_as(caller, [installed.command, "run", "-c", "print('ran')"]).returncode == 0
    done = under_filter(caller, {"seccomp": errno.EPERM}, installed.command, "run", "-c", "print('ran')")
    assert_refused(done, "seccomp", "SystemCallFilter=")


@pytest.mark.parametrize("options", ["size=4k", "nr_inodes=2", "ro"])
def test_cache_that_has_no_room(inside: Inside, caller: Caller, options: str) -> None:
    """The cache saves time; where it cannot be written, only time is lost."""
    place = "/var/cache" if caller.kind == "root" else caller.home / ".cache"
    if caller.kind == "user":
        place.mkdir(exist_ok=True)
        os.chown(place, caller.uid, caller.gid)
    done = inside(f"mount -t tmpfs -o {options} none {place}", "run", "-c", "print('ran')")
    assert [done.stdout, done.stderr, done.returncode] == RAN


@pytest.mark.parametrize("options", ["nr_inodes=2", "ro"])
def test_history_that_has_no_room(inside: Inside, caller: Caller, options: str) -> None:
    """The run is the same; that there is no line of it in the audit log is said."""
    place = "/var/lib" if caller.kind == "root" else caller.home
    done = inside(f"mount -t tmpfs -o {options},mode=755 none {place}", "run", "-c", "print('ran')")
    assert [done.stdout, done.returncode] == [b"ran\n", 0]
    assert done.stderr.startswith(b"jailpy: warning: n")
    assert _NO_LINE in done.stderr or b"neither history nor audit log: " in done.stderr
    assert done.stderr.count(b"\n") <= 2


def test_report_on_a_full_file_system(inside: Inside, folder: Path) -> None:
    setup = f"mount -t tmpfs -o size=4k none {folder}; head -c 4096 /dev/zero > {folder}/filler"
    done = inside(setup, "run", "--report", folder / "report", "-c", "print('ran')")
    assert done.returncode == 125
    assert b"report: No space left on device\n" in done.stderr


def test_kernel_that_is_too_old(caller: Caller, installed: Installed) -> None:
    """setarch lets the kernel call itself 2.6."""
    done = run_as(caller, [must_have("setarch"), "--uname-2.6", installed.command, "run", "-c", "print('ran')"])
    assert_refused(done, "is too old", "jailpy needs 5.14 or newer")


REPLACED = """
import os, sys
from jailpy import api
from jailpy.launch import launcher
from jailpy.model.request import Request

folder = sys.argv[1]
plan = api.plan(Request(command="run", plugin=folder))
os.rename(folder, folder + ".old")
os.mkdir(folder)
with open(folder + "/__main__.py", "w") as file:
    file.write("print('another')")
result = launcher.run(plan)
print(result.outcome, result.status, result.failure.step, result.failure.message)
"""


def test_folder_that_is_replaced_between_check_and_start(caller: Caller, installed: Installed, folder: Path) -> None:
    """What was looked at is mounted, or nothing: the plan holds the folder's device and inode."""
    plugin = folder / "plugin"
    plugin.mkdir()
    (plugin / "__main__.py").write_text("print('looked at')")
    done = run_as(caller, [installed.python, "-I", "-c", REPLACED, plugin])
    assert done.stdout.startswith(b"setup-failed 125 tree /plugin "), done.stdout + done.stderr
    assert b"was replaced by another between the check and the start" in done.stdout
