"""What is found in a profile, where, and how grave it is; and that good ones are left alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from jailpy.authoring.check import check, escapes
from jailpy.authoring.findings import RULES, Finding
from jailpy.model.policy import ArgRule, Policy
from jailpy.policy.load import read
from jailpy.policy.shipped import GENERATIONS

Heir = Callable[[str], Policy]
Use = Callable[[str], Policy]
Write = Callable[..., str]
CLOSED = "[overrides]\nwiden = []\n"  # so that what is inherited is not found too


@pytest.fixture
def found(write: Write, use: Use) -> Callable[[str], list[Finding]]:
    """What is found in a heir of default@1 that says the text; line 3 is its first."""

    def found(text: str) -> list[Finding]:
        path = write("p.toml", f'extends = "default@1"\n{text}{CLOSED if "widen" not in text else ""}')
        policy = read(path, uid=os.geteuid(), home=None, config_home=None)
        return check(policy, use("default"))

    return found


Found = Callable[[str], list[Finding]]


@pytest.mark.parametrize("name", GENERATIONS)
def test_shipped_profiles_are_clean_but_for_notes(name: str, use: Use) -> None:
    policy = use(name)
    parent = use("default") if len(policy.chain) > 1 else None
    assert [finding for finding in check(policy, parent) if finding.grade != "note"] == []
    assert escapes(policy) == []


def test_profile_that_changes_nothing_is_clean(found: Found) -> None:
    assert found("") == []


@pytest.mark.parametrize(
    ("text", "rule", "grade", "key", "said"),
    [
        ('seccomp.allow = ["bpf"]\n', "call", "escape", "seccomp.allow[1]", "allows bpf: loads programs"),
        ('seccomp.allow = ["@escape"]\n', "call", "escape", "seccomp.allow[1]", "allows "),
        ('seccomp.allow = ["setxattr"]\n', "call", "risk", "seccomp.allow[1]", "labels"),
        ('seccomp.allow = ["@inotify"]\n', "parent", "note", "seccomp.allow[1]", "weaker than default"),
        ('seccomp.allow = ["@netlink-route"]\n', "family", "risk", "seccomp.allow[1]", "CVE-2026-43284 class"),
        ('layers.landlock = "off"\n', "layer", "risk", "layers.landlock", "goes without this layer"),
        ('layers.seccomp = "off"\n', "layer", "escape", "layers.seccomp", "goes without this layer"),
        ('layers.rootfs = "preferred"\n', "layer", "risk", "layers.rootfs", "where the host has it not"),
        ('filesystem.base = "usr"\n', "base", "risk", "filesystem.base", "the host's programs"),
        ('filesystem = { sockets = true, read = ["/srv"] }\n', "sockets", "risk", "filesystem.sockets", "listens"),
        ('limits.memory = "none"\n', "no-limit", "risk", "limits.memory", "by default it is 512M"),
        ('filesystem.tmp = "none"\n', "no-limit", "risk", "filesystem.tmp", "nothing limits it"),
        ('overrides.widen = ["*"]\n', "widen", "risk", "overrides.widen", "may widen anything"),
        ('filesystem.write = ["/etc/cron.d"]\n', "path", "escape", "filesystem.write[0]", "/etc"),
        ('filesystem.write = ["/var/cache/jailpy"]\n', "path", "escape", "filesystem.write[0]", "jailpy itself"),
        ('filesystem.read = ["/srv/x/.ssh"]\n', "path", "risk", "filesystem.read[0]", "keys and passwords"),
        ('filesystem = { write = ["/srv"], read = ["/srv/a"] }\n', "paths", "risk", "filesystem.read[0]", "'/srv'"),
        ('limits.wall = "5m"\n', "parent", "note", "limits.wall", "1m → 5m"),
        ("filesystem.read = ['/srv/data']\n", "parent", "note", "filesystem.read[0]", "+ /srv/data"),
        ('seccomp.kill = []\nseccomp.allow = ["socket"]\nseccomp.remove = ["@sockets"]\n',
         "contradiction", "risk", "seccomp.allow[1]", "allows socket, which @sockets under remove takes away"),
        ('seccomp.remove = ["signalfd"]\n', "no-effect", "note", "seccomp.remove[0]", "nothing is allowed"),
        ('seccomp.args.socket.domain = "AF_ALG"\n',
         "contradiction", "risk", "seccomp.args.socket.domain", "no call passes, as the rule socket-family holds too"),
        ('seccomp.args.socket.domain = ["AF_ALG", 1]\n',
         "contradiction", "note", "seccomp.args.socket.domain", "not all of them pass"),
        ("seccomp.args.shmget.shmflg = 0\n", "no-effect", "note", "seccomp.args.shmget.shmflg", "is not allowed"),
        ('limits.memory-high = "1G"\n', "contradiction", "risk", "limits.memory-high", "before this is reached"),
        ('filesystem.tmp = "1G"\n', "contradiction", "risk", "filesystem.tmp", "counts as memory"),
        ('layers.cgroup = "off"\nlimits.cpu-quota = "50%"\n', "contradiction", "risk", "limits.cpu-quota", "nothing"),
        ('limits.io-read = "1M"\n', "needs-cgroup", "note", "limits.io-read", "only where the host gives a cgroup"),
        ('process.env.DB_PASSWORD = "hunter2"\n', "secret", "risk", "process.env.DB_PASSWORD", "its name says"),
        ('process.pass-env = ["GITHUB_TOKEN"]\n', "secret", "risk", "process.pass-env[0]", "GITHUB_TOKEN"),
        ('process = { pass-env = ["TZ"], env = { TZ = "UTC" } }\n', "no-effect", "note", "process.pass-env[0]", "wins"),
        ('python.venv = "/srv/w/venv"\nfilesystem.write = ["/srv/w"]\n', "path", "risk", "python.venv", "the next run"),
        ("filesystem.sockets = true\n", "no-effect", "note", "filesystem.sockets", "nothing is shared"),
    ],
)  # fmt: skip
def test_fault_is_found(text: str, rule: str, grade: str, key: str, said: str, found: Found) -> None:
    finding = next(finding for finding in found(text) if (finding.rule, finding.key) == (rule, key))
    assert finding.grade == grade
    assert said in f"{finding.message} {finding.advice}"
    assert finding.line in range(3, 3 + text.count("\n"))
    assert finding.source.endswith("/p.toml")
    assert finding.advice
    assert rule in RULES


@pytest.mark.parametrize(
    "text",
    [
        'limits.memory = "256M"\n',
        'seccomp.remove = ["@sockets"]\n',
        'seccomp.allow = ["@no-exec", "@single-process"]\nseccomp.kill = ["@escape"]\n',
        "network.loopback = false\n",
        'seccomp.args.socket.domain = "AF_UNIX"\n',
        'process.env = { LANG = "C.UTF-8", NAME = "a longer value of 2 or 3 words" }\n',
        'layers = { cgroup = "required" }\nlimits.cpu-quota = "50%"\n',
        'python.without = ["ctypes"]\n',
    ],
)
def test_what_only_narrows_is_clean(text: str, found: Found) -> None:
    assert found(text) == []


def test_fault_that_is_inherited_is_told_where_it_stands(write: Write, use: Use) -> None:
    base = write("base.toml", 'extends = "default@1"\n\n[seccomp]\nallow = ["bpf"]\n[overrides]\nwiden = []\n')
    policy = use(write("p.toml", 'extends = "./base.toml"\n'))
    (finding,) = check(policy, use(base))
    assert (finding.rule, finding.source, finding.line) == ("call", base, 5)


def test_leave_to_widen_that_is_inherited_is_a_note(write: Write, use: Use) -> None:
    (finding,) = check(use(write("p.toml", 'extends = "default@1"\n')), use("default"))
    assert (finding.rule, finding.grade) == ("widen", "note")
    assert finding.source == use("default").source


def test_weaker_than_strict_is_seen_where_default_would_be_no_better(write: Write, use: Use) -> None:
    text = 'extends = "strict@1"\n[layers]\ncgroup = "preferred"\n[limits]\nmemory = "400M"\n[seccomp]\nkill = []\n'
    found = check(use(write("p.toml", text)), use("strict"))
    assert {finding.key for finding in found if finding.rule == "parent"} == {
        "layers.cgroup",
        "limits.memory",
        "seccomp.kill",
    }


def test_same_fault_is_told_once(found: Found) -> None:
    """What is too wide in itself is not told again as weaker than the parent."""
    text = 'limits.memory = "none"\nlayers.landlock = "off"\nseccomp.allow = ["bpf"]\nfilesystem.write = ["/etc"]\n'
    findings = found(text)
    assert sorted(finding.rule for finding in findings) == ["call", "layer", "no-limit", "path"]
    assert [finding.grade for finding in findings] == ["escape", "escape", "risk", "risk"]


def test_profile_below_a_folder_that_it_lets_be_written_is_an_escape(write: Write) -> None:
    path = write("p.toml", 'extends = "default@1"\n')
    write("p.toml", f'extends = "default@1"\n[filesystem]\nwrite = ["{os.path.dirname(path)}"]\n')
    policy = read(path, uid=os.geteuid(), home=None, config_home=None)
    assert [(f.rule, f.grade, f.line) for f in escapes(policy)] == [("paths", "escape", 4)]


def test_profile_under_which_nothing_can_start_is_told(write: Write, use: Use) -> None:
    policy = use(write("p.toml", '[seccomp]\nallow = ["read", "write"]\n'))
    assert "execve is not allowed" in next(f.message for f in check(policy, None) if f.rule == "contradiction")


def test_families_that_no_rule_keeps_out_are_escapes(use: Use) -> None:
    """As a rule that was lost would leave it."""
    policy = use("default")
    kept: tuple[ArgRule, ...] = tuple(rule for rule in policy.seccomp.rules if rule.group != "socket-family")
    found = escapes(policy._replace(seccomp=policy.seccomp._replace(rules=kept)))
    assert {finding.rule for finding in found} == {"family"}
    said = " ".join(finding.message for finding in found)
    assert all(family in said for family in ("AF_ALG", "AF_RXRPC", "AF_VSOCK"))


def test_call_is_an_escape_whoever_put_it_there(use: Use) -> None:
    """A policy that a program has made up says not where its calls are from."""
    policy = use("default")
    wider = policy._replace(seccomp=policy.seccomp._replace(allow=(*policy.seccomp.allow, "bpf", "ptrace")))
    found = escapes(wider._replace(origins=()))
    assert {finding.message.partition(":")[0] for finding in found} == {"allows bpf", "allows ptrace"}


def test_secret_is_not_repeated(found: Found) -> None:
    findings = found('process.env.TOKEN = "ghp_0123456789012345678901234567890123456"\n')
    assert findings
    assert "ghp_" not in "".join(finding.message + finding.advice for finding in findings)


def test_every_rule_has_a_test() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [rule for rule in RULES if f'"{rule}"' not in text] == []
