"""What a diff of two profiles says is what differs between them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from jailpy.abi.syscalls import ARCHITECTURES
from jailpy.authoring.changes import NARROWER, OTHER, WIDER, Change, changes, verdict
from jailpy.model.policy import Policy
from jailpy.plan.filter import compile_filter
from jailpy.policy.load import load
from jailpy.policy.override import override
from jailpy.policy.shipped import GENERATIONS
from tests.unit.authoring.generated import profiles
from tests.unit.seccomp.bpf import NO_ARGUMENTS, Stack

Heir = Callable[[str], Policy]
Use = Callable[[str], Policy]
Write = Callable[..., str]


def between(heir: Heir, old: str, new: str) -> list[tuple[str, str, str, str]]:
    """The differences of two heirs of default@1, without words on what they mean."""
    return [(c.direction, c.key, c.old, c.new) for c in changes(heir(old), heir(new))]


def only(heir: Heir, new: str) -> Change:
    (change,) = changes(heir(""), heir(new))
    return change


@pytest.mark.parametrize(
    ("text", "direction", "key", "old", "new"),
    [
        ('[limits]\nmemory = "1G"\n', WIDER, "limits.memory", "512M", "1G"),
        ('[limits]\nmemory = "none"\n', WIDER, "limits.memory", "512M", "none"),
        ('[limits]\nwall = "5s"\n', NARROWER, "limits.wall", "1m", "5s"),
        ('[limits]\ncpus = "0-1"\n', NARROWER, "limits.cpus", "none", "0-1"),
        ('[limits]\noutput = { size = "16M", then = "truncate" }\n', WIDER, "limits.output.then", "kill", "truncate"),
        ('[layers]\nlandlock = "off"\n', WIDER, "layers.landlock", "preferred", "off"),
        ('[layers]\ncgroup = "required"\n', NARROWER, "layers.cgroup", "preferred", "required"),
        ('[filesystem]\nread = ["/a:/b"]\n', WIDER, "filesystem.read", "", "/a:/b"),
        ('[filesystem]\nwrite = ["/a"]\n', WIDER, "filesystem.write", "", "/a"),
        ('[filesystem]\nbase = "usr"\n', WIDER, "filesystem.base", "minimal", "usr"),
        ("[network]\nloopback = false\n", NARROWER, "network.loopback", "true", "false"),
        ('[process]\nhostname = "x"\n', OTHER, "process.hostname", "jail", "x"),
        ('[process.env]\nA = "1"\n', WIDER, "process.env.A", "", "1"),
        ('[process]\npass-env = ["TZ"]\n', WIDER, "process.pass-env", "nothing", "TZ"),
        ('[python]\nwithout = ["ctypes"]\n', NARROWER, "python.without", "nothing", "ctypes"),
        ('[overrides]\nwiden = ["limits.*"]\n', NARROWER, "overrides.widen", "*", "limits.*"),
        ('[seccomp]\nallow = ["@inotify"]\n', WIDER, "seccomp.allow", "", "@inotify"),
        ('[seccomp]\nremove = ["@sockets"]\n', NARROWER, "seccomp.allow", "@sockets", ""),
        ('[seccomp]\nkill = ["mount"]\n', NARROWER, "seccomp.kill", "mount: EPERM", "mount: kill"),
        ("seccomp.args.socket.domain = [1, 2]\n", NARROWER, "seccomp.args.socket.domain", "AF_INET6", ""),
    ],
)  # fmt: skip
def test_one_key_is_one_difference(text: str, direction: str, key: str, old: str, new: str, heir: Heir) -> None:
    change = only(heir, text)
    assert (change.direction, change.key, change.old, change.new) == (direction, key, old, new)


@pytest.mark.parametrize("name", GENERATIONS)
def test_profile_does_not_differ_from_itself(name: str, use: Use) -> None:
    assert changes(use(name), use(name)) == []
    assert verdict([]) == "same"


def test_strict_is_narrower_than_default_and_default_wider(use: Use) -> None:
    assert {change.direction for change in changes(use("default"), use("strict"))} == {NARROWER}
    assert {change.direction for change in changes(use("strict"), use("default"))} == {WIDER}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(one=profiles, other=profiles)
def test_what_is_wider_one_way_is_narrower_the_other(one: str, other: str, tmp_path: Path) -> None:
    """And where nothing is different, neither are the policies, but for the order in lists, nor what filters decide."""

    def policy(text: str) -> Policy:
        path = tmp_path / "p.toml"
        path.write_text(f"schema = 1\n{text}")
        path.chmod(0o644)
        return load(str(path), uid=os.geteuid(), home=None, config_home=None)

    old, new = policy(one), policy(other)
    there, back = changes(old, new), changes(new, old)
    both_ways = ("python.interpreter", "python.venv", "filesystem.proc", "overrides.widen", "process.env")
    for found, reverse in ((there, back), (back, there)):
        for change in found:
            if change.direction == WIDER and not change.key.startswith(both_ways):
                assert [c for c in reverse if c.direction == NARROWER and c.key == change.key], change
    assert there or _unordered(old) == _unordered(new)
    assert there or old.seccomp.rules == new.seccomp.rules or _answers(old) == _answers(new)
    assert old.sha256 != new.sha256 or not there


def _unordered(policy: Policy) -> object:
    filesystem = policy.filesystem._replace(
        read=tuple(sorted(policy.filesystem.read)), write=tuple(sorted(policy.filesystem.write))
    )
    return (policy.layers, filesystem, policy.limits, policy.network, policy.seccomp.allow, policy.process.env)


def _answers(policy: Policy) -> list[int]:
    """What the filter says to every call without arguments, and to the calls that these profiles have rules for."""
    stack, calls = Stack(compile_filter(policy.seccomp, "x86_64"), "x86_64"), ARCHITECTURES["x86_64"]
    sockets = itertools.product(range(6), range(6), (0, 1, 6))
    mappings = itertools.product((0,), (0, 1, 4096, 2**64 - 1), (1,), [1 << bit for bit in range(32)])
    tried = [(number, NO_ARGUMENTS) for number in calls.values()]
    tried += [(calls["socket"], (*words, 0, 0, 0)) for words in sockets]
    tried += [(calls["mmap"], (*words, 0, 0)) for words in mappings]
    return [stack.answer(*call) for call in tried]


def test_what_an_option_widens_a_diff_calls_wider(heir: Heir) -> None:
    for key, value in [("limits.tasks", 999), ("filesystem.read", ["/srv"]), ("process.env.A", "b")]:
        before = heir("")
        after, widened = override(before, ((key, value),))
        assert widened
        assert [(c.direction, c.key) for c in changes(before, after)] == [(WIDER, key)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('["/srv"]', '["/srv", "/srv/data"]', []),
        ('["/srv:/data"]', '["/srv/x:/data/x"]', [(NARROWER, "filesystem.read", "/srv:/data", "")]),
        ('["/srv"]', '["/srv/x:/elsewhere"]',
         [(WIDER, "filesystem.read", "", "/srv/x:/elsewhere"), (NARROWER, "filesystem.read", "/srv", "")]),
        ('["/srv"]', '["/srvx"]', [(WIDER, "filesystem.read", "", "/srvx"), (NARROWER, "filesystem.read", "/srv", "")]),
        ('["/a", "/b"]', '["/b", "/a"]', []),
    ],
)  # fmt: skip
def test_folder_below_a_shared_one_is_nothing_new(
    old: str, new: str, expected: list[tuple[str, ...]], heir: Heir
) -> None:
    assert between(heir, f"[filesystem]\nread = {old}\n", f"[filesystem]\nread = {new}\n") == expected


def test_folder_that_can_now_be_written_is_wider_and_nothing_else(heir: Heir) -> None:
    found = between(heir, '[filesystem]\nread = ["/srv"]\n', '[filesystem]\nwrite = ["/srv"]\n')
    assert found == [(WIDER, "filesystem.write", "", "/srv")]


def test_netlink_is_named_with_what_it_was_used_for(heir: Heir) -> None:
    family = next(
        c for c in changes(heir(""), heir('[seccomp]\nallow = ["@netlink-route"]\n')) if c.new == "AF_NETLINK"
    )
    assert (family.direction, family.grade) == (WIDER, "risk")
    assert "CVE-2026-43284 class" in family.meaning


def test_family_is_named_although_the_call_itself_is_new(heir: Heir) -> None:
    found = changes(heir('[seccomp]\nremove = ["socket"]\n'), heir('[seccomp]\nallow = ["@netlink-route"]\n'))
    assert {"socket", "AF_NETLINK"} <= {change.new for change in found if change.direction == WIDER}


def test_rule_that_takes_the_place_of_another_is_told_once(heir: Heir) -> None:
    """@netlink-route lets raw sockets be asked for; its rule for protocols only narrows what is new itself."""
    found = [c for c in changes(heir(""), heir('[seccomp]\nallow = ["@netlink-route"]\n')) if c.old]
    assert [(c.direction, c.key) for c in found] == [(WIDER, "seccomp.args.socket")]
    assert "SOCK_RAW" in found[0].new
    assert "SOCK_RAW" not in found[0].old


def test_condition_of_ones_own_that_is_loosened_is_wider(heir: Heir) -> None:
    tight, loose = (
        f"[seccomp.args.socketpair]\ntype = {types}\n" for types in ('"SOCK_STREAM"', '["SOCK_STREAM", "SOCK_DGRAM"]')
    )
    assert [change[:2] for change in between(heir, tight, loose)] == [(WIDER, "seccomp.args.socketpair")]
    assert [change[:2] for change in between(heir, loose, tight)] == [(NARROWER, "seccomp.args.socketpair")]


def test_another_error_is_neither_wider_nor_narrower(heir: Heir) -> None:
    one, other = (f'[seccomp.args.mmap]\nprot = 1\nelse = "{errno}"\n' for errno in ("EPERM", "EACCES"))
    assert between(heir, one, other) == [(OTHER, "seccomp.args.mmap.else", "EPERM", "EACCES")]


@pytest.mark.parametrize(
    ("call", "grade", "said"),
    [
        ("bpf", "escape", "loads programs into the kernel"),
        ("splice", "escape", "CVE-2026-31431 class"),
        ("unshare", "escape", "CVE-2026-43284 class"),
        ("clone3", "escape", "CVE-2026-43284 class"),
        ("io_uring_setup", "escape", "without system calls that a filter sees"),
        ("open_tree_attr", "escape", ""),
        ("setxattr", "risk", "labels"),
        ("inotify_init", "note", "watches"),
        ("mbind", "note", "memory between nodes"),
    ],
)
def test_call_is_graded_by_what_it_is_good_for(call: str, grade: str, said: str, heir: Heir) -> None:
    change = only(heir, f'[seccomp]\nallow = ["{call}"]\n')
    assert (change.grade, change.items) == (grade, (call,))
    assert said in change.meaning


def test_secret_does_not_stand_in_a_diff(heir: Heir) -> None:
    found = changes(heir('[process.env]\nTOKEN = "one"\n'), heir('[process.env]\nTOKEN = "two"\n'))
    assert [(c.direction, c.old, c.new, c.grade) for c in found] == [(WIDER, "…", "…", "risk")]


def test_gravest_stands_first(heir: Heir) -> None:
    limits, process = 'limits = { wall = "5m", memory = "1M" }\n', 'process.hostname = "x"\n'
    found = changes(heir(""), heir(f'{limits}{process}seccomp.allow = ["bpf"]\nlayers.cgroup = "off"\n'))
    assert [(c.direction, c.grade) for c in found] == [
        (WIDER, "escape"),
        (WIDER, "risk"),
        (WIDER, "note"),
        (NARROWER, "note"),
        (OTHER, "note"),
    ]
