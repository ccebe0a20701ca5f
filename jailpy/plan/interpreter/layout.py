"""The shape of the jail's root: which host files stand where, and through which symlinks they are reached.

Python and the loader look things up by name, through chains of symlinks. Every link on the way is made
again in the jail and every mount sits at a real path, so a look-up ends where it ends on the host, and no
parent of a mount is ever a symlink.
"""

from __future__ import annotations

import os
import stat
from errno import EINVAL

from jailpy.errors import UsageError
from jailpy.model.interpreter import Link, Mask, Tree

_MOST_LINKS = 40  # of one path, as in the kernel: path_resolution(7)
_NOT_FILES = ("/proc", "/sys", "/dev")  # what stands there differs from process to process


class Layout:
    """Collects host paths and gives trees, links and masks that do not contradict each other."""

    def __init__(self) -> None:
        self._trees: dict[str, Tree] = {}
        self._links: dict[str, str] = {}
        self._masks: dict[str, Mask] = {}
        self._plain: set[str] = set()
        self._evidence: dict[str, None] = {}

    def add(self, path: str, why: str, *, below: str = "") -> str:
        """Mount the file or folder that ``path`` names, reachable by that name; gives its real path.

        ``below`` is for what somebody else made: a symlink in it must not open the rest of the host to the jail.
        """
        self.depends_on(path)
        real = self._follow(path)
        if below and not f"{real}/".startswith(f"{os.path.realpath(below).rstrip('/')}/"):
            raise UsageError(f"{path}: leads out of {below}, to {real}", hint="make it a real file or folder")
        if real not in self._trees:
            self._trees[real] = Tree(source=real, target=real, kind=_kind(real), why=why)
        return real

    def add_if_there(self, path: str, why: str, *, below: str = "") -> bool:
        """The same for something that a jail can do without."""
        if not os.access(path, os.R_OK):
            return False
        self.add(path, why, below=below)
        return True

    def add_elsewhere(self, source: str, target: str, why: str) -> None:
        """Mount the host file ``source`` at another path."""
        self.depends_on(source)
        real = self._real_place(target)
        self._trees[real] = Tree(source=os.path.realpath(source), target=real, kind="file", why=why)

    def link(self, path: str, value: str) -> None:
        """Make a symlink that the host does not have, in the real folder behind ``path``."""
        self._links[self._real_place(path)] = value

    def mask(self, path: str, kind: str, module: str) -> None:
        """Cover ``path`` where it is part of a mounted tree."""
        real = os.path.realpath(path)
        self._masks[real] = Mask(path=real, kind=kind, module=module)

    def depends_on(self, path: str) -> None:
        """Note a host path whose change makes the result stale."""
        self._evidence[path] = None

    def covered(self, path: str) -> bool:
        """Is ``path``, a real one, part of a mounted tree?"""
        return path in self._trees or self._within(path)

    def trees(self) -> tuple[Tree, ...]:
        """Parents first, without what another tree holds already."""
        return tuple(self._trees[target] for target in sorted(self._trees) if not self._within(target))

    def links(self) -> tuple[Link, ...]:
        return tuple(
            Link(path=path, value=value) for path, value in sorted(self._links.items()) if not self._within(path)
        )

    def masks(self) -> tuple[Mask, ...]:
        return tuple(mask for path, mask in sorted(self._masks.items()) if self.covered(path))

    def evidence(self) -> tuple[str, ...]:
        return tuple(self._evidence)

    def _real_place(self, path: str) -> str:
        folder, name = os.path.split(path)
        return os.path.join(self._follow(folder, must_exist=False), name)

    def _within(self, path: str) -> bool:
        while path != "/":
            path = os.path.dirname(path)
            tree = self._trees.get(path)
            if tree is not None and tree.kind == "dir":
                return True
        return False

    def _follow(self, path: str, *, must_exist: bool = True) -> str:
        """Walk ``path`` as the kernel does, noting the symlinks; gives the real path."""
        names = path.split("/")[::-1]
        here, links = "", 0
        while names:
            name = names.pop()
            if name in ("", "."):
                continue
            if name == "..":
                here = os.path.dirname(here).rstrip("/")
                continue
            step = f"{here}/{name}"
            if step in _NOT_FILES:
                raise UsageError(f"{path}: a jail cannot be given what lies in {step}", hint="give the file's own path")
            value = "" if step in self._plain else self._links.get(step) or _read_link(step, must_exist=must_exist)
            if not value:
                self._plain.add(step)
                here = step
                continue
            links += 1
            if links > _MOST_LINKS:
                raise UsageError(f"{path}: too many levels of symbolic links")
            self._links[step] = value
            names.extend(value.split("/")[::-1])
            if value[0] == "/":
                here = ""
        return here or "/"


def _kind(real: str) -> str:
    try:
        mode = os.stat(real).st_mode
    except OSError as error:
        raise UsageError(f"{real}: {error.strerror}") from None
    if stat.S_ISDIR(mode):
        return "dir"
    if stat.S_ISREG(mode):
        return "file"
    raise UsageError(f"{real}: neither a file nor a folder")


def _read_link(path: str, *, must_exist: bool) -> str:
    """The value of a symlink, "" for anything else."""
    try:
        return os.readlink(path)
    except OSError as error:
        if must_exist and error.errno != EINVAL:  # EINVAL: it exists and is no symlink
            raise UsageError(f"{path}: {error.strerror}") from None
        return ""
