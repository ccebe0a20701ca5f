"""What doctor says of cgroups: for each kind of host the line that enables what is missing, as the document has it."""

from __future__ import annotations

import pytest

from jailpy.kernel.cgroups import CONTROLLERS
from jailpy.kernel.host_facts import Tree
from jailpy.launch.placement import Placement
from jailpy.model.plan import Layer
from jailpy.report import cgroups
from jailpy.report.doctor import Finding, of_success
from tests.docs.blocks import blocks
from tests.support.installed import CHECKOUT

DOCUMENT = CHECKOUT / "docs/cgroups.md"
SOME = ("cpu", "memory", "pids")
UNIT, USERS_UNIT = "/system.slice/a.service", "/user.slice/user-1000.slice/user@1000.service/app.slice/a.service"


def host(**given: object) -> Tree:
    """A host with systemd and version 2 alone, as seen by an ordinary user who has logged in, but for what is given."""
    known: dict[str, object] = {
        "mount": "/sys/fs/cgroup",
        "controllers": CONTROLLERS,
        "whole": True,
        "read_only": False,
        "own": "/user.slice/user-1000.slice/session-1.scope",
        "version_1": (),
        "swap": True,
        "systemd": True,
        "manager": True,
    }
    return Tree(**{**known, **given})  # type: ignore[arg-type]


def place(kind: str, *controllers: str) -> Placement:
    return Placement(kind=kind, note="", controllers=controllers)


NOWHERE = place("none")
HOSTS = {
    "logged-in": (host(), place("scope", *SOME), cgroups.DROP_IN),
    "never-logged-in": (host(manager=False), NOWHERE, "as root: loginctl enable-linger 1000"),
    "no-bus": (host(), NOWHERE, cgroups.BUS),
    "unit": (host(own=UNIT, manager=False), NOWHERE, cgroups.UNIT),
    "unit-with-a-part": (host(own=UNIT), place("alone", *SOME), "in the unit: Delegate=cpu cpuset io memory pids"),
    "unit-of-the-user": (host(own=USERS_UNIT), place("parent", *SOME), cgroups.DROP_IN),
    "unit-that-protects-them": (host(read_only=True), NOWHERE, cgroups.READ_ONLY_UNIT),
    "container": (host(whole=False, read_only=True, own=""), NOWHERE, cgroups.ENGINE),
    "container-with-an-application": (host(whole=False, own=""), NOWHERE, cgroups.ALONE),
    "container-without-root": (host(whole=False, controllers=SOME), place("alone", *SOME), cgroups.HANDED_DOWN),
    "no-systemd": (
        host(systemd=False, manager=False, own=""),
        NOWHERE,
        "as root: mkdir -p /sys/fs/cgroup/jails",
    ),
    "both-versions": (host(controllers=(), version_1=CONTROLLERS), NOWHERE, cgroups.VERSION_2),
    "both-in-parts": (host(controllers=("cpu", "io"), version_1=("memory",)), NOWHERE, cgroups.VERSION_2),
    "version-1": (host(mount="", controllers=(), systemd=False), NOWHERE, cgroups.NO_VERSION_1),
    "memory-switched-off": (host(controllers=("cpu", "pids")), NOWHERE, cgroups.ENABLED),
    "old-kernel": (host(controllers=SOME), place("parent", *SOME), cgroups.KERNEL),
}


@pytest.mark.parametrize(("tree", "found", "fix"), HOSTS.values(), ids=HOSTS)
def test_one_line_enables_what_is_missing(tree: Tree, found: Placement, fix: str) -> None:
    ((text, line),) = cgroups.gaps(tree, found, 1000)
    assert line.startswith(fix)
    assert text.startswith(f"no {', '.join(name for name in CONTROLLERS if name not in found.controllers)}: ")


def test_nothing_is_said_where_nothing_is_missing() -> None:
    assert cgroups.gaps(host(), place("scope", *CONTROLLERS), 1000) == []


def test_each_limit_that_does_nothing_is_named() -> None:
    ((text, _),) = cgroups.gaps(host(), place("scope", *SOME), 1000)
    assert text == "no cpuset, io: limits.cpus, limits.io-read, limits.io-write do nothing"
    ((text, _),) = cgroups.gaps(host(), place("scope", *CONTROLLERS[:-1]), 1000)
    assert text == "no pids: tasks are limited by the user namespace"
    ((text, _),) = cgroups.gaps(host(), NOWHERE, 1000)
    assert "memory is only watched, limits.swap, limits.memory-high, " in text


def test_memory_without_swap_is_told() -> None:
    told = cgroups.gaps(host(swap=False), place("scope", *CONTROLLERS), 1000)
    assert told == [("memory is limited, swap is not", cgroups.SWAP)]


def test_the_document_has_the_same_commands() -> None:
    """What doctor puts on one line is a block of the document."""
    given = cgroups.GIVEN.format(mount="/sys/fs/cgroup", uid=1000).replace("PID >", "$$ >")
    shown = [" && ".join(line.partition(" # ")[0] for line in b.code.splitlines()) for b in blocks(DOCUMENT)]
    for fix in (cgroups.DROP_IN, given):
        assert fix.removeprefix("as root: ").partition("; ")[0] in shown


@pytest.mark.parametrize(
    "word",
    [
        "systemd.unified_cgroup_hierarchy=1",
        "cgroup_no_v1=all",
        "cgroup_enable=memory",
        "swapaccount=1",
        "--cgroupns private",
        "--security-opt writable-cgroups=true",
        "--security-opt unmask=/sys/fs/cgroup",
    ],
)
def test_the_document_has_the_same_words(word: str) -> None:
    fixes = (cgroups.VERSION_2, cgroups.NO_VERSION_1, cgroups.ENABLED, cgroups.SWAP, cgroups.ENGINE)
    assert word in " ".join(fixes)
    assert word in DOCUMENT.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("had", "told"),
    [
        ("in a scope: cpu, memory, pids", []),
        ("in a scope: memory, pids", ["but a jail had another: in a scope: memory, pids"]),
        ("no group could be made in a scope: …", ["but a jail had another: no group could be made in a scope: …"]),
    ],
)
def test_doctor_says_where_a_jail_had_another_cgroup_than_it_found(had: str, told: list[str]) -> None:
    """A user's systemd that runs since before it may hand out more does not know that it may."""
    looked = (Finding(topic="cgroup", state="ok", text="in a scope: cpu, memory, pids"),)
    findings = of_success((Layer(name="cgroup", state="on", detail=had),), looked)
    assert [finding.text for finding in findings if finding.topic == "cgroup"] == told
    assert findings[-1].state == "ok"
