"""One file with the code of every module that a plain run imports, for a start that looks for none of them: 3 ms.

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

# fmt: off
MODULES = (
    "jailpy.abi", "jailpy.abi.x86_64", "jailpy.api", "jailpy.broker", "jailpy.broker.stdio", "jailpy.cli",
    "jailpy.cli.account", "jailpy.cli.options", "jailpy.cli.output", "jailpy.cli.quick_run", "jailpy.cli.request",
    "jailpy.cli.run", "jailpy.errors", "jailpy.kernel", "jailpy.kernel.capabilities", "jailpy.kernel.host_probe",
    "jailpy.kernel.keyrings", "jailpy.kernel.landlock", "jailpy.kernel.mounts", "jailpy.kernel.namespaces",
    "jailpy.kernel.paths", "jailpy.kernel.processes", "jailpy.kernel.seccomp", "jailpy.kernel.syscall",
    "jailpy.launch", "jailpy.launch.channel", "jailpy.launch.child", "jailpy.launch.context",
    "jailpy.launch.launcher", "jailpy.launch.limits", "jailpy.launch.reaper", "jailpy.launch.result",
    "jailpy.launch.stages", "jailpy.launch.stages.birth", "jailpy.launch.stages.privilege",
    "jailpy.launch.stages.program", "jailpy.launch.stages.root", "jailpy.launch.streams",
    "jailpy.launch.supervisor", "jailpy.model", "jailpy.model.host", "jailpy.model.interpreter",
    "jailpy.model.plan", "jailpy.model.policy", "jailpy.model.record", "jailpy.model.request",
    "jailpy.model.result", "jailpy.observe", "jailpy.observe.journal", "jailpy.observe.register", "jailpy.plan",
    "jailpy.plan.cache", "jailpy.plan.intake", "jailpy.plan.places", "jailpy.plan.plugin", "jailpy.plan.remembered",
    "jailpy.plan.shares", "jailpy.plan.steps", "jailpy.policy", "jailpy.policy.compiled", "jailpy.policy.digest",
    "jailpy.policy.shipped", "jailpy.report", "jailpy.report.document", "jailpy.report.quote",
)  # tests hold it to what a plain run imports
# fmt: on
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
        self.executed: list[str] = []

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
        self.executed.append(module.__name__)


def make() -> None:
    """Write the file, whole or not at all. Raises OSError."""
    target = path()
    os.makedirs(os.path.dirname(target), exist_ok=True)
    new = f"{target}.{os.getpid()}"
    with open(new, "wb") as file:
        marshal.dump((sys.version, _in_order({module: _entry(module) for module in MODULES})), file)
    os.replace(new, target)


def _in_order(entries: dict[str, Entry]) -> dict[str, Entry]:
    """Each module after those that it needs, for which they are imported once, here."""
    kept = _Kept(entries)
    sys.meta_path.insert(0, kept)
    for module in entries:
        __import__(module)
    return {module: entries[module] for module in kept.executed}


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
