"""Rules for arguments: the compiled filter and plain Python agree on every call that has one."""

from __future__ import annotations

import random
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jailpy.abi.constants import CONSTANTS
from jailpy.abi.syscalls import ARCHITECTURES
from jailpy.plan.filter import compile_filter
from tests.unit.seccomp.bpf import ALLOW, KILL_PROCESS, Stack, refused
from tests.unit.seccomp.policies import OWN_ARGS, POLICIES, expected, policy, resolved, ruled, stack, telling

ARCHES = tuple(ARCHITECTURES)
RUBBISH = 0xDEADBEEF << 32
AT_MOST = 1500  # combinations of telling values that are tried of one call

# (call, arguments, errno name or "allow"): each rule written down once more, by hand
TABLE = [
    ("socket", ("AF_UNIX", 1, 0), "allow"),
    ("socket", ("AF_INET", "SOCK_STREAM", "IPPROTO_TCP"), "allow"),
    ("socket", ("AF_INET6", 2 | CONSTANTS["SOCK_CLOEXEC"] | CONSTANTS["SOCK_NONBLOCK"], "IPPROTO_UDP"), "allow"),
    ("socket", (RUBBISH | 2, RUBBISH | 1, RUBBISH), "allow"),
    ("socket", ("AF_ALG", "SOCK_SEQPACKET", 0), "EAFNOSUPPORT"),
    ("socket", ("AF_NETLINK", "SOCK_RAW", "NETLINK_XFRM"), "EAFNOSUPPORT"),
    ("socket", ("AF_VSOCK", 1, 0), "EAFNOSUPPORT"),
    ("socket", ("AF_RXRPC", 2, 0), "EAFNOSUPPORT"),
    ("socket", ("AF_PACKET", "SOCK_RAW", 0), "EAFNOSUPPORT"),
    ("socket", (RUBBISH | 38, 5, 0), "EAFNOSUPPORT"),
    ("socket", ("AF_INET", "SOCK_RAW", 0), "EPROTONOSUPPORT"),
    ("socket", ("AF_INET", 1, "IPPROTO_MPTCP"), "EPROTONOSUPPORT"),
    ("socket", ("AF_INET", 1, "IPPROTO_SCTP"), "EPROTONOSUPPORT"),
    ("socketpair", ("AF_UNIX", "SOCK_SEQPACKET", 0), "allow"),
    ("socketpair", ("AF_NETLINK", 1, 0), "EAFNOSUPPORT"),
    ("socketpair", ("AF_VSOCK", 1, 0), "EAFNOSUPPORT"),
    ("ioctl", (0, "TCGETS"), "allow"),
    ("ioctl", (0, "FICLONE"), "allow"),
    ("ioctl", (0, RUBBISH | 0x5401), "allow"),
    ("ioctl", (0, "TIOCSTI"), "ENOTTY"),
    ("ioctl", (0, 1 << 32 | CONSTANTS["TIOCSTI"]), "ENOTTY"),
    ("ioctl", (0, "TIOCLINUX"), "ENOTTY"),
    ("ioctl", (0, "TCSETS"), "ENOTTY"),
    ("clone", (17,), "allow"),
    ("clone", (0x3D0F00,), "allow"),
    ("clone", ("CLONE_NEWUSER",), "EPERM"),
    ("clone", (RUBBISH | CONSTANTS["CLONE_NEWNS"] | 17,), "EPERM"),
    ("personality", (0xFFFFFFFF,), "allow"),
    ("personality", (RUBBISH | 0xFFFFFFFF,), "allow"),
    ("personality", (0x0400000,), "EPERM"),
    ("personality", (0x0040000,), "EPERM"),
    ("mknod", (0, "S_IFIFO"), "allow"),
    ("mknodat", (0, 0, RUBBISH | 0o644), "allow"),
    ("mknodat", (0, 0, CONSTANTS["S_IFREG"] | 0o600), "allow"),
    ("mknodat", (0, 0, "S_IFCHR"), "EPERM"),
    ("mknod", (0, "S_IFBLK"), "EPERM"),
    ("mknodat", (0, 0, CONSTANTS["S_IFREG"] | 0o4755), "EPERM"),
    ("prctl", ("PR_SET_NAME",), "allow"),
    ("prctl", ("PR_SET_PDEATHSIG",), "allow"),
    ("prctl", ("PR_SET_DUMPABLE",), "EPERM"),
    ("prctl", ("PR_SET_SECCOMP",), "EPERM"),
    ("prctl", ("PR_SET_SECUREBITS",), "EPERM"),
    ("prctl", ("PR_SET_MM",), "EPERM"),
    ("prctl", ("PR_SET_PTRACER",), "EPERM"),
    ("prctl", ("PR_CAP_AMBIENT",), "EPERM"),
    ("prctl", ("PR_SET_TSC",), "EPERM"),
    ("prctl", (RUBBISH | 4,), "EPERM"),
    ("prlimit64", (0, "RLIMIT_NOFILE", 0x7FFF0000, 0), "allow"),
    ("prlimit64", (1, "RLIMIT_CPU", 0, 0x7FFF0000), "allow"),
    ("prlimit64", (0, "RLIMIT_CORE", 0, 0x7FFF0000), "allow"),
    ("prlimit64", (1, "RLIMIT_CPU", 0x7FFF0000, 0), "EPERM"),
    ("prlimit64", (1, "RLIMIT_CPU", 1 << 40, 0), "EPERM"),
    ("prlimit64", (0, "RLIMIT_CORE", 1 << 40, 0), "EPERM"),
    ("prlimit64", (0, RUBBISH | 4, 0x7FFF0000, 0), "EPERM"),
    ("setrlimit", ("RLIMIT_NOFILE",), "allow"),
    ("setrlimit", ("RLIMIT_CORE",), "EPERM"),
    ("setrlimit", (RUBBISH | 4,), "EPERM"),
    ("setpriority", ("PRIO_PROCESS", 0), "allow"),
    ("setpriority", ("PRIO_PROCESS", 1), "EPERM"),
    ("setpriority", ("PRIO_USER", 0), "EPERM"),
    ("sched_setaffinity", (0,), "allow"),
    ("sched_setaffinity", (RUBBISH,), "allow"),
    ("sched_setaffinity", (1,), "EPERM"),
    ("chmod", (0, 0o777), "allow"),
    ("chmod", (0, 0o4777), "EPERM"),
    ("fchmod", (0, RUBBISH | 0x770000 | 0o644), "allow"),
    ("fchmod", (0, 0o6755), "EPERM"),
    ("fchmodat", (0, 0, 0o755), "allow"),
    ("fchmodat", (0, 0, 0o2755), "EPERM"),
    ("mkdir", (0, 0o700), "allow"),
    ("mkdir", (0, 0o2755), "EPERM"),
    ("mkdirat", (0, 0, 0o1777), "allow"),
    ("mkdirat", (0, 0, 0o4700), "EPERM"),
    ("creat", (0, 0o600), "allow"),
    ("creat", (0, 0o4755), "EPERM"),
    ("open", (0, "O_RDWR", 0o6777), "allow"),
    ("open", (0, "O_CREAT", 0o644), "allow"),
    ("open", (0, "O_CREAT", 0o4755), "EPERM"),
    ("openat", (0, 0, 0, 0xFFFFFFFF), "allow"),
    ("openat", (0, 0, RUBBISH | 0o100, 0o4755), "EPERM"),
    ("openat", (0, 0, CONSTANTS["__O_TMPFILE"] | 0o40000, 0o2755), "EPERM"),
    ("sendto", (0, 0, 0, "MSG_NOSIGNAL"), "allow"),
    ("sendto", (0, 0, 0, "MSG_OOB"), "EOPNOTSUPP"),
    ("sendmsg", (0, 0, 0), "allow"),
    ("sendmsg", (0, 0, "MSG_OOB"), "EOPNOTSUPP"),
    ("sendmmsg", (0, 0, 1, "MSG_DONTWAIT"), "allow"),
    ("sendmmsg", (0, 0, 1, "MSG_OOB"), "EOPNOTSUPP"),
    ("recvfrom", (0, 0, 0, "MSG_PEEK"), "allow"),
    ("recvfrom", (0, 0, 0, RUBBISH | 0x41), "EOPNOTSUPP"),
    ("recvmsg", (0, 1, RUBBISH | 2), "allow"),
    ("recvmsg", (0, 0, "MSG_OOB"), "EOPNOTSUPP"),
    ("recvmmsg", (0, 0, 1, 0), "allow"),
    ("recvmmsg", (0, 0, 1, "MSG_OOB"), "EOPNOTSUPP"),
    ("setsockopt", (0, "SOL_SOCKET", "SO_REUSEADDR"), "allow"),
    ("setsockopt", (0, "SOL_SOCKET", "SO_SNDBUF"), "allow"),
    ("setsockopt", (0, "SOL_TCP", "SO_ATTACH_FILTER"), "allow"),
    ("setsockopt", (0, "SOL_SOCKET", "SO_ATTACH_FILTER"), "EPERM"),
    ("setsockopt", (0, RUBBISH | 1, RUBBISH | 50), "EPERM"),
    ("setsockopt", (0, "SOL_TCP", "TCP_ULP"), "EPERM"),
    ("fcntl", (0, "F_SETLK"), "allow"),
    ("fcntl", (0, "F_SETLEASE"), "EPERM"),
    ("fcntl", (0, RUBBISH | CONSTANTS["F_NOTIFY"]), "EPERM"),
    ("mmap", (0, 4096, 3, 0x22), "allow"),
    ("mmap", (0, 4096, 3, 0x40022), "EPERM"),
    ("memfd_create", (0, "MFD_CLOEXEC"), "allow"),
    ("memfd_create", (0, "MFD_HUGETLB"), "EPERM"),
]


