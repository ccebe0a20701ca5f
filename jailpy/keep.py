"""Making the files that a start imports from (see imports.py).

    python -X no_debug_ranges -m jailpy.keep

What nobody reads of the code there is left out, as it takes time to load: docstrings, annotations of functions, the
import of __future__, and, with that option, the columns of the instructions.
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


# -S: what the environment holds is known, and 3 ms are saved by not looking.
_SCRIPT = """\
#!{interpreter} -IS
import marshal
import sys

sys.path.append({site!r})
try:
    with open({start!r}, "rb") as file:
        code, *first = marshal.loads(file.read())
    imports = type(sys)("jailpy.imports")
    imports.__file__ = {imports!r}
    exec(code, imports.__dict__)
    imports.begin(imports, *first)
except (OSError, ValueError, EOFError, TypeError):
    pass  # then all is imported as ever
from jailpy.__main__ import main

raise SystemExit(main())
"""


class _Noted(imports.Kept):
    """Finds every module of ours, and notes them in the order in which each is ready."""

    def __init__(self) -> None:
        super().__init__([])
        self.ready: dict[str, Entry] = {}

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not name.startswith("jailpy."):
            return None
        self.entries[name] = _entry(name)
        return self.spec(name)

    def exec_module(self, module: ModuleType) -> None:
        entry = self.entries[module.__name__]
        super().exec_module(module)
        self.ready[module.__name__] = entry


def make() -> None:
    """Write the files, each whole or not at all, in a process that has imported nothing of it yet. Raises OSError."""
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
    os.makedirs(os.path.dirname(imports.path()), exist_ok=True)
    _write(imports.path(), (head.ljust(imports.HEAD, b"\0"), *parts))
    first = {name: _entry(name) for name in imports.FIRST}
    own = first[imports.__name__]
    first[imports.__name__] = (*own[:3], None)  # the script executes it, to have the others imported
    _write(imports.path("start"), (marshal.dumps((own[3], sys.version, first)),))


def script() -> str:
    """The command ``jailpy`` for this interpreter, which begins with what was made."""
    site, start = os.path.dirname(imports.PACKAGE), imports.path("start")
    return _SCRIPT.format(interpreter=sys.executable, site=site, start=start, imports=imports.__file__)


def _write(target: str, content: Sequence[bytes]) -> None:
    new = f"{target}.{os.getpid()}"
    with open(new, "wb") as file:
        file.writelines(content)
    os.replace(new, target)


def _entry(module: str) -> Entry:
    names = module.split(".")[1:]
    below = "/".join(names) + ".py"
    below = below if os.path.isfile(f"{imports.PACKAGE}/{below}") else "/".join((*names, "__init__.py"))
    source = f"{imports.PACKAGE}/{below}"
    status = os.stat(source)
    with open(source, "rb") as file:
        tree = ast.parse(file.read())
    tree.body = [node for node in tree.body if not (isinstance(node, ast.ImportFrom) and node.module == "__future__")]
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    flags = annotations.compiler_flag
    code = compile(tree, source, "exec", flags, dont_inherit=True, optimize=2)
    return below, status.st_size, status.st_mtime_ns, code


if __name__ == "__main__":
    make()
