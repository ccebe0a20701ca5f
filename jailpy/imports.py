"""One file with the code of what a plain run imports, for a start that looks for none of it: 4 ms.

``jailpy.keep`` makes it, beside the files that Python itself keeps of compiled modules. It is believed as those are:
for exactly this Python, and of each module while the source's size and time of change are the same. Without it, or when
it is damaged, modules are imported as ever.

It has a part for each time at which modules are asked for, and a part is read then.

A small one beside it has the modules before that, this one too, for the script ``jailpy``, which calls ``begin``.
"""

from __future__ import annotations

import marshal
import posix as os  # nothing else of jailpy is there yet
import sys
from _frozen_importlib import ModuleSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType

    Entry = tuple[str, int, int, CodeType | None]  # source below the package, its size, its mtime in ns, the code

looked: dict[str, os.stat_result] = {}  # at sources, in this start
PARTS = (  # each with all that it needs and no part before it has
    ("jailpy.launch.child",),  # at once
    ("jailpy.launch.launcher",),
    ("jailpy.cli.quick_run", "jailpy.cli.run"),
    (  # while the jail builds itself
        "jailpy.observe.register",
        "jailpy.observe.journal",
        "jailpy.report.document",
        "jailpy.launch.result",
    ),
    ("jailpy.cli.options",),  # where one is given
    ("jailpy.launch.host_ids",),  # of root
    ("jailpy.launch.placement",),  # where there may be a cgroup
    ("jailpy.launch.watch",),  # when a plugin has lived for some time, and always of root
)
AT_ONCE = 3  # so many parts; for one larger than 128 KiB malloc(3) would ask for memory and give it back, 0.2 ms
HEAD = 8192  # bytes of what is read first: who made the file, the names of each part's modules, the parts' sizes
PACKAGE = __file__.rpartition("/")[0]
FIRST = ("jailpy", "jailpy.imports", "jailpy.system", "jailpy.__main__")


def path(name: str = "imports") -> str:
    """Where the file of this Python is kept, or the small one, which is named "start"."""
    return f"{PACKAGE}/__pycache__/{name}.{sys.implementation.cache_tag}"


def begin(own: ModuleType, made_by: str, entries: dict[str, Entry]) -> None:
    """Import FIRST for the script, which has executed this module as ``own``; nothing of it where a source changed."""
    kept = Kept([])
    kept.entries.update(entries)
    if made_by != sys.version or None in map(kept.spec, FIRST):
        return
    for name in FIRST:
        kept.add(name, own if name == own.__name__ else type(sys)(name))


def use() -> None:
    """Import what is needed at once from the file, if there is one, and the others when they are asked for."""
    try:
        fd = os.open(path(), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        names, sizes = _head(fd)
        kept = Kept(names)
        sys.meta_path.insert(0, kept)
        for number, size in enumerate(sizes):
            kept.parts[number] = os.read(fd, size)
            if number < AT_ONCE:
                kept.load(number)
    finally:
        os.close(fd)


def _head(fd: int) -> tuple[list[list[str]], list[int]]:
    """The names of each part's modules and the parts' sizes; none of a file that is not whole, or another Python's."""
    try:
        made_by, names, sizes = marshal.loads(os.read(fd, HEAD))
        whole = os.fstat(fd).st_size == HEAD + sum(sizes)
    except (OSError, ValueError, EOFError, TypeError):
        return [], []
    return (names, sizes) if whole and made_by == sys.version else ([], [])


class Kept:
    """Finder and loader in one (importlib.abc)."""

    def __init__(self, names: list[list[str]]) -> None:
        self.parts = [b""] * len(names)  # what has been read and not yet imported
        self._part = {name: number for number, part in enumerate(names) for name in part}
        self.entries: dict[str, Entry] = {}  # of the parts that have been read, what is not imported yet

    def load(self, number: int) -> None:
        """Import a whole part in turn, without the half of the time that the machinery for it takes."""
        entries: dict[str, Entry] = marshal.loads(self.parts[number])
        self.parts[number] = b""
        self.entries.update(entries)
        for name in entries:
            if name not in sys.modules and name.rpartition(".")[0] in sys.modules:
                self.add(name, type(sys)(name))

    def add(self, name: str, module: ModuleType) -> None:
        """Make ``module`` what Python would make of it; if its source has changed, it is left to Python."""
        parent, _, last = name.rpartition(".")
        spec = self.spec(name)
        if spec is None:
            return
        sys.modules[name] = module
        module.__spec__, module.__loader__, module.__file__ = spec, spec.loader, spec.origin
        module.__package__ = spec.parent
        if spec.submodule_search_locations:
            module.__path__ = spec.submodule_search_locations
        self.exec_module(module)
        if parent:
            setattr(sys.modules[parent], last, module)

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        number = self._part.get(name)
        if number is None:
            return None
        if self.parts[number]:
            self.load(number)
        return self.spec(name)

    def spec(self, name: str) -> ModuleSpec | None:
        """What Python is told of a module; None where its source has changed."""
        if name in sys.modules:  # its part has been imported just now
            return sys.modules[name].__spec__
        if name not in self.entries:  # its part has yet to be read
            return None
        below, size, changed, _ = self.entries[name]
        source = f"{PACKAGE}/{below}"
        try:
            status = looked[source] = os.stat(source)
        except OSError:
            return None
        if (status.st_size, status.st_mtime_ns) != (size, changed):
            return None
        package = below.endswith("__init__.py")
        spec = ModuleSpec(name, self, origin=source, is_package=package)  # type: ignore[arg-type]
        spec.has_location = True
        if package:
            spec.submodule_search_locations = [source.rpartition("/")[0]]
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return sys.modules.get(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        entry = self.entries.pop(module.__name__, None)
        if entry is not None and entry[3] is not None:
            exec(entry[3], module.__dict__)
