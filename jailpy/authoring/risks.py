"""What it means when a profile lets something through: a grade, and words that say what it is good for.

"escape": a known way out of a jail, or past what watches it. "risk": it weakens the jail, or hands over what is worth
something. "note": wider than it was, and in itself harmless.
"""

from __future__ import annotations

from jailpy.abi.constants import CONSTANTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpy.authoring.calls import Calls
    from jailpy.model.policy import Policy

GRADES = ("note", "risk", "escape")  # the mildest first

# By the groups of profiles/sets/refused.toml, beside those that are in @escape.
_ESCAPES = ("clone3", "io-uring", "splice", "userfaultfd")
_NOTES = (
    "inotify", "io-priority", "mlock", "numa", "pkey", "posix-mq", "scheduling", "signalfd", "sysv-ipc", "tkill",
)  # fmt: skip
_CALLS = {"open_tree_attr": "escape"}  # newer than what its group is about
_KNOWN_FOR = {
    "splice": "CVE-2026-31431 class",
    "namespaces": "CVE-2026-43284 class",
    "clone3": "CVE-2026-43284 class, as it makes user namespaces",
    "file-handles": "how the exploit shocker left containers",
}
_FAMILIES = {
    "AF_ALG": ("escape", "CVE-2026-31431 class: with it files that are only read were written"),
    "AF_RXRPC": ("escape", "CVE-2026-43500 class: with it files that are only read were written"),
    "AF_NETLINK": ("risk", "CVE-2026-43284 class: much of the kernel, of which the rules let routes through"),
    "AF_VSOCK": ("escape", "no namespace holds it: it reaches the hypervisor and other machines"),
}
_OTHER_FAMILY = ("risk", "kernel code that few use and attacks do")
_NAMES = {value: name for name, value in CONSTANTS.items() if name.startswith("AF_")} | {1: "AF_UNIX", 16: "AF_NETLINK"}
USUAL = ("AF_UNIX", "AF_INET", "AF_INET6")

_LAYERS_THAT_HOLD = ("namespaces", "rootfs", "capabilities", "no-new-privs", "seccomp")
_SETTINGS = {
    "filesystem.base": ("risk", "the host's programs are there, and can be run where exec is allowed"),
    "filesystem.sockets": ("risk", "whoever listens at a socket that is shared is within reach, even read-only"),
    "filesystem.proc": ("note", ""),
    "network.loopback": ("note", "sockets of the Internet families, which reach nothing but the jail itself"),
    "python.interpreter": ("note", "the code of another interpreter"),
    "python.venv": ("note", "the packages of an environment"),
    "python.without": ("note", "modules that were left out"),
}


def of_calls(calls: Calls, wanted: Iterable[str]) -> list[tuple[str, str, tuple[str, ...]]]:
    """Grade, words and calls for each kind of these calls; those that Python needs are of one kind, a note."""
    kinds: dict[tuple[str, str], list[str]] = {}
    groups = {call: group for when, group in calls.catalogue.refuse if not when for call in group.calls}
    for call in sorted(wanted):
        group = groups.get(call)
        if group is None:
            kinds.setdefault(("note", "among what Python needs"), []).append(call)
            continue
        escape = group.group in _ESCAPES or call in calls.catalogue.sets["escape"]
        grade = "escape" if escape else "note" if group.group in _NOTES else "risk"
        known = _KNOWN_FOR.get(group.group, "")
        words = f"{group.why}; {known}" if known else group.why
        kinds.setdefault((_CALLS.get(call, grade), words), []).append(call)
    return [(grade, words, tuple(names)) for (grade, words), names in kinds.items()]


def families(policy: Policy) -> frozenset[str]:
    """The families of sockets that the rules let through; none where socket is refused."""
    if "socket" not in policy.seccomp.allow:
        return frozenset()
    found = set(_NAMES)
    for rule in policy.seccomp.rules:
        tests = dict(rule.conditions).get("socket", ()) if not rule.when else ()
        for test in tests:
            if test.name != "domain" or (rule.refuse and len(tests) > 1):
                continue
            named = {value for value in found if value & test.mask in test.values}
            found = named if (test.op == "in") != rule.refuse else found - named
    return frozenset(_NAMES[value] for value in found)


def of_family(family: str) -> tuple[str, str]:
    """Grade and words for a family of sockets."""
    return ("note", "") if family in USUAL else _FAMILIES.get(family, _OTHER_FAMILY)


def beyond_usual(policy: Policy) -> list[str]:
    """The families that a policy lets through and the profile ``default`` does not."""
    return sorted(families(policy) - set(USUAL))


def of_setting(key: str, new: object) -> tuple[str, str]:
    """Grade and words for a key that was set to something wider."""
    table, _, name = key.partition(".")
    if table == "layers":
        grade = "escape" if new == "off" and name in _LAYERS_THAT_HOLD else "risk"
        return grade, "the jail goes without this layer" + ("" if new == "off" else " where the host has it not")
    if table == "limits":
        return ("risk", "nothing limits it") if new is None else ("note", "")
    if key == "overrides.widen":
        return ("risk", "whoever runs it may widen anything") if "*" in str(new) else ("note", "")
    return _SETTINGS.get(key, ("note", ""))
