"""Sets and rules as profiles write them, and every fault of them told at once."""

from __future__ import annotations

import pytest

from jailpy.errors import ProfileError
from jailpy.model.policy import SeccompPolicy
from jailpy.policy import seccomp_catalogue
from jailpy.policy.seccomp_sets import resolve
from tests.unit.seccomp.policies import policy, resolved

SETS = (
    "python exec fork escape numa inotify sysv-ipc posix-mq mlock pkey xattr-write netlink-route signalfd self-sandbox"
    " no-exec single-process"
)


def faults(*allow: str, remove: tuple[str, ...] = (), kill: tuple[str, ...] = (), args=None) -> dict[str, str]:
    """The problems of a profile's seccomp table, by key."""
    told: dict[str, str] = {}
    resolve(allow, remove, kill, args or {}, told.__setitem__)
    return told


def group_of(seccomp: SeccompPolicy, call: str) -> tuple[str, str]:
    return next((group.group, group.otherwise) for group in seccomp.refuse if call in group.calls)


@pytest.mark.parametrize("name", SETS.split())
def test_the_set_exists(name: str) -> None:
    assert faults("@python", f"@{name}") == {}


def test_a_set_adds_its_calls_and_its_group_goes() -> None:
    seccomp = resolved("@python", "@inotify")
    assert "inotify_init1" in seccomp.allow
    assert "inotify" not in {group.group for group in seccomp.refuse}


def test_remove_beats_allow() -> None:
    seccomp = resolved("@python", "@numa", remove=("sendfile", "@numa"))
    assert not {"sendfile", "mbind"} & {*seccomp.allow}
    assert group_of(seccomp, "sendfile") == ("not-allowed", "EPERM")
    assert group_of(seccomp, "mbind") == ("numa", "EPERM")


def test_kill_beats_allow_and_errno() -> None:
    seccomp = resolved("@python", kill=("@escape", "sendfile", "inotify_init"))
    assert group_of(seccomp, "mount") == ("mount", "kill")
    assert group_of(seccomp, "sendfile") == ("not-allowed", "kill")
    assert group_of(seccomp, "inotify_init") == ("inotify-killed", "kill")
    assert group_of(seccomp, "inotify_init1") == ("inotify", "ENOSYS")


def test_narrowing_sets_take_away() -> None:
    seccomp = policy("strict")
    assert not {"execve", "execveat", "fork", "vfork"} & {*seccomp.allow}
    assert group_of(seccomp, "execve") == ("no-exec", "EPERM")
    assert group_of(seccomp, "fork") == ("single-process", "EPERM")
    assert "clone" in seccomp.allow


def test_a_narrowing_set_that_is_removed_narrows_no_more() -> None:
    assert resolved("@python", "@no-exec", remove=("@no-exec",)) == resolved("@python")


def test_a_set_that_only_changes_rules_changes_them() -> None:
    rules = {rule.group: rule for rule in resolved("@python", "@netlink-route").rules}
    assert "AF_NETLINK" in rules["socket-family"].conditions[0][1][0].text
    assert "netlink-protocol" in rules
    assert "netlink-protocol" not in {rule.group for rule in policy("default").rules}


def test_rules_of_calls_that_are_not_allowed_are_left_out() -> None:
    assert not [rule for rule in policy("strict").rules if "socket" in rule.calls]
    assert not [rule for rule in policy("default").rules if rule.group == "seccomp-listener"]
    assert [rule for rule in resolved("@python", "@self-sandbox").rules if rule.group == "seccomp-listener"]


def test_a_profile_says_what_an_argument_is_in_five_ways() -> None:
    args = {
        "socket": {"domain": "AF_UNIX", "type": ["SOCK_STREAM", 2], "else": "EAFNOSUPPORT"},
        "lseek": {"whence": {"none-of": [3]}},
        "mprotect": {"prot": {"none-of-flags": ["PROT_EXEC"]}},
        "open": {"flags": {"mask": "O_ACCMODE", "in": ["O_RDONLY"]}},
        "pipe2": {"flags": {"any-of-flags": ["O_CLOEXEC"]}},
    }
    rules = {rule.group: rule for rule in resolved("@python", args=args).rules}
    texts = {call: [test.text for test in rules[f"args-{call}"].conditions[0][1]] for call in args}
    assert texts == {
        "socket": ["domain is AF_UNIX", "type is SOCK_STREAM or 2"],
        "lseek": ["whence is not 3"],
        "mprotect": ["prot is without PROT_EXEC"],
        "open": ["flags & O_ACCMODE is O_RDONLY"],
        "pipe2": ["flags has O_CLOEXEC"],
    }
    assert rules["args-socket"].otherwise == "EAFNOSUPPORT"
    assert rules["args-lseek"].otherwise == "EPERM"


