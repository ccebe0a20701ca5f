"""What options change: narrower always, wider where the profile lets them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jailpy.errors import ProfileError, UsageError
from jailpy.model.policy import Policy
from jailpy.policy.override import override, parse_cgroup_parent, parse_limit, parse_timeout

Heir = Callable[[str], Policy]
Use = Callable[[str], Policy]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("limits.memory", "100M"),
        ("limits.wall", 1.0),
        ("limits.tasks", 3),
        ("limits.output", 10),
        ("limits.swap", 0),
        ("limits.io-read", "1M"),
        ("limits.memory-high", "100M"),
        ("limits.cpu-weight", 50),
        ("limits.cpus", "0-1"),
        ("limits.cgroup-parent", "/jails"),
        ("layers.landlock", "required"),
        ("layers.cgroup", "required"),
        ("network.loopback", False),
        ("filesystem.sockets", False),
        ("python.without", ["ctypes"]),
        ("process.hostname", "other"),
        ("filesystem.read", []),
    ],
)
def test_narrower_is_allowed_where_nothing_may_be_widened(key: str, value: object, heir: Heir) -> None:
    before = heir("[overrides]\nwiden = []\n")
    after, widened = override(before, ((key, value),))
    assert widened == ()
    assert after.sha256 == before.sha256 or after != before


@pytest.mark.parametrize(
    ("key", "value", "old", "new"),
    [
        ("limits.memory", "1G", 512 << 20, 1 << 30),
        ("limits.wall", "none", 60.0, None),
        ("limits.open-files", 300, 256, 300),
        ("limits.output.then", "truncate", "kill", "truncate"),
        ("layers.seccomp", "off", "required", "off"),
        ("filesystem.read", ["/a:/b"], (), ("/a:/b",)),
        ("filesystem.write", ("/a",), (), ("/a",)),
        ("filesystem.sockets", True, False, True),
        ("filesystem.base", "usr", "minimal", "usr"),
        ("filesystem.proc", "preferred", "required", "preferred"),
        ("process.pass-env", ["TZ"], (), ("TZ",)),
        ("process.env.TZ", "UTC", None, "UTC"),
        ("python.interpreter", "/opt/python/bin/python3", "auto", "/opt/python/bin/python3"),
    ],
)
def test_wider_needs_leave_and_is_told(key: str, value: object, old: object, new: object, heir: Heir, use: Use) -> None:
    policy, widened = override(use("default"), ((key, value),))
    assert widened == ((key, old, new),)
    assert policy.sha256 != use("default").sha256
    with pytest.raises(ProfileError) as caught:
        override(heir("[overrides]\nwiden = []\n"), ((key, value),))
    assert f"the profile p does not let {key} be widened" in caught.value.message


@pytest.mark.parametrize(
    ("key", "old", "narrower", "wider"),
    [
        ("memory-high", '"64M"', "32M", "65M"),
        ("memory-high", '"64M"', "64M", "none"),
        ("cpu-weight", "50", 1, 51),
        ("cpu-weight", "50", 50, "none"),
        ("cpus", '"0-3,6"', "1,6", "4"),
        ("cpus", '"0-3"', "0,1,2,3", "none"),
    ],
)
def test_limit_that_a_profile_sets_can_only_be_narrowed(
    key: str, old: str, narrower: object, wider: object, heir: Heir
) -> None:
    policy = heir(f"[limits]\n{key} = {old}\n[overrides]\nwiden = []\n")
    assert override(policy, ((f"limits.{key}", narrower),))[1] == ()
    with pytest.raises(ProfileError, match=f"does not let limits.{key} be widened"):
        override(policy, ((f"limits.{key}", wider),))


def test_cgroup_can_be_made_elsewhere_whatever_the_profile_says(heir: Heir) -> None:
    """Where it lies changes no limit of it."""
    policy = heir('[limits]\ncgroup-parent = "/a"\n[overrides]\nwiden = []\n')
    moved, widened = override(policy, (parse_cgroup_parent("/sys/fs/cgroup/b"),))
    assert (moved.limits.cgroup_parent, widened) == ("/sys/fs/cgroup/b", ())


@pytest.mark.parametrize("path", ["jails", "/a/../b", "/a/", "//a", "/a\0"])
def test_cgroup_is_named_by_an_absolute_path(path: str) -> None:
    with pytest.raises(UsageError, match="--cgroup-parent: expected the absolute, normalised path of a cgroup"):
        parse_cgroup_parent(path)


def test_strict_lets_nothing_be_widened(use: Use) -> None:
    with pytest.raises(ProfileError, match=r"the profile strict does not let network\.loopback be widened"):
        override(use("strict"), (("network.loopback", True),))


@pytest.mark.parametrize("pattern", ["limits.*", "limits.memory", "limits", "*"])
def test_pattern_covers_a_key(pattern: str, heir: Heir) -> None:
    policy = heir(f'[overrides]\nwiden = ["{pattern}"]\n')
    assert override(policy, (("limits.memory", "1G"),))[0].limits.memory == 1 << 30


@pytest.mark.parametrize("pattern", ["limits.mem", "limits.tasks", "filesystem.*"])
def test_pattern_covers_nothing_else(pattern: str, heir: Heir) -> None:
    try:
        policy = heir(f'[overrides]\nwiden = ["{pattern}"]\n')
    except ProfileError as error:
        assert "overrides.widen[0]" in error.message  # noqa: PT017
        return
    with pytest.raises(ProfileError, match="does not let"):
        override(policy, (("limits.memory", "1G"),))


def test_changes_apply_in_turn_and_remember_that_they_were_asked_for(use: Use) -> None:
    changes = (
        ("filesystem.read", ["/nowhere/a"]),
        ("filesystem.read", ["/nowhere/a", "/nowhere/b"]),
        ("limits.tasks", 9),
    )
    policy, widened = override(use("default"), changes)
    assert policy.filesystem.read == ("/nowhere/a", "/nowhere/b")
    assert [key for key, _, _ in widened] == ["filesystem.read", "filesystem.read"]
    asked = {origin.key for origin in policy.origins if origin.source == "command line"}
    assert asked == {"filesystem.read[0]", "filesystem.read[1]", "limits.tasks"}


def test_paths_are_checked_after_the_changes(heir: Heir) -> None:
    policy = heir('[filesystem]\nread = ["/nowhere/data"]\n')
    with pytest.raises(ProfileError, match="which the jail may write"):
        override(policy, (("filesystem.write", ["/nowhere"]),))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("limits.memory", "lots"),
        ("limits.memroy", "1G"),
        ("filesystem.read", ["relative"]),
        ("network.allow", ["a:1"]),
        ("seccomp.allow", ["mount"]),
        ("overrides.widen", ["*"]),
        ("process.env.LD_PRELOAD", "x"),
        ("process.env.A", "\0"),
    ],
)
def test_change_that_makes_no_sense_is_a_usage_error(key: str, value: object, use: Use) -> None:
    with pytest.raises(UsageError):
        override(use("default"), ((key, value),))


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("memory=1G", ("limits.memory", "1G")),
        ("tasks=9", ("limits.tasks", 9)),
        ("wall=2.5s", ("limits.wall", "2.5s")),
        ("wall=90", ("limits.wall", 90)),
        ("output.then=truncate", ("limits.output.then", "truncate")),
        ("cpu-quota=50%", ("limits.cpu-quota", "50%")),
        ("cpus=3", ("limits.cpus", "3")),
        ("cpu-weight=3", ("limits.cpu-weight", 3)),
        ("cgroup-parent=/jails", ("limits.cgroup-parent", "/jails")),
    ],
)
def test_limit_option(text: str, change: tuple[str, object]) -> None:
    assert parse_limit(text) == change


@pytest.mark.parametrize(
    "text", ["memory", "memroy=1G", "=", "memory=", "cgroup-parent=", "tasks=none such", "\x1b=1", "tasks=\x1b"]
)
def test_limit_option_that_is_wrong(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_limit(text)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("memory=none", "memory", None),
        ("cpu-quota=50%", "cpu_quota", 0.5),
        ("memory-high=64M", "memory_high", 64 << 20),
        ("cpu-weight=none", "cpu_weight", None),
        ("cpus=3,1,2", "cpus", "1-3"),
        ("cpus=none", "cpus", ""),
        ("wall=90", "wall", 90.0),
        ("tasks=none", "tasks", None),
        ("output=4K", "output", 4096),
        ("output.then=truncate", "output_then", "truncate"),
    ],
)
def test_limit_option_is_a_change(text: str, field: str, value: object, use: Use) -> None:
    policy, _ = override(use("default"), (parse_limit(text),))
    assert getattr(policy.limits, field) == value


def test_timeout_option() -> None:
    assert parse_timeout("5m") == ("limits.wall", "5m")
    assert parse_timeout("5") == ("limits.wall", "5")
    with pytest.raises(UsageError, match=r"--timeout: expected a duration such as"):
        parse_timeout("soon")
