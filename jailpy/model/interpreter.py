"""What a given Python needs to find inside a jail."""

from __future__ import annotations

from jailpy.model.record import Record


class Tree(Record):
    """A host file or folder that is mounted read-only at ``target``."""

    source: str  # host path, symlinks resolved
    target: str  # path in the jail
    kind: str  # "dir" | "file"
    why: str


class Link(Record):
    """A symlink of the jail's root."""

    path: str
    value: str


class Mask(Record):
    """A path below a mounted tree that is covered, so that what lies there is left out.

    kind "dir": an empty folder; "package": a folder whose __init__.py says why the import is refused;
    "module": a .py file that says so; "file": an empty file of mode 0.
    """

    path: str
    kind: str
    module: str  # what is left out, for the message


class Interpreter(Record):
    executable: str  # path in the jail by which it is started (argv[0], so absolute)
    version: str  # "3.11"
    trees: tuple[Tree, ...]
    links: tuple[Link, ...]
    masks: tuple[Mask, ...]
    evidence: tuple[str, ...]  # every host path whose change makes this record stale
