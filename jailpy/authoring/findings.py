"""What ``jailpy profile check`` finds, and what each of its rules is about."""

from __future__ import annotations

from jailpy.authoring.risks import GRADES
from jailpy.model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from jailpy.model.policy import Policy

RULES = {
    "call": "a system call is allowed that leads out of a jail, or weakens it",
    "family": "sockets of a family that few use and attacks do",
    "layer": "a layer of the jail may be missing",
    "base": "the host's programs are in the jail",
    "sockets": "shared folders may hold sockets, FIFOs and devices",
    "no-limit": "a limit is lifted",
    "widen": "options of the command line may widen anything",
    "path": "a path that others execute, believe, or keep keys in",
    "paths": "paths that cannot go together, so that no run starts",
    "parent": "weaker than the profile that it extends",
    "contradiction": "what one key says another takes back",
    "no-effect": "a line that changes nothing",
    "needs-cgroup": "a limit that only a cgroup keeps, and the profile does not require one",
    "secret": "a secret in the environment that the profile gives",
}


class Finding(Record):
    rule: str  # one of RULES
    grade: str  # "escape" | "risk" | "note"
    key: str  # dotted, with the number of the item in a list
    source: str  # the file that says so, which may be one that is extended
    line: int  # 0 where no line says so
    message: str
    advice: str  # what to do


class Places:
    """Where the keys of a policy stand."""

    def __init__(self, policy: Policy) -> None:
        self._source = policy.source
        self._places = {origin.key: (origin.source, origin.line) for origin in policy.origins}

    def finding(self, rule: str, grade: str, key: str, message: str, advice: str) -> Finding:
        """A finding about a key."""
        source, line = self._places.get(key, (self._source, 0))
        return Finding(rule=rule, grade=grade, key=key, source=source, line=line, message=message, advice=advice)

    def said_in(self, key: str) -> str:
        """The file in which a key stands; "" for none."""
        return self._places.get(key, ("", 0))[0]


def ordered(found: Iterable[Finding]) -> list[Finding]:
    """Each once, the gravest first, then by file and line."""
    return sorted(
        dict.fromkeys(found), key=lambda one: (-GRADES.index(one.grade), one.source, one.line, one.key, one.message)
    )
