"""One file with the code of what a run imports before there is a jail, for a start that looks for none of it: 4 ms.

    python -m jailpy.imports     makes it, beside the files that Python itself keeps of compiled modules

It is believed as those are: for exactly this Python, and of each module while the source's size and time of change are
the same. Without it, or when it is damaged, modules are imported as ever.
"""

from __future__ import annotations

import marshal
import os
import sys
from _frozen_importlib import ModuleSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType

    Entry = tuple[str, int, int, CodeType]  # source below the package, its size, its mtime in ns, the code

FIRST = ("jailpy.cli.quick_run", "jailpy.cli.run")  # with all that they need
_PACKAGE = os.path.dirname(os.path.abspath(__file__))


def path() -> str:
    """Where the file of this Python is kept."""
    return os.path.join(_PACKAGE, "__pycache__", f"imports.{sys.implementation.cache_tag}")


def use() -> None:
    """Import from the file what is in it, if there is one."""
    try:
        fd = os.open(path(), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        made_by, entries = marshal.loads(os.read(fd, os.fstat(fd).st_size))
    except (OSError, ValueError, EOFError, TypeError):
        return
    finally:
        os.close(fd)
    if made_by == sys.version:
        kept = _Kept(entries)
        sys.meta_path.insert(0, kept)
        kept.load()


class _Kept:
    """Finder and loader in one (importlib.abc)."""

    def __init__(self, entries: dict[str, Entry]) -> None:
        self._entries = entries

    def load(self) -> None:
        """Import everything in turn, without the half of the time that the machinery for it takes."""
        for name, entry in self._entries.items():
            parent, _, last = name.rpartition(".")
            spec = self.find_spec(name) if name not in sys.modules and parent in sys.modules else None
            if spec is None:
                continue  # a source has changed: it is imported when it is asked for
            module = sys.modules[name] = type(sys)(name)
            module.__spec__, module.__loader__, module.__file__ = spec, spec.loader, spec.origin
            module.__package__ = spec.parent
            if spec.submodule_search_locations:
                module.__path__ = spec.submodule_search_locations
            exec(entry[3], module.__dict__)
            setattr(sys.modules[parent], last, module)

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        entry = self._entries.get(name)
        if entry is None:
            return None
        below, size, changed, _ = entry
        source = f"{_PACKAGE}/{below}"
        try:
            status = os.stat(source)
        except OSError:
            return None
        if (status.st_size, status.st_mtime_ns) != (size, changed):
            return None
        package = below.endswith("__init__.py")
        spec = ModuleSpec(name, self, origin=source, is_package=package)  # type: ignore[arg-type]
        spec.has_location = True
        if package:
            spec.submodule_search_locations = [os.path.dirname(source)]
        return spec

    def create_module(self, _spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(self._entries[module.__name__][3], module.__dict__)


class _Noted(_Kept):
    """Finds every module, and notes them in the order in which each is ready."""

    def __init__(self) -> None:
        super().__init__({})
        self.ready: dict[str, Entry] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.startswith("jailpy."):
            self._entries[name] = _entry(name)
        return super().find_spec(name, path, target)

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        self.ready[module.__name__] = self._entries[module.__name__]


def make() -> None:
    """Write the file, whole or not at all, in a process that has imported nothing of it yet. Raises OSError."""
    noted = _Noted()
    sys.meta_path.insert(0, noted)
    for module in FIRST:
        __import__(module)
    target = path()
    os.makedirs(os.path.dirname(target), exist_ok=True)
    new = f"{target}.{os.getpid()}"
    with open(new, "wb") as file:
        marshal.dump((sys.version, noted.ready), file)
    os.replace(new, target)


def _entry(module: str) -> Entry:
    below = "/".join(module.split(".")[1:])
    below = f"{below}.py" if os.path.isfile(f"{_PACKAGE}/{below}.py") else f"{below}/__init__.py"
    source = f"{_PACKAGE}/{below}"
    status = os.stat(source)
    with open(source, "rb") as file:
        code = compile(file.read(), source, "exec", dont_inherit=True, optimize=2)  # nobody reads docstrings here
    return below, status.st_size, status.st_mtime_ns, code


if __name__ == "__main__":
    make()
