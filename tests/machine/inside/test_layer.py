"""What is said of the layer: what is limited, what is not, and never silence. And what a jail sees of its cgroup."""

from __future__ import annotations

import json
import os
import sys

import pytest

from tests.attack.inside import everything, opened, say, sc
from tests.machine.inside.conftest import Jail, Profile, Starter, cgroup_of, limited, needs_kind
from tests.support.installed import Installed
from tests.support.places import KINDS, TREE, Place

NO_PIDS = [(kind, "cpu memory") for kind in ("alone", "parent")]


@needs_kind(*KINDS, "above")
def test_layer_is_on_with_the_default_profile(jail: Jail) -> None:
    """For anybody who stands where cgroups can be had; --require takes it."""
    run = jail("pass", options=("--require", "cgroup"))
    assert run.report["outcome"] == "ok", run.report["error"]
    assert run.report["layers"]["cgroup"]["state"] == "on", run.report["layers"]


@needs_kind("above")
def test_profile_names_the_parent(live: Starter, profile: Profile, placed: Place) -> None:
    """By its place in the tree, or by its path; the jail is there, and nowhere else."""

    def plugin() -> object:
        say("ready")
        return sys.stdin.read()

    jails = placed.tree / "jails"
    for name in (f"/{jails.relative_to(TREE)}", jails):
        with live(plugin, options=profile(f'[limits]\ncgroup-parent = "{name}"')) as jail:
            assert jail.heard() == "ready"
            assert [cgroup_of(pid).parent for pid in jail.processes()] == [jails] * 2
            jail.let_go()
            assert jail.saw() == ""


@needs_kind("systemd", "root")
def test_jail_sees_nothing_of_its_cgroup(jail: Jail) -> None:
    """It stands at the top of a tree that it can neither see nor mount."""

    def plugin() -> object:
        with open("/proc/self/cgroup") as file:
            place = file.read()
        with open("/proc/self/mountinfo") as file:
            mounted = [line for line in file if "cgroup" in line.partition(" - ")[2]]
        found = [path for path in everything("/") if os.path.basename(path).startswith(("cgroup.", "memory."))]
        tried = [sc("mount", b"none", b"/work", name, 0, None) for name in (b"cgroup2", b"cgroup")]
        tried += [sc("unshare", 0x02000000), sc("fsopen", b"cgroup2", 0)]
        return [place, mounted, found, "allowed" in tried, opened("/sys/fs/cgroup/cgroup.procs", os.O_WRONLY)]

    assert jail(plugin).saw() == ["0::/\n", [], [], False, "ENOENT"]


@needs_kind("systemd")
def test_controller_is_missing_that_was_not_delegated(jail: Jail) -> None:
    """A default Debian keeps io: an error where the layer is required, and said where it is not."""
    wanted = limited(io_write="1M")
    run = jail("pass", options=("--require", "cgroup", *wanted))
    assert (run.done.returncode, run.report["outcome"]) == (125, "setup-failed")
    assert "controller io" in run.report["error"]["message"]
    run = jail("pass", options=wanted)
    assert run.report["outcome"] == "ok"
    assert run.report["layers"]["cgroup"]["state"] == "fallback"
    assert "io-write is not limited" in run.report["layers"]["cgroup"]["detail"]


@needs_kind(*NO_PIDS)
def test_controller_is_missing_that_the_default_profile_needs(jail: Jail) -> None:
    run = jail("pass", options=("--require", "cgroup"))
    assert (run.done.returncode, run.report["outcome"]) == (125, "setup-failed")
    assert "controller pids" in run.report["error"]["message"]
    run = jail("pass")
    assert run.report["outcome"] == "ok"
    assert run.report["layers"]["cgroup"]["state"] == "fallback"
    assert "tasks" in run.report["layers"]["cgroup"]["detail"]


@needs_kind("systemd", "root", "parent")
@pytest.mark.usefixtures("undisturbed")
def test_plan_makes_nothing(placed: Place, installed: Installed) -> None:
    """It names the limits that a run would set, and leaves the tree as it is."""
    before = sorted(path for path, _, _ in os.walk(placed.tree))
    done = placed.run([installed.command, "plan", "--json", *placed.options, "-c", "pass"])
    assert done.returncode == 0, done.stderr
    assert {"cgroup-memory", "cgroup-tasks"} <= {step["name"] for step in json.loads(done.stdout)["steps"]}
    assert sorted(path for path, _, _ in os.walk(placed.tree)) == before