def numbers(arguments: tuple[int | str, ...]) -> tuple[int, ...]:
    """Six arguments, with constants looked up."""
    given = [CONSTANTS[argument] if isinstance(argument, str) else argument for argument in arguments]
    return (*given, *[0] * (6 - len(given)))


@pytest.mark.parametrize("arch", ARCHES)
@pytest.mark.parametrize(("call", "arguments", "answer"), TABLE)
def test_default_answers(call: str, arguments: tuple[int | str, ...], answer: str, arch: str) -> None:
    if call in ARCHITECTURES[arch]:
        found = stack("default", arch).answer(ARCHITECTURES[arch][call], numbers(arguments))
        assert found == refused(answer), f"{found:#x}"


def test_the_table_has_an_allowed_and_a_refused_call_for_every_rule() -> None:
    """A rule that someone adds must be written down by hand too."""
    tested = {(call, answer == "allow") for call, _, answer in TABLE}
    assert {call for call, _ in tested} == {*ruled(policy("default"), "x86_64")}
    assert len(tested) == 2 * len(ruled(policy("default"), "x86_64"))


@pytest.mark.parametrize("arch", ARCHES)
@pytest.mark.parametrize("name", POLICIES)
def test_telling_values(name: str, arch: str) -> None:
    """Allowed and refused values, their neighbours, single bits, and rubbish in the bits that the kernel ignores."""
    seccomp, filters, dice = policy(name), stack(name, arch), random.Random(name)
    for call in ruled(seccomp, arch):
        combinations = list(product(*telling(seccomp, call)))
        for arguments in dice.sample(combinations, min(AT_MOST, len(combinations))):
            number = ARCHITECTURES[arch][call]
            assert filters.answer(number, arguments) == expected(seccomp, arch, number, arguments), (call, arguments)


