"""An Interpreter as plain values and back, for a cache; a remembered one does without the modules that discover."""

from __future__ import annotations

from jailpy.model.interpreter import Interpreter, Link, Mask, Tree


def dump(interpreter: Interpreter) -> object:
    """As plain tuples and strings, which marshal takes."""
    kinds = (interpreter.trees, interpreter.links, interpreter.masks)
    records = tuple(tuple(tuple(record) for record in kind) for kind in kinds)
    return interpreter.executable, interpreter.version, *records, interpreter.evidence


def restore(plain: object) -> Interpreter:
    """What ``dump`` was given; ValueError or TypeError if it is anything else."""
    if not isinstance(plain, tuple):
        raise TypeError("not the dump of an interpreter")
    executable, version, trees, links, masks, evidence = plain
    return Interpreter(
        executable=executable,
        version=version,
        trees=tuple(Tree(*tree) for tree in trees),
        links=tuple(Link(*link) for link in links),
        masks=tuple(Mask(*mask) for mask in masks),
        evidence=evidence,
    )
