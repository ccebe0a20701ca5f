"""Reads a profile: finds it, follows its ancestors, merges, checks, and gives back one Policy."""

from __future__ import annotations

import os

from jailpy.errors import ProfileError
from jailpy.model.policy import (
    FilesystemPolicy,
    LimitsPolicy,
    NetworkPolicy,
    Policy,
    ProcessPolicy,
    PythonPolicy,
    SeccompPolicy,
)
from jailpy.policy import schema
from jailpy.policy.compiled import with_digest
from jailpy.policy.document import Document, parse
from jailpy.policy.lookup import Place, folders, locate
from jailpy.policy.merge import Merged
from jailpy.policy.paths import check_paths
from jailpy.policy.problems import Problems
from jailpy.policy.settings import Settings
from jailpy.policy.shipped import GENERATIONS, is_shipped
from jailpy.policy.trust import read_regular, read_trusted, unreadable
from jailpy.policy.values import UnfitError, found, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEEPEST = 16  # profiles in one chain


def load(name_or_path: str, *, uid: int, home: str | None, config_home: str | None) -> Policy:
    """The effective policy of a profile, as ``uid`` may use it.

    ``home`` and ``config_home`` are the caller's HOME and XDG_CONFIG_HOME; they mean nothing for root. Raises
    ProfileError with every problem of the whole chain, or with the one that kept a file from being read.
    """
    policy = read(name_or_path, uid=uid, home=home, config_home=config_home)
    check_paths(policy)
    return policy


def read(name_or_path: str, *, uid: int, home: str | None, config_home: str | None) -> Policy:
    """The same, whether or not its paths can go together."""
    problems = Problems()
    chain = _chain(name_or_path, folders(uid, home, config_home), uid, problems)
    merged = Merged()
    for document in reversed(chain):
        merged.lay(document, Settings(document, problems).values)
    seccomp = _seccomp(chain[0], merged, problems)
    problems.check()
    return _policy(chain, merged, seccomp)


def _chain(name: str, search: tuple[str, ...], uid: int, problems: Problems) -> list[Document]:
    """The named profile and its ancestors, nearest first."""
    chain = [_read(locate(name, search), uid)]
    while "extends" in chain[-1].table:
        heir = chain[-1]
        place = _parent(heir, problems)
        if place is None:
            break
        document = _read(place, uid)
        met = [earlier.path for earlier in chain]
        if document.path in met:
            circle = " → ".join(map(shown, (*met[met.index(document.path) :], document.path)))
            raise ProfileError(f"{shown(heir.path)}:{heir.line('extends')}: extends: a circle: {circle}")
        if len(chain) == DEEPEST:
            raise ProfileError(f"{shown(chain[0].path)}: extends: a chain of more than {DEEPEST} profiles")
        chain.append(document)
    return chain


def _parent(heir: Document, problems: Problems) -> Place | None:
    """What ``extends`` names: a generation of a shipped profile, or a file beside this one."""
    value = heir.table["extends"]
    if type(value) is str and "/" in value and "\0" not in value:
        return Place(path=os.path.join(os.path.dirname(heir.path), value), shipped=False)
    current = tuple(f"{name}@{generation}" for name, generation in GENERATIONS.items())
    if type(value) is str and value in current:
        return locate(value, ())
    unfit = UnfitError('a generation such as "default@1", or a file such as "./base.toml"', options=current)
    problems.unfit(heir.path, heir.line("extends"), "extends", value, unfit)
    return None


def _read(place: Place, uid: int) -> Document:
    if not place.shipped:
        real, data = read_trusted(place.path, uid)
        return parse(real, data, shipped=is_shipped(real))
    try:
        real = os.path.realpath(place.path)
        return parse(real, read_regular(real), shipped=True)
    except OSError as error:
        raise unreadable(place.path, error) from None


def _seccomp(named: Document, merged: Merged, problems: Problems) -> SeccompPolicy:
    """The rules for system calls, with the sets resolved."""
    from jailpy.policy.seccomp_sets import resolve

    def problem(key: str, message: str) -> None:
        origin = merged.origin(key)
        source, line = (origin.source, origin.line) if origin else (named.path, 0)
        problems.add(source, line, key, message)

    lists = merged.table("seccomp")
    allow, remove, kill = (tuple(lists.get(key, ())) for key in ("allow", "remove", "kill"))  # type: ignore[arg-type, var-annotated]
    if not allow and merged.values.get("layers.seccomp") != "off":
        problem("seccomp.allow", 'nothing is allowed; write allow = ["@python"], or extends = "default@1"')
    for index, name in enumerate(allow):
        if name in remove:
            origin = merged.origins[f"seccomp.remove[{remove.index(name)}]"]
            problem(f"seccomp.allow[{index}]", f"{found(name)} is removed by {shown(origin.source)}:{origin.line}")
    args: dict[str, dict[str, object]] = {}
    for key, value in merged.table("seccomp.args").items():
        call, _, argument = key.partition(".")
        args.setdefault(call, {})[argument] = value
    return resolve(allow, remove, kill, args, problem)


def _policy(chain: list[Document], merged: Merged, seccomp: SeccompPolicy) -> Policy:
    named = chain[0]
    stem = os.path.basename(named.path).removesuffix(".toml")
    layers = {layer: "preferred" if layer in schema.PREFERRED else "required" for layer in schema.LAYERS}
    layers.update(merged.table("layers"))  # type: ignore[arg-type]  # a check made them strings
    env = tuple(sorted(merged.table("process.env").items()))
    policy = Policy(
        name=str(named.table.get("name", shown(stem))),
        source=named.path,
        chain=tuple(document.path for document in chain),
        layers=tuple(layers.items()),
        python=PythonPolicy(**_fields(merged, "python")),
        filesystem=FilesystemPolicy(**_fields(merged, "filesystem")),
        network=NetworkPolicy(**_fields(merged, "network")),
        process=ProcessPolicy(**_fields(merged, "process"))._replace(env=env),  # type: ignore[arg-type]
        limits=LimitsPolicy(**_fields(merged, "limits")),
        seccomp=seccomp,
        widen=merged.values.get("overrides.widen", ()),  # type: ignore[arg-type]
        sha256="",
        origins=tuple(merged.origins.values()),
    )
    return with_digest(policy)


def _fields(merged: Merged, table: str) -> dict[str, Any]:
    """The values of one table by the names that the model gives them."""
    settings = ((key, value) for key, value in merged.values.items() if key.startswith(f"{table}."))
    return {schema.field_of(key)[1]: value for key, value in settings if key in schema.SETTINGS}
