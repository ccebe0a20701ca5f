"""The shipped sets of system calls, the groups that are refused, and the rules for arguments: profiles/sets/*.toml."""

from __future__ import annotations

import os

from jailpy.errors import ProfileError
from jailpy.model.policy import ArgRule, RefuseGroup
from jailpy.model.record import Record
from jailpy.policy.seccomp_args import conditions
from jailpy.policy.shipped import sets_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Catalogue(Record):
    sets: dict[str, frozenset[str]]  # every name that may stand behind an @, refused groups too
    refuse: tuple[tuple[str, RefuseGroup], ...]  # with the set that switches the group on, or ""
    rules: tuple[ArgRule, ...]


def read_catalogue() -> Catalogue:
    """The catalogue; ProfileError if a file of it is missing or broken."""
    tables = {table: _read(file).get(table, {}) for table, file in FILES.items()}
    plain = {name: frozenset(body["calls"]) for name, body in tables["refuse"].items() if "when" not in body}
    return Catalogue(
        sets={**plain, **{name: _members(name, tables["set"], plain) for name in tables["set"]}},
        refuse=tuple((body.get("when", ""), _group(name, body)) for name, body in tables["refuse"].items()),
        rules=tuple(map(_rule, tables["rule"])),
    )


FILES = {"set": "python.toml", "refuse": "refused.toml", "rule": "arguments.toml"}


def _read(file: str) -> dict[str, Any]:
    import tomllib

    path = os.path.join(sets_dir(), file)
    try:
        with open(path, "rb") as stream:
            return tomllib.load(stream)
    except (OSError, ValueError) as error:
        raise ProfileError(f"{path}: {error}", hint="jailpy's own files are damaged; install it again") from None


def _members(name: str, sets: dict[str, Any], plain: dict[str, frozenset[str]]) -> frozenset[str]:
    """The calls of a set and of those that it includes."""
    if name in plain:
        return plain[name]
    included = (_members(item.removeprefix("@"), sets, plain) for item in sets[name].get("includes", ()))
    return frozenset(sets[name].get("calls", ())).union(*included)


def _group(name: str, body: dict[str, Any]) -> RefuseGroup:
    return RefuseGroup(group=name, calls=tuple(body["calls"]), otherwise=body["else"], why=body["why"])


def _rule(body: dict[str, Any]) -> ArgRule:
    refuse = "refuse" in body
    said = body["refuse" if refuse else "require"]
    key = f"rule {body['group']}"
    return ArgRule(
        group=body["group"],
        calls=tuple(body["calls"]),
        conditions=tuple((call, conditions(call, said, key, _broken)) for call in body["calls"]),
        otherwise=body["else"],
        refuse=refuse,
        why=body["why"],
        when=body.get("when", ""),
    )


def _broken(key: str, message: str) -> None:
    raise ProfileError(f"{sets_dir()}: {key}: {message}", hint="jailpy's own files are damaged; install it again")
