"""What is to be run: looked at once, refused when it is not a plain program, and turned into mounts and a command."""

from __future__ import annotations

import _stat as stat  # the module around it is Python
import errno

from jailpy import system as os
from jailpy.errors import UsageError
from jailpy.model.plan import Plugin
from jailpy.model.policy import FilesystemPolicy
from jailpy.model.record import Record
from jailpy.model.request import Request
from jailpy.policy.digest import digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jailpy.plan.out import Target
    from jailpy.plan.shares import SharedTree

CONSOLE = "/run/jailpy/console.py"
CAP = 16 << 20  # bytes of a single-file plugin


class Program(Record):
    plugin: Plugin
    kind: str  # "file", "code", "module", or "program" for one that is not Python
    what: str  # its path in the jail, its text, its name
    arguments: tuple[str, ...]
    files: tuple[tuple[str, int, bytes], ...]  # copied into the root: path, mode, content
    shares: tuple[SharedTree, ...]
    terminal: bool = False  # it has one of its own
    out: Target | None = None


def program(request: Request, filesystem: FilesystemPolicy) -> Program:
    """The program that ``request`` names, with every host path that the policy gives."""
    given: tuple[SharedTree, ...] = ()
    if filesystem.read or filesystem.write:
        from jailpy.plan.shares import shares

        given = shares(filesystem)
    if request.command == "exec":
        name, *rest = request.arguments
        return Program(
            plugin=Plugin(name=name, path="", sha256=""),
            kind="program",
            what=name,
            arguments=tuple(rest),
            files=(),
            shares=given,
        )
    if request.code is not None:
        return _python(
            request,
            "code",
            request.code,
            Plugin(name="-c", path="", sha256=digest(request.code.encode(errors="surrogateescape"))),
            given,
        )
    if request.module:
        plugin = Plugin(name=request.module, path=request.tree, sha256="")
        if os.path.exists(request.tree) and not os.path.isdir(request.tree):
            raise UsageError(f"{request.tree}: is not a folder", hint="--code takes the folder that the module is in")
        tree = (_tree(request.tree, filesystem),) if request.tree else ()
        return _python(request, "module", request.module, plugin, (*given, *tree))
    if not request.plugin:
        return _console(request, given)
    if request.plugin == "-":
        return _copied(request, "stdin.py", "-", _read(0, "standard input"), given)
    if os.is_folder(request.plugin):
        return _folder(request, filesystem, given)
    name = request.plugin.rpartition("/")[2]
    return _copied(request, name, os.absolute(request.plugin), _read_file(request.plugin), given)


def _python(
    request: Request,
    kind: str,
    what: str,
    plugin: Plugin,
    given: tuple[SharedTree, ...],
    files: tuple[tuple[str, int, bytes], ...] = (),
) -> Program:
    return Program(plugin=plugin, kind=kind, what=what, arguments=request.arguments, files=files, shares=given)


def _console(request: Request, given: tuple[SharedTree, ...]) -> Program:
    with open(os.path.join(os.path.dirname(__file__), "inside", "console.py"), "rb") as file:
        content = file.read()
    plugin = Plugin(name="python", path="", sha256=digest(content))
    return _python(request, "file", CONSOLE, plugin, given, ((CONSOLE, 0o444, content),))


def _folder(request: Request, filesystem: FilesystemPolicy, given: tuple[SharedTree, ...]) -> Program:
    if not os.path.isfile(os.path.join(request.plugin, "__main__.py")):
        hint = "name the file to run, or use --code DIR -m MODULE"
        raise UsageError(f"{request.plugin}: the folder has no __main__.py", hint=hint)
    path = os.path.abspath(request.plugin)
    plugin = Plugin(name=os.path.basename(path), path=path, sha256="")
    return _python(request, "file", "/plugin", plugin, (*given, _tree(request.plugin, filesystem)))


def _copied(request: Request, name: str, path: str, content: bytes, given: tuple[SharedTree, ...]) -> Program:
    inside = f"/plugin/{name}"
    plugin = Plugin(name=name, path=path, sha256=digest(content))
    return _python(request, "file", inside, plugin, given, ((inside, 0o444, content),))


def _tree(path: str, filesystem: FilesystemPolicy) -> SharedTree:
    from jailpy.plan.shares import shared

    sockets = filesystem.sockets
    return shared(os.path.abspath(path), "/plugin", sockets=sockets, writable=False, why="the plugin")


def _read_file(path: str) -> bytes:
    """The bytes of a regular file, read once; it must not change under the reader."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise _unopened(path, error) from error
    try:
        before = os.fstat(fd)
        if not stat.S_ISREG(before.st_mode):
            raise UsageError(
                f"{path}: is {_kind(before.st_mode)}, not a Python file", hint="a plugin is a file or a folder"
            )
        content = _read(fd, path)
        after = os.fstat(fd)
    finally:
        os.close(fd)
    if _identity(before) != _identity(after) or len(content) != after.st_size:
        raise UsageError(f"{path}: changed while it was read", hint="run it again when nothing writes to it")
    return content


def _read(fd: int, path: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        try:
            part = os.read(fd, 1 << 20)
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from error
        if not part:
            return b"".join(parts)
        parts.append(part)
        size += len(part)
        if size > CAP:
            hint = "pass data with --read or standard input; a folder plugin has no such cap"
            raise UsageError(f"{path}: is larger than {CAP >> 20} MiB, the cap for a plugin", hint=hint)


def _unopened(path: str, error: OSError) -> UsageError:
    if error.errno == errno.ENOENT and os.path.islink(path):
        return UsageError(f"{path}: the symbolic link leads nowhere")
    hints = {errno.ENOENT: "a plugin is named by its path", errno.ENXIO: "it is a socket or a device without a driver"}
    return UsageError(f"{path}: {error.strerror}", hint=hints.get(error.errno or 0, ""))


def _kind(mode: int) -> str:
    kinds = {stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    return kinds.get(stat.S_IFMT(mode), "a folder")


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
