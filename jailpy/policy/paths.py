"""Paths that a profile gives to a jail, and which of them cannot go together."""

from __future__ import annotations

import os

from jailpy.policy.problems import Problems
from jailpy.policy.values import UnfitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpy.model.policy import Policy

OURS = ("/proc", "/dev")  # the jail has its own, hardened; a host's /proc leads back to the host


def split(entry: str) -> tuple[str, str]:
    """The host's path and the jail's of "/host" or "/host:/jail"; the last ``:/`` splits."""
    host, colon, jail = entry.rpartition(":/")
    return (host, f"/{jail}") if colon else (entry, entry)


def inside(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def plain_path(path: str) -> bool:
    """Absolute, normalised, without ``..`` and NUL."""
    return path.startswith("/") and not path.startswith("//") and os.path.normpath(path) == path and "\0" not in path


def path_entry(value: object) -> str:
    """A check: "/host" or "/host:/jail"."""
    if type(value) is not str:
        raise UnfitError('a path: "/host" or "/host:/jail"')
    host, jail = split(value)
    if not (plain_path(host) and plain_path(jail)):
        raise UnfitError('an absolute path, normalised and without "..": "/host" or "/host:/jail"')
    if "/" in (host, jail):
        raise UnfitError("a path other than the whole root")
    if inside("/run/jailpy", jail) or inside(jail, "/run/jailpy"):
        raise UnfitError("a place other than /run/jailpy in the jail, and the folders above it")
    if inside(host, "/proc") or any(inside(jail, own) for own in OURS):
        raise UnfitError("a path outside /proc and /dev, of which the jail has its own")
    return value


def check_paths(policy: Policy, *, writable: tuple[str, ...] = ()) -> None:
    """Refuse what would let a jail change what it, or a later one, is given; symlinks are followed first.

    ``writable``: host folders that this run may write beyond the policy's, such as a workspace.
    Raises ProfileError with a line for each of: a host path inside (or the same as) a writable one, two host paths
    at one place in the jail, a profile below a writable path.
    """
    problems = Problems()
    for source, line, key, message in conflicts(policy, writable):
        problems.add(source, line, key, message)
    problems.check()


def conflicts(policy: Policy, writable: tuple[str, ...] = ()) -> Iterator[tuple[str, int, str, str]]:
    """What ``check_paths`` refuses, each with its file, line and key."""
    places = {origin.key: (origin.source, origin.line) for origin in policy.origins}
    entries = [("filesystem.read", index, entry) for index, entry in enumerate(policy.filesystem.read)]
    entries += [("filesystem.write", index, entry) for index, entry in enumerate(policy.filesystem.write)]
    given = [(f"{key}[{index}]", entry) for key, index, entry in entries]
    real = {key: os.path.realpath(split(entry)[0]) for key, entry in given}
    open_folders = [(key, real[key], split(entry)[0]) for key, entry in given if key.startswith("filesystem.write")]
    open_folders += [("", os.path.realpath(folder), folder) for folder in writable]
    targets: dict[str, str] = {}
    for key, entry in given:
        host, jail = split(entry)
        place = places.get(key, (policy.source, 0))
        for folder_key, folder, name in open_folders:
            if key != folder_key and inside(real[key], folder):
                yield *place, key, f"{host!r} lies inside {name!r}, which the jail may write"
        if targets.setdefault(jail, host) != host:
            yield *place, key, f"{host!r} and {targets[jail]!r} cannot both be at {jail!r} in the jail"
    for profile in policy.chain:
        for key, folder, name in open_folders:
            if inside(profile, folder):
                message = f"the profile {profile!r} lies inside {name!r}, which the jail may write"
                yield *places.get(key, (policy.source, 0)), key, message
