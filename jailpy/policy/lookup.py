"""Which file a profile's name means."""

from __future__ import annotations

import os

from jailpy.errors import ProfileError
from jailpy.model.record import Record
from jailpy.policy.schema import profile_name
from jailpy.policy.shipped import GENERATIONS, shipped_path
from jailpy.policy.values import UnfitError, shown

ADMIN = "/etc/jailpy/profiles"


class Place(Record):
    """A profile's file; a shipped one is part of jailpy, so it is trusted as jailpy's own code is."""

    path: str
    shipped: bool


def folders(uid: int, home: str | None, config_home: str | None) -> tuple[str, ...]:
    """Where bare names are looked up after the shipped ones; root reads only root's, whatever HOME says under sudo."""
    if uid == 0:
        return (ADMIN,)
    if not (config_home and config_home.startswith("/")):  # the XDG specification: a relative one is ignored
        config_home = f"{home}/.config" if home and home.startswith("/") else None
    return (ADMIN, f"{config_home}/jailpy/profiles") if config_home else (ADMIN,)


def locate(name: str, search: tuple[str, ...]) -> Place:
    """The file of ``NAME``, ``NAME@GENERATION`` or a path, which has a slash; raises ProfileError if there is none.

    A bare name never means the current folder. The first folder that has it decides, even if the file is then refused.
    """
    if "/" in name:
        return Place(path=_checked(name), shipped=False)
    bare, pinned, generation = name.partition("@")
    if bare in GENERATIONS:
        if pinned and generation != str(GENERATIONS[bare]):
            raise ProfileError(
                f"this jailpy has no generation {shown(generation)!s} of the profile {bare}",
                hint=f"it has {bare}@{GENERATIONS[bare]}",
            )
        return Place(path=shipped_path(bare), shipped=True)
    _refuse_odd(name, bare, pinned)
    for folder in search:
        path = f"{folder}/{bare}.toml"
        if os.path.lexists(path):
            return Place(path=path, shipped=False)
    raise ProfileError(f"there is no profile {bare}", hint=_hint(bare, search))


def _checked(path: str) -> str:
    if "\0" in path:
        raise ProfileError(f"the profile's path {path!r} has a NUL byte")
    return path


def _refuse_odd(name: str, bare: str, pinned: str) -> None:
    try:
        profile_name(bare)
    except UnfitError as unfit:
        raise ProfileError(f"{name!r} is not a profile: expected {unfit.expected}, or a path with a slash") from None
    if pinned:
        raise ProfileError(f"{name}: only the profiles that come with jailpy have generations")


def _hint(bare: str, search: tuple[str, ...]) -> str:
    from jailpy.policy.problems import did_you_mean

    near = did_you_mean(bare, GENERATIONS)
    if not near and os.path.lexists(f"{bare}.toml" if not bare.endswith(".toml") else bare):
        near = f"; a file in this folder is named with a slash: ./{bare.removesuffix('.toml')}.toml"
    return f"looked in {', '.join(('the shipped ones', *map(shown, search)))}{near}"
