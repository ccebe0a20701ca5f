"""What is mounted where in the new root, and which folders and placeholders that takes."""

from __future__ import annotations

import os

from jailpy.errors import UsageError
from jailpy.model.interpreter import Link, Tree
from jailpy.model.record import Record

_SCRATCH = ("/tmp", "/work", "/dev/shm")
_ALWAYS = ("/tmp", "/work", "/dev", "/dev/shm", "/proc", "/etc", "/run", "/run/jailpy", "/plugin")


class Entry(Record):
    tree: Tree
    identity: tuple[int, int] | None
    writable: bool


class Contents:
    """Mounts in the order in which they must be made: what lies above comes first."""

    def __init__(self, links: tuple[Link, ...]) -> None:
        self._links = {link.path: link.value for link in links}
        self._entries: dict[str, Entry] = {}

    def add(self, tree: Tree, identity: tuple[int, int] | None, *, writable: bool) -> None:
        """Mount ``tree``; its target is taken through the root's own links, whatever they are named."""
        target = self._through_links(tree.target)
        known = self._entries.get(target)
        if known is not None and (known.tree.source, known.writable) != (tree.source, writable):
            raise UsageError(f"{target} in the jail is asked for twice: {known.tree.source} and {tree.source}")
        above = self._above(target)
        if above is not None and not _holds(above, target):
            message = (
                f"{tree.source} cannot appear at {target}: {above.tree.source} is mounted above it and has no such path"
            )
            raise UsageError(message, hint="choose another place: --read HOST:JAIL")
        self._entries[target] = Entry(tree=tree._replace(target=target), identity=identity, writable=writable)

    @property
    def entries(self) -> list[Entry]:
        return [self._entries[path] for path in sorted(self._entries)]

    def links(self, more: tuple[Link, ...]) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
        """The links of the tmpfs, and those below /tmp, /work and /dev/shm; ``more`` where nothing else is."""
        taken = [*self._links, *self._entries]
        free = (link for link in more if not any(path.startswith(link.path) for path in taken))
        links = sorted([*self._links.items(), *((link.path, link.value) for link in free)])
        own = tuple(link for link in links if not _below(link[0], _SCRATCH))
        return own, tuple(link for link in links if _below(link[0], _SCRATCH))

    def inside_scratch(self) -> list[Entry]:
        """Mounts below /tmp, /work or /dev/shm, whose mount points are made there."""
        return [
            entry
            for entry in self.entries
            if _below(entry.tree.target, _SCRATCH) and self._above(entry.tree.target) is None
        ]

    def folders(self, *groups: list[str] | tuple[str, ...]) -> tuple[tuple[str, int], ...]:
        """Every folder of the tmpfs, parents first; ``groups`` name what else stands in it, folders with a /."""
        wanted = set(_ALWAYS)
        for path in (p for group in groups for p in group):
            wanted |= set(_parents(path))
        for entry in self._own():
            wanted |= set(_parents(entry.tree.target + ("/" if entry.tree.kind == "dir" else "")))
        return tuple((path, 0o755) for path in sorted(wanted))

    def placeholders(self, devices: tuple[tuple[str, int, int], ...]) -> tuple[str, ...]:
        """Empty files of the tmpfs that files are mounted on."""
        files = [entry.tree.target for entry in self._own() if entry.tree.kind == "file"]
        return (*files, *(f"/dev/{name}" for name, _, _ in devices))

    def _own(self) -> list[Entry]:
        return [e for e in self.entries if self._above(e.tree.target) is None and not _below(e.tree.target, _SCRATCH)]

    def _above(self, target: str) -> Entry | None:
        for parent in reversed(_parents(target)):
            if parent in self._entries:
                return self._entries[parent]
        return None

    def _through_links(self, target: str) -> str:
        parts = target.strip("/").split("/")
        at = ""
        for _ in range(64):
            for number in range(1, len(parts)):
                at = "/" + "/".join(parts[:number])
                if at in self._links:
                    value = os.path.normpath(os.path.join(os.path.dirname(at), self._links[at]))
                    parts = [*value.strip("/").split("/"), *parts[number:]]
                    break
            else:
                return "/" + "/".join(parts)
        raise UsageError(f"{target}: too many symbolic links in the jail's root")


def _parents(path: str) -> list[str]:
    parts = path.strip("/").split("/") if path.endswith("/") else path.strip("/").split("/")[:-1]
    return ["/" + "/".join(parts[: number + 1]) for number in range(len(parts)) if parts[number]]


def _below(target: str, folders: tuple[str, ...]) -> bool:
    return any(target.startswith(folder + "/") for folder in folders)


def _holds(above: Entry, target: str) -> bool:
    rest = target[len(above.tree.target) :].lstrip("/")
    return above.tree.kind == "dir" and os.path.lexists(os.path.join(above.tree.source, rest))
