"""Making the file that a start imports from (see imports.py).

    python -X no_debug_ranges -m jailpy.keep

What nobody reads of the code there is left out, as it takes time to load: docstrings, annotations of functions, and,
with that option, the columns of the instructions.
"""

from __future__ import annotations

import ast
import errno
import marshal
import os
import sys
from _frozen_importlib import ModuleSpec

from jailpy import imports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from jailpy.imports import Entry


class _Noted(imports.Kept):
    """Finds every module of ours, and notes them in the order in which each is ready."""

    def __init__(self) -> None:
        super().__init__([], [])
        self.ready: dict[str, Entry] = {}

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not name.startswith("jailpy."):
            return None
        self._entries[name] = _entry(name)
        return self._spec(name)

    def exec_module(self, module: ModuleType) -> None:
        entry = self._entries[module.__name__]
        super().exec_module(module)
        self.ready[module.__name__] = entry


def make() -> None:
    """Write the file, whole or not at all, in a process that has imported nothing of it yet. Raises OSError."""
    noted = _Noted()
    sys.meta_path.insert(0, noted)
    names, parts = [], []
    for modules in imports.PARTS:
        noted.ready = {}
        for module in modules:
            __import__(module)
        names.append(list(noted.ready))
        parts.append(marshal.dumps(noted.ready))
    head = marshal.dumps((sys.version, names, list(map(len, parts))))
    if len(head) > imports.HEAD:
        raise OSError(errno.EFBIG, "too many modules")
    target = imports.path()
    os.makedirs(os.path.dirname(target), exist_ok=True)
    new = f"{target}.{os.getpid()}"
    with open(new, "wb") as file:
        file.writelines((head.ljust(imports.HEAD, b"\0"), *parts))
    os.replace(new, target)


def _entry(module: str) -> Entry:
    below = "/".join(module.split(".")[1:])
    below = f"{below}.py" if os.path.isfile(f"{imports.PACKAGE}/{below}.py") else f"{below}/__init__.py"
    source = f"{imports.PACKAGE}/{below}"
    status = os.stat(source)
    with open(source, "rb") as file:
        tree = ast.parse(file.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    code = compile(tree, source, "exec", dont_inherit=True, optimize=2)
    return below, status.st_size, status.st_mtime_ns, code


if __name__ == "__main__":
    make()
