"""A policy as one TOML file that inherits nothing; what reads it comes to the very same policy."""

from __future__ import annotations

from itertools import groupby

from jailpy import __version__
from jailpy.authoring import effective, values
from jailpy.authoring.calls import ALLOW, KILL, Calls, home_of
from jailpy.errors import ProfileError
from jailpy.policy.schema import SCHEMA, profile_name
from jailpy.policy.shipped import GENERATIONS
from jailpy.policy.values import UnfitError
from jailpy.report.quote import for_comment, for_toml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jailpy.authoring.effective import Row
    from jailpy.model.policy import Policy

_WIDTH = 100
_THEN = "limits.output.then"


def frozen(policy: Policy) -> str:
    """The profile with everything that it inherits written out: each call by its name, each argument by its number.

    A later jailpy, whose sets may hold more, gives it nothing more. Raises ProfileError where no call is allowed.
    """
    calls = Calls(policy)
    allowed = (*sorted(calls.allowed), *calls.switches)
    if not allowed and dict(policy.layers)["seccomp"] != "off":
        raise ProfileError(f"the profile {policy.name} allows no system call", hint="nothing can be run under it")
    head = [
        for_comment(f"{policy.name}, frozen by jailpy {__version__}: it inherits nothing, and names no set of calls."),
        for_comment(f"Its policy has the digest {policy.sha256}"),
    ]
    kept = [row for row in effective.rows(policy) if row.key not in (ALLOW, KILL)]
    lists = {ALLOW: list(_by_set(calls, allowed)), KILL: list(_by_set(calls, sorted(calls.killed)))}
    return _document(policy, head, kept, lists, places=False)


def explained(policy: Policy) -> str:
    """The same for a person to read: calls folded into sets, and with each line the file and line that it is from."""
    rows = list(effective.rows(policy))
    head = [
        for_comment(f"{policy.name}, from {', '.join(policy.chain)}"),
        for_comment(f"Its policy has the digest {policy.sha256}"),
    ]
    kept = [row for row in rows if row.key not in (ALLOW, KILL)]
    lists = {key: list(_by_place([row for row in rows if row.key == key])) for key in (ALLOW, KILL)}
    return _document(policy, head, kept, lists, places=True)


def _name(policy: Policy, *, own: bool) -> str:
    """The profile's name; of a file of one's own one that it may have, or "" where it gets that of its file."""
    if policy.name in GENERATIONS:
        return f"{policy.name}-frozen" if own else policy.name
    try:
        return str(profile_name(policy.name))
    except UnfitError:
        return ""


def _document(
    policy: Policy, head: list[str], rows: list[Row], lists: dict[str, list[tuple[str, str]]], *, places: bool
) -> str:
    name = _name(policy, own=not places)
    lines = [*head, f"schema = {SCHEMA}", *([f"name = {for_toml(name)}"] if name else [])]
    tables: dict[str, list[str]] = {}
    for key in dict.fromkeys(row.key for row in rows):
        table, _, last = key.rpartition(".")
        if key != _THEN:  # stands with the size
            tables.setdefault(table, []).extend(_entry(last, [row for row in rows if row.key == key], rows, places))
    seccomp = [line for key, items in lists.items() if items for line in _list(key.rpartition(".")[2], items)]
    own = {table: content for table, content in tables.items() if table.startswith("seccomp.")}
    overrides = {"overrides": tables.pop("overrides")}
    before = {table: content for table, content in tables.items() if table not in own}
    for table, content in (before | {"seccomp": seccomp} | own | overrides).items():
        lines += ["", f"[{table}]", *content] if content else []
    return "\n".join(lines) + "\n"


def _entry(last: str, rows: list[Row], everything: list[Row], places: bool) -> Iterator[str]:
    """The lines of one key."""
    first = rows[0]
    comment = _place(first) if places else f"  {for_comment(first.note)}" if first.note else ""
    if first.key == "limits.output":
        then = next(row.written for row in everything if row.key == _THEN)
        yield f"output = {{ size = {first.written}, then = {then} }}{comment}"
    elif first.item and places:
        yield from _list(last, [(f"{row.written},", _place(row)) for row in rows])
    elif first.item:
        yield f"{last} = [{', '.join(row.written for row in rows)}]"
    else:
        yield f"{last} = {first.written}{comment}"


def _list(name: str, items: list[tuple[str, str]]) -> list[str]:
    """An array over several lines, of which each has its comment."""
    return [f"{name} = [", *(f"    {text}{comment}" for text, comment in items), "]"]


def _by_place(rows: list[Row]) -> Iterator[tuple[str, str]]:
    """The items of a list: a line for each set, single calls that came from one place together."""
    for _, group in groupby(rows, key=lambda row: row.value if row.value.startswith("@") else _place(row)):
        together = list(group)
        lines = list(_in_lines([row.value for row in together]))
        yield from ((line, _place(together[0]) if line is lines[-1] else "") for line in lines)


def _place(row: Row) -> str:
    """The comment that says where a row came from."""
    where = f"{row.source}:{row.line}" if row.source else "set by no profile: jailpy's own"
    meaning = f"{row.note}: " if row.key.startswith("seccomp.args.") and row.note else ""
    more = row.note if row.key == ALLOW else ""
    return f"  {for_comment(meaning + where + more)}"


def _by_set(calls: Calls, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Names in lines that are not too long, those of a set together."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault("" if name.startswith("@") else home_of(name, calls.catalogue), []).append(name)
    for group, members in sorted(groups.items()):
        if group:
            yield for_comment(f"{'of ' if len(members) < len(calls.catalogue.sets[group]) else ''}@{group}"), ""
        yield from ((line, "") for line in _in_lines(members))


def _in_lines(names: list[str]) -> Iterator[str]:
    """Items of an array in lines that are not too long."""
    line = ""
    for name in names:
        if line and len(line) + len(name) > _WIDTH:
            yield line.rstrip()
            line = ""
        line += f"{values.written(ALLOW, name)}, "
    yield line.rstrip()