words = st.one_of(
    st.integers(0, (1 << 64) - 1), st.integers(0, 0xFFFF), st.sampled_from(sorted({*CONSTANTS.values()})),
    st.builds(lambda low, high: high << 32 | low, st.sampled_from(sorted({*CONSTANTS.values()})), st.integers(0, 3)),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(name=st.sampled_from(POLICIES), arch=st.sampled_from(ARCHES), data=st.data(), arguments=st.tuples(*[words] * 6))
def test_any_arguments(name: str, arch: str, data: st.DataObject, arguments: tuple[int, ...]) -> None:
    seccomp = policy(name)
    number = ARCHITECTURES[arch][data.draw(st.sampled_from(ruled(seccomp, arch)))]
    assert stack(name, arch).answer(number, arguments) == expected(seccomp, arch, number, arguments)


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(st.integers(0, 0xFFFFFFFF), min_size=1, max_size=12, unique=True),
    form=st.sampled_from(["in", "none-of", "none-of-flags", "any-of-flags"]),
    other=st.sampled_from([None, {"none-of": [7]}, [7, 9]]),
    arguments=st.tuples(*[words] * 3),
)
def test_any_rule_of_a_profile(values: list[int], form: str, other: object, arguments: tuple[int, ...]) -> None:
    """Whatever a profile may write compiles to what it means, conditions on several arguments too."""
    said = {form: [value | 1 for value in values]} if form.endswith("flags") else {form: values}
    args = {"seccomp": {"operation": said, **({"flags": other} if other else {})}, "shutdown": {"how": said}}
    seccomp = resolved("@python", "seccomp", args=args)
    filters = Stack(compile_filter(seccomp, "x86_64"), "x86_64")
    for call in ("seccomp", "shutdown"):
        for first in (*values, arguments[0]):
            given_ = (first, first if call == "shutdown" else arguments[1], arguments[2], 0, 0, 0)
            number = ARCHITECTURES["x86_64"][call]
            assert filters.answer(number, given_) == expected(seccomp, "x86_64", number, given_)


