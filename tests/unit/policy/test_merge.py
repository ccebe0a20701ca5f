"""How a heir and its ancestors become one policy."""

from __future__ import annotations

import os
from collections.abc import Callable

from jailpy.model.policy import Policy

Heir = Callable[[str], Policy]
Use = Callable[[str], Policy]
Write = Callable[..., str]


def test_tables_merge_by_key(heir: Heir) -> None:
    policy = heir('[limits]\nmemory = "1G"\n[layers]\ncgroup = "required"\n')
    assert (policy.limits.memory, policy.limits.tasks) == (1 << 30, 64)
    assert dict(policy.layers)["cgroup"] == "required"
    assert dict(policy.layers)["landlock"] == "preferred"


def test_paths_and_passed_variables_add(write: Write, use: Use) -> None:
    write("base.toml", 'extends = "default@1"\n[filesystem]\nread = ["/a"]\n[process]\npass-env = ["TZ"]\n')
    text = 'extends = "./base.toml"\n[filesystem]\nread = ["/b", "/a"]\n[process]\npass-env = ["LANG"]\n'
    policy = use(write("p.toml", text))
    assert policy.filesystem.read == ("/a", "/b")
    assert policy.process.pass_env == ("TZ", "LANG")


def test_everything_else_replaces(write: Write, use: Use) -> None:
    base = '[python]\nwithout = ["ctypes"]\n[overrides]\nwiden = ["*"]\n[process.env]\nA = "1"\nB = "1"\n'
    write("base.toml", 'extends = "default@1"\n' + base)
    heir = '[python]\nwithout = ["ssl"]\n[overrides]\nwiden = []\n[process.env]\nA = "2"\n'
    policy = use(write("p.toml", 'extends = "./base.toml"\n' + heir))
    assert policy.python.without == ("ssl",)
    assert policy.widen == ()
    assert policy.process.env == (("A", "2"), ("B", "1"))


def test_remove_takes_away_and_beats_allow(heir: Heir) -> None:
    assert "sendfile" in heir("").seccomp.allow
    assert "sendfile" not in heir('[seccomp]\nremove = ["sendfile"]\n').seccomp.allow


def test_kill_beats_allow(heir: Heir) -> None:
    policy = heir('[seccomp]\nkill = ["sendfile"]\n')
    assert "sendfile" not in policy.seccomp.allow
    assert "kill" in {group.otherwise for group in policy.seccomp.refuse if "sendfile" in group.calls}


def test_output_is_a_size_or_a_table(heir: Heir) -> None:
    assert heir('[limits]\noutput = "1M"\n').limits.output == 1 << 20
    policy = heir('[limits]\noutput = { size = "2M", then = "truncate" }\n')
    assert (policy.limits.output, policy.limits.output_then) == (2 << 20, "truncate")


def test_none_lifts_a_limit(heir: Heir) -> None:
    policy = heir('[limits]\nmemory = "none"\nwall = "none"\ntasks = "none"\n')
    assert (policy.limits.memory, policy.limits.wall, policy.limits.tasks) == (None, None, None)


def test_every_value_knows_where_it_came_from(write: Write, use: Use) -> None:
    base = write("base.toml", 'extends = "default@1"\n[limits]\ntasks = 9\n\n[filesystem]\nread = ["/a"]\n')
    path = write("p.toml", 'extends = "./base.toml"\nfilesystem = { read = ["/b"] }\n')
    policy = use(path)
    origins = {origin.key: (origin.source, origin.line) for origin in policy.origins}
    assert origins["limits.tasks"] == (base, 4)
    assert origins["filesystem.read[0]"] == (base, 7)
    assert origins["filesystem.read[1]"] == (path, 3)
    assert origins["limits.wall"][0] == policy.chain[-1]


def test_chain_is_nearest_first_and_the_name_is_the_files_own(write: Write, use: Use) -> None:
    base = write("base.toml", 'name = "company"\nextends = "default@1"\n')
    path = write("p.toml", 'extends = "./base.toml"\n')
    policy = use(path)
    assert policy.chain[:2] == (path, base)
    assert (policy.name, policy.source) == ("p", path)


def test_file_beside_the_real_one_is_inherited(write: Write, use: Use) -> None:
    """Not one beside the symlink: a link must not choose the ancestor."""
    real = write("there/p.toml", 'extends = "./base.toml"\n')
    write("there/base.toml", 'extends = "default@1"\n[limits]\ntasks = 7\n')
    write("base.toml", 'extends = "default@1"\n[limits]\ntasks = 4000\n')
    link = write("link.toml", "")
    os.unlink(link)
    os.symlink(real, link)
    assert use(link).limits.tasks == 7
