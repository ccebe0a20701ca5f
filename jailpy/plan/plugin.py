"""What of a plan depends on the plugin alone, so that the rest of it can be remembered."""

from __future__ import annotations

from jailpy.model.plan import Step
from jailpy.plan.steps import Section

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jailpy.plan.intake import Program

_INTO = Section("root", "rootfs", ("new-root",))
_PLUGIN = Section("plugin", "namespaces")


def room(content: bytes) -> int:
    """Bytes of the root's tmpfs that a file of this content needs at most."""
    return len(content) + 4096


def file(path: str, mode: int, content: bytes) -> Step:
    """A file that is copied into the root."""
    return _INTO.build(f"file {path}", f"{len(content)} bytes, mode {mode:o}", "file", path, mode, content)


def words(program: Program) -> tuple[str, ...]:
    """What follows the interpreter and its options for a file or for code."""
    start = ("-c", program.what) if program.kind == "code" else (program.what,)
    return (*start, *program.arguments)


def execution(argv: tuple[str, ...], search: str) -> Step:
    """execve, the last step before the plugin's first byte; ``search`` is the jail's PATH."""
    return _PLUGIN.build("program-executed", " ".join(argv), "execute", argv, search)