def test_the_type_of_a_socket_is_compared_without_its_flags() -> None:
    """Python makes every socket with SOCK_CLOEXEC."""
    rule = resolved("@python", args={"socket": {"type": "SOCK_STREAM"}}).rules[-1]
    assert rule.conditions[0][1][0].mask == 0xF


@pytest.mark.parametrize(
    ("given", "key", "message"),
    [
        ({"allow": ("@pyhton",)}, "seccomp.allow[0]", "found '@pyhton' (did you mean @python?)"),
        ({"allow": ("@python", "opneat")}, "seccomp.allow[1]", "found 'opneat' (did you mean openat?)"),
        ({"allow": ("fcntl64",)}, "seccomp.allow[0]", "expected a system call that is known, found 'fcntl64'"),
        ({"remove": ("@fil-io",)}, "seccomp.remove[0]", "(did you mean @file-io?)"),
        ({"kill": ("mountt",)}, "seccomp.kill[0]", "(did you mean mount?)"),
        ({"remove": ("execve",)}, "seccomp.remove", 'allow = ["@no-exec"]'),
        ({"kill": ("@exec",)}, "seccomp.kill", 'allow = ["@no-exec"]'),
        ({"args": {"sokcet": {"domain": 1}}}, "seccomp.args.sokcet", "(did you mean socket?)"),
        ({"args": {"getpid": {"pid": 1}}}, "seccomp.args.getpid.pid", "getpid has no named arguments"),
        ({"args": {"socket": {"domian": 1}}}, "seccomp.args.socket.domian", "(did you mean domain?)"),
        ({"args": {"socket": {"domain": "AF_UNX"}}}, "seccomp.args.socket.domain", "(did you mean AF_UNIX?)"),
        ({"args": {"open": {"flags": ["O_DIRECTORY"]}}}, "seccomp.args.open.flags", "depends on the architecture"),
        ({"args": {"socket": {"domain": True}}}, "seccomp.args.socket.domain", "found true"),
        ({"args": {"socket": {"domain": -1}}}, "seccomp.args.socket.domain", "found -1"),
        ({"args": {"socket": {"domain": 1.0}}}, "seccomp.args.socket.domain", "found 1.0"),
        ({"args": {"socket": {"domain": [[1]]}}}, "seccomp.args.socket.domain", "found an array"),
        ({"args": {"socket": {"domain": []}}}, "seccomp.args.socket.domain", "at least one value"),
        ({"args": {"socket": {"domain": 1 << 32}}}, "seccomp.args.socket.domain", "within the bits 0xffffffff"),
        ({"args": {"chmod": {"mode": {"mask": 0, "in": [0]}}}}, "seccomp.args.chmod.mode", "at least one bit"),
        ({"args": {"chmod": {"mode": {"mask": 1, "in": [2]}}}}, "seccomp.args.chmod.mode", "within the bits 0x1 that"),
        ({"args": {"chmod": {"mode": {"mask": 1}}}}, "seccomp.args.chmod.mode", "a table of: mask and in; none-of"),
        ({"args": {"chmod": {"mode": {}}}}, "seccomp.args.chmod.mode", "expected a value, an array of them"),
        ({"args": {"chmod": {"mode": 1, "else": "EPREM"}}}, "seccomp.args.chmod.else", "(did you mean EPERM?)"),
        ({"args": {"chmod": {"mode": 1, "else": 1}}}, "seccomp.args.chmod.else", "expected the name of an errno"),
        ({"args": {"chmod": {"else": "EPERM"}}}, "seccomp.args.chmod", "expected a condition on an argument"),
    ],
)
def test_a_fault_is_told_with_its_key(given: dict[str, object], key: str, message: str) -> None:
    told = faults(*given.pop("allow", ("@python",)), **given)
    assert list(told) == [key]
    assert message in told[key]


def test_all_faults_are_told_at_once() -> None:
    told = faults("@python", "nope", remove=("nor-this",), kill=("@or-this",), args={"socket": {"x": 1, "else": "E"}})
    assert set(told) == {
        "seccomp.allow[1]", "seccomp.remove[0]", "seccomp.kill[0]", "seccomp.args.socket.x", "seccomp.args.socket.else",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["[set.python", '[[rule]]\ngroup="x"\ncalls=["socket"]\nrequire={y=1}\nelse="EPERM"\nwhy=""']
)
def test_a_damaged_installation_is_named(text: str, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in ("python.toml", "refused.toml", "arguments.toml"):
        (tmp_path / file).write_text(text)
    monkeypatch.setattr(seccomp_catalogue, "sets_dir", lambda: str(tmp_path))
    with pytest.raises(ProfileError) as caught:
        seccomp_catalogue.read_catalogue()
    assert str(tmp_path) in caught.value.message
    assert "install it again" in caught.value.hint