def test_terminal_requests_pass_only_where_the_plugin_has_a_terminal_of_its_own() -> None:
    number = ARCHITECTURES["x86_64"]["ioctl"]
    for request in ("TCSETS", "TCSETSW", "TCSETSF", "TIOCGPGRP", "TIOCSPGRP", "TIOCSWINSZ"):
        assert stack("default", "x86_64").answer(number, numbers((0, request))) == refused("ENOTTY")
        assert stack("circumstances", "x86_64").answer(number, numbers((0, request))) == ALLOW
    for request in ("TIOCSTI", "TIOCLINUX", "TIOCSCTTY", "TIOCCONS", "TIOCSETD"):
        assert stack("circumstances", "x86_64").answer(number, numbers((0, request))) == refused("ENOTTY")


def test_without_a_network_only_unix_sockets_are_left() -> None:
    number = ARCHITECTURES["x86_64"]["socket"]
    answers = {
        family: stack("circumstances", "x86_64").answer(number, (family, 1, 0, 0, 0, 0)) for family in (1, 2, 10)
    }
    assert answers == {1: ALLOW, 2: refused("EACCES"), 10: refused("EACCES")}


def test_under_the_memory_fallback_socket_buffers_keep_their_size() -> None:
    number = ARCHITECTURES["x86_64"]["setsockopt"]
    for option in ("SO_SNDBUF", "SO_RCVBUF", "SO_SNDBUFFORCE", "SO_RCVBUFFORCE"):
        arguments = numbers((3, "SOL_SOCKET", option))
        assert stack("circumstances", "x86_64").answer(number, arguments) == refused("ignore")


def test_a_profile_cannot_widen_a_shipped_rule() -> None:
    seccomp = resolved("@python", args={"socket": {"domain": ["AF_UNIX", "AF_NETLINK"]}})
    filters = Stack(compile_filter(seccomp, "x86_64"), "x86_64")
    answers = {
        family: filters.answer(ARCHITECTURES["x86_64"]["socket"], (family, 1, 0, 0, 0, 0)) for family in (1, 2, 16)
    }
    assert answers == {1: ALLOW, 2: refused("EPERM"), 16: refused("EAFNOSUPPORT")}


def test_netlink_route_opens_no_other_netlink() -> None:
    """Protocol 6 is TCP of AF_INET and XFRM of AF_NETLINK."""
    filters, number = stack("all-sets", "x86_64"), ARCHITECTURES["x86_64"]["socket"]
    assert filters.answer(number, numbers(("AF_NETLINK", "SOCK_RAW", "NETLINK_ROUTE"))) == ALLOW
    assert filters.answer(number, numbers(("AF_NETLINK", "SOCK_RAW", "NETLINK_XFRM"))) == refused("EPROTONOSUPPORT")
    assert filters.answer(number, numbers(("AF_INET", "SOCK_STREAM", "IPPROTO_TCP"))) == ALLOW


def test_strict_kills_what_only_an_attack_calls() -> None:
    filters = stack("strict", "x86_64")
    for call in (
        "mount",
        "unshare",
        "setns",
        "ptrace",
        "bpf",
        "pivot_root",
        "keyctl",
        "open_by_handle_at",
        "kexec_load",
    ):
        assert filters.answer(ARCHITECTURES["x86_64"][call]) == KILL_PROCESS


def test_strict_makes_threads_and_no_processes() -> None:
    filters, calls = stack("strict", "x86_64"), ARCHITECTURES["x86_64"]
    assert filters.answer(calls["clone"], (0x3D0F00, 0, 0, 0, 0, 0)) == ALLOW  # what glibc's threads are made with
    assert filters.answer(calls["clone"], (0x01200011, 0, 0, 0, 0, 0)) == refused("EPERM")  # what its fork does
    assert filters.answer(calls["fork"]) == filters.answer(calls["vfork"]) == refused("EPERM")


def test_own_rules_are_tried() -> None:
    assert {rule.group for rule in policy("own-rules").rules} >= {f"args-{call}" for call in OWN_ARGS}
