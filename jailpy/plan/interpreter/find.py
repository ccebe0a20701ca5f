"""From what the caller asked for to the path of a Python interpreter, without starting anything.

The interpreter may be hostile and starting it costs as much as the whole jail, so versions come from names,
and a pyenv shim, a shell script, is followed by reading the file that names pyenv's version.
"""

from __future__ import annotations

import os
import stat
import sys

from jailpy.errors import UsageError
from jailpy.plan.interpreter.venv import base_program, read_venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_NESTED = 8  # environments made from environments
_ELF, _SCRIPT = b"\x7fELF", b"#!"
_HINT = 'give "auto", a version such as "3.12", or the path of a Python interpreter'


class Search:
    """One look-up; ``evidence`` gathers the host paths that decided it."""

    def __init__(self) -> None:
        self.evidence: list[str] = []

    def program(self, wanted: str) -> str:
        """The absolute path of the interpreter that ``wanted`` means, symlinks kept; UsageError if there is none."""
        if not wanted or "\0" in wanted:
            raise UsageError(f"python: {wanted!r} is no interpreter", hint=_HINT)
        if wanted == "auto":
            return self.base(self.real_program(sys._base_executable or sys.executable))  # type: ignore[attr-defined]
        if "/" in wanted:
            return self.real_program(wanted)
        name = f"python{wanted}" if wanted[0].isdigit() else wanted
        major, *rest = name.removeprefix("python").split(".")
        if name.startswith("python") and major in ("3", "") and len(rest) < 3 and all(map(str.isdigit, rest)):
            return self.base(self._by_name(name))
        raise UsageError(f"python: {wanted!r} is no interpreter", hint=_HINT)

    def base(self, program: str) -> str:
        """The interpreter behind ``program`` if that belongs to a virtual environment, else itself."""
        for _ in range(_MOST_NESTED):
            venv = read_venv(program)
            if venv is None:
                return program
            self.evidence.append(venv.config)
            program = self.real_program(base_program(program, venv))
        raise UsageError(f"{program}: its pyvenv.cfg leads in a circle", hint="make the environment anew")

    def real_program(self, path: str) -> str:
        """Check ``path``; gives it made absolute, or the program behind it if it is a pyenv shim."""
        path = _absolute(path)
        self.evidence.append(path)
        start = _first_bytes(path)
        if start == _ELF:
            return path
        if start[:2] == _SCRIPT and os.path.basename(os.path.dirname(path)) == "shims":
            return self._behind_shim(path)
        kind = "a script" if start[:2] == _SCRIPT else "no program of this system"
        raise UsageError(f"{path}: {kind}, not a Python interpreter", hint=_HINT)

    def _behind_shim(self, shim: str) -> str:
        """What pyenv's own version file says; PYENV_VERSION and the working folder have no say."""
        root, name = os.path.dirname(os.path.dirname(shim)), os.path.basename(shim)
        self.evidence += [f"{root}/version", f"{root}/versions"]
        for version in _words(f"{root}/version") or ["system"]:
            folders = _on_path() if version == "system" else _newest(f"{root}/versions", version)
            for folder in folders:
                program = f"{folder}/{name}"
                if folder != os.path.dirname(shim) and _is_program(program):
                    self.evidence.append(program)
                    return program
        having = [v for v in sorted(_listing(f"{root}/versions")) if _is_program(f"{root}/versions/{v}/bin/{name}")]
        where = f"{root}/versions/{having[-1]}/bin/{name}" if having else _HINT
        raise UsageError(f"{shim}: no version of {root}/version has {name}", hint=f"try {where}")

    def _by_name(self, name: str) -> str:
        version = name.removeprefix("python")
        exact = version.count(".") == 2  # the name of a program has no third number, only that of a folder
        for folder in (
            _installed(version) if exact else (*_on_path(), "/usr/bin", "/usr/local/bin", *_installed(version))
        ):
            try:
                return self.real_program(f"{folder}/{name.rpartition('.')[0] if exact else name}")
            except UsageError:  # not there, or a shim that leads nowhere: the next folder may have it
                continue
        raise UsageError(f"python: no {name} on PATH or where Pythons usually are", hint=_HINT)


def _absolute(path: str) -> str:
    path = os.path.join(os.getcwd(), path)
    if "/../" in path:  # ".." behind a symlink is not what it seems
        path = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    return os.path.normpath(path)


def _first_bytes(path: str) -> bytes:
    """The first bytes of an executable file; UsageError for anything else."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a FIFO must not hold us up
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", hint=_HINT) from None
    try:
        mode = os.fstat(fd).st_mode
        if stat.S_ISREG(mode) and os.access(path, os.X_OK):
            return os.pread(fd, 4, 0)
    finally:
        os.close(fd)
    raise UsageError(f"{path}: not an executable file", hint=_HINT)


def _is_program(path: str) -> bool:
    try:
        return _first_bytes(path) == _ELF
    except UsageError:
        return False


def _words(path: str) -> list[str]:
    """The first word of each line, comments left out."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read(1 << 16).splitlines()
    except OSError:
        return []
    return [words[0] for line in lines if (words := line.split()) and words[0][0] != "#"]


def _on_path() -> list[str]:
    """The absolute folders of the caller's PATH: a relative one would be the working folder's choice."""
    return [folder.rstrip("/") for folder in os.environ.get("PATH", "").split(":") if folder[:1] == "/"]


def _installed(version: str) -> Iterator[str]:
    """The folders in which pyenv and uv have a version, the highest first."""
    home = os.path.expanduser("~")
    yield from _newest(f"{home}/.pyenv/versions", version)
    yield from _newest(f"{home}/.local/share/uv/python", f"cpython-{version}")


def _newest(folder: str, version: str) -> list[str]:
    """The bin folders of the installations that ``version`` fits: itself, then the highest that begins so."""
    fitting = [name for name in _listing(folder) if name == version or name.startswith((f"{version}.", f"{version}-"))]
    fitting.sort(key=lambda name: (name == version, _numbers(name)), reverse=True)
    return [f"{folder}/{name}/bin" for name in fitting]


def _numbers(name: str) -> list[int]:
    """The numbers of a version, so that 3.12.10 comes after 3.12.9."""
    plain = name.removeprefix("cpython-").partition("-")[0]
    return [int(part) if part.isdigit() else -1 for part in plain.split(".")]


def _listing(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
