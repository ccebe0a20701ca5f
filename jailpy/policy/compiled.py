"""A Policy as plain tuples, for a cache that marshal writes, and its digest."""

from __future__ import annotations

from jailpy import system as os
from jailpy.model.policy import (
    ArgRule,
    Condition,
    FilesystemPolicy,
    LimitsPolicy,
    NetworkPolicy,
    Origin,
    Policy,
    ProcessPolicy,
    PythonPolicy,
    RefuseGroup,
    SeccompPolicy,
)
from jailpy.policy.digest import digest
from jailpy.policy.shipped import sets_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

WHENCE = ("name", "source", "chain", "origins", "sha256")  # not policy: where it stands
UNSET = (None, "", ())  # each field has one of these at most, so that leaving it out says the same
WORDS = ("why", "text")  # not policy: how a rule explains itself


def dump(policy: Policy) -> tuple[Any, ...]:
    """Nested tuples of str, int, float, bool and None, which marshal takes."""
    return tuple(map(_plain, policy))


def _plain(value: Any) -> Any:
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value


def restore(plain: Any) -> Policy:
    """The Policy that ``dump`` was given."""
    policy = Policy._make(plain)
    seccomp = SeccompPolicy._make(policy.seccomp)
    return policy._replace(
        python=PythonPolicy._make(policy.python),
        filesystem=FilesystemPolicy._make(policy.filesystem),
        network=NetworkPolicy._make(policy.network),
        process=ProcessPolicy._make(policy.process),
        limits=LimitsPolicy._make(policy.limits),
        seccomp=seccomp._replace(
            rules=tuple(map(_rule, seccomp.rules)), refuse=tuple(map(RefuseGroup._make, seccomp.refuse))
        ),
        origins=tuple(map(Origin._make, policy.origins)),
    )


def _rule(plain: Any) -> ArgRule:
    rule = ArgRule._make(plain)
    conditions = tuple((call, tuple(map(Condition._make, tests))) for call, tests in rule.conditions)
    return rule._replace(conditions=conditions)


def evidence(policy: Policy) -> tuple[str, ...]:
    """The files that the policy came from: the profiles, the folder of the sets and each file in it."""
    folder = sets_dir()
    return (*policy.chain, folder, *(f"{folder}/{name}" for name in sorted(os.listdir(folder))))


def with_digest(policy: Policy) -> Policy:
    """The policy with the SHA-256 of what it permits; neither its name nor the files it stands in change that."""
    return policy._replace(sha256=digest(repr(_canonical(policy)).encode("utf-8", "surrogateescape")))


def _canonical(value: object) -> object:
    """Records as (field, value) pairs, less what is not set: a key that a later version adds changes no old digest."""
    if hasattr(value, "_asdict"):
        pairs = value._asdict().items()
        kept = (field for field, item in pairs if field not in (*WHENCE, *WORDS) and item not in UNSET)
        return tuple((field, _canonical(getattr(value, field))) for field in kept)
    if isinstance(value, tuple):
        return tuple(map(_canonical, value))
    return value
