"""System calls as a profile names them: by sets where a set is whole."""

from __future__ import annotations

from functools import cache

from jailpy.policy.seccomp_catalogue import read_catalogue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpy.model.policy import Origin, Policy
    from jailpy.policy.seccomp_catalogue import Catalogue

ALLOW, REMOVE, KILL = "seccomp.allow", "seccomp.remove", "seccomp.kill"


_catalogue = cache(read_catalogue)  # many profiles may be looked at, and it stays the same


class Calls:
    """The system calls of one policy, and what the catalogue says of them. Raises ProfileError if that is damaged."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.catalogue = _catalogue()
        self.allowed = frozenset(policy.seccomp.allow)
        self.killed = frozenset(
            call for group in policy.seccomp.refuse if group.otherwise == "kill" for call in group.calls
        )

    @property
    def switches(self) -> tuple[str, ...]:
        """The sets that change rules or take away: they count although no call is in them."""
        known = {rule.when for rule in self.catalogue.rules} | {when for when, _ in self.catalogue.refuse}
        given = {origin.item for origin in self.items(ALLOW)} - {origin.item for origin in self.items(REMOVE)}
        return tuple(sorted(name for name in given & known if name.startswith("@")))

    def items(self, key: str) -> list[Origin]:
        """The items of ``seccomp.allow`` or ``seccomp.remove``, in order, with where each stands."""
        return [origin for origin in self.policy.origins if origin.key.startswith(f"{key}[")]

    def expanded(self, item: str) -> frozenset[str]:
        """The calls that an item of a list means."""
        return self.catalogue.sets[item[1:]] if item.startswith("@") else frozenset((item,))

    def folded(self, calls: Iterable[str]) -> list[tuple[str, frozenset[str]]]:
        """These calls as names and ``@sets``, each with what it stands for; the largest sets first, no call twice."""
        return fold(calls, self.catalogue)

    def sources(self, calls: frozenset[str]) -> list[Origin]:
        """The items of ``seccomp.allow`` that the first calls for, each for one of these at least."""
        waiting, found = set(calls), []
        for origin in self.items(ALLOW):
            brought = self.expanded(origin.item) & waiting
            if brought:
                found.append(origin)
                waiting -= brought
        return found


def fold(calls: Iterable[str], catalogue: Catalogue) -> list[tuple[str, frozenset[str]]]:
    """Calls as names and ``@sets``: a set of several calls that is whole stands for them."""
    left = set(calls)
    whole = sorted((-len(members), name) for name, members in catalogue.sets.items() if 1 < len(members) <= len(left))
    found = []
    for _, name in whole:
        members = catalogue.sets[name]
        if members <= left:
            found.append((f"@{name}", members))
            left -= members
    return [*found, *((call, frozenset((call,))) for call in sorted(left))]


def home_of(call: str, catalogue: Catalogue) -> str:
    """The smallest set that a call is in; "" for none."""
    return min(((len(members), name) for name, members in catalogue.sets.items() if call in members), default=(0, ""))[
        1
    ]
