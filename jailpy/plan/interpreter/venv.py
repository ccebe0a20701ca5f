"""Virtual environments: what pyvenv.cfg says, and which interpreter is behind it.

The rules are those by which Python itself finds its folders (Modules/getpath.py, site.py; PEP 405).
"""

from __future__ import annotations

import os

from jailpy.errors import UsageError
from jailpy.model.record import Record

_MOST = 1 << 16  # bytes of a pyvenv.cfg


class Venv(Record):
    """A virtual environment."""

    folder: str
    home: str  # the folder of the base interpreter
    system_site: bool  # are the base interpreter's own packages to be seen

    @property
    def config(self) -> str:
        return f"{self.folder}/pyvenv.cfg"


def read_venv(program: str) -> Venv | None:
    """The environment that Python sees itself in when it is started as ``program``; None if in none."""
    beside = os.path.dirname(program)
    for folder in (os.path.dirname(beside), beside):
        lines = _lines(f"{folder}/pyvenv.cfg")
        if "home" in lines:
            home = lines["home"]
            if home[:1] != "/" or "\0" in home:
                raise UsageError(f"{folder}/pyvenv.cfg: home is no absolute path", hint="make the environment anew")
            system_site = lines.get("include-system-site-packages", "").lower() == "true"
            return Venv(folder=folder, home=home.rstrip("/") or "/", system_site=system_site)
        if lines:
            return None  # a pyvenv.cfg without home is none, and hides the other
    return None


def base_program(program: str, venv: Venv) -> str:
    """The interpreter from which ``venv`` was made."""
    name = os.path.basename(program)
    for candidate in (name, "python3", "python"):
        path = f"{venv.home}/{candidate}"
        if os.path.isfile(path):
            return path
    real = os.path.realpath(program)
    if os.path.isfile(real) and real != program:
        return real
    raise UsageError(
        f"{venv.config}: no Python interpreter in home = {venv.home}",
        hint="the Python that made this environment is gone: make the environment anew",
    )


def _lines(path: str) -> dict[str, str]:
    """Key to value; empty where there is no such file."""
    if not os.path.isfile(path):
        return {}
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(_MOST)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}", hint="make the environment anew") from None
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals:
            found.setdefault(key.strip().lower(), value.strip())
    return found
