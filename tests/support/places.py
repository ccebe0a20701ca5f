"""Where in the cgroup tree a caller of jailpy stands. Only for the machine of tests/machine, whose tree is ours.

``systemd``: an ordinary user outside of what its user manager was delegated; ``root``: root, beside others; ``alone``:
an ordinary user in a cgroup that root has delegated to it (cgroups(7)), where nobody else is; ``above``: one below such
a cgroup, with others; ``parent``: there too, and --cgroup-parent names a place beside them.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.callers import Caller, environment
from tests.support.leftovers import DEADLINE

KINDS = ("systemd", "root", "alone", "parent")
TREE = Path("/sys/fs/cgroup")
USER = "jail"  # whom the machine has a user manager for
_ALL = "cpu cpuset io memory pids"
# A launcher that was killed has left its controllers handed down, and then no process may be put into the group.
_START = """
for name in $(cat "$1/cgroup.subtree_control"); do echo "-$name" >"$1/cgroup.subtree_control"; done
echo $$ >"$1/cgroup.procs"
exec setpriv --reuid "$2" --regid "$2" --clear-groups "${@:3}"
"""


class Place:
    """``stands``: the cgroup in which every command is started; None: the suite's own. ``tree``: where jails may be."""

    def __init__(self, kind: str, tree: Path, stands: Path | None = None, options: tuple[str, ...] = ()) -> None:
        self.kind, self.stands, self.tree, self.options = kind, stands, tree, options
        entry = pwd.getpwnam("root" if kind == "root" else USER)
        self.caller = Caller(
            "root" if kind == "root" else "user", entry.pw_name, entry.pw_uid, entry.pw_gid, Path(entry.pw_dir)
        )

    def start(self, words: Sequence[str | Path], **how: Any) -> subprocess.Popen[bytes]:
        """Start a command here; keywords as ``subprocess.Popen``."""
        env = environment(self.caller)
        if self.kind == "systemd":
            env["XDG_RUNTIME_DIR"] = f"/run/user/{self.caller.uid}"
        rights: dict[str, Any] = {"user": self.caller.uid, "group": self.caller.gid, "extra_groups": []}
        if self.stands:
            words = ["/bin/bash", "-ec", _START, "bash", self.stands, str(self.caller.uid), *words]
            rights = {}
        return subprocess.Popen(
            words, **{"env": env, "cwd": self.caller.home, "start_new_session": True} | rights | how
        )

    def run(self, words: Sequence[str | Path], **how: Any) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end."""
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with self.start(words, **pipes | how) as process:
            output, errors = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def cgroups(self) -> list[str]:
        """Every cgroup of jailpy's in the tree."""
        return sorted(folder for folder, _, _ in os.walk(self.tree) if os.path.basename(folder).startswith("jailpy-"))

    def left(self) -> list[str]:
        """Those of now that are there all the same when other tests' jails, and systemd, have had time to end."""
        deadline = time.monotonic() + DEADLINE
        found = set(self.cgroups())
        while found and time.monotonic() < deadline:
            time.sleep(0.05)
            found &= set(self.cgroups())
        return sorted(found)


@contextmanager
def place(kind: str, controllers: str = _ALL) -> Iterator[Place]:
    """A place of that kind; in one that is delegated there are these controllers."""
    if kind in ("systemd", "root"):
        yield Place(kind, TREE / ("jailpy.slice" if kind == "root" else "user.slice"))
        return
    with _delegated(controllers) as folder:
        if kind == "alone":
            yield Place(kind, folder, folder)
        else:
            crowd, jails = folder / "crowd", folder / "jails"
            _hand_over(crowd)
            _hand_over(jails)
            _give(folder, controllers)
            parent = ("--cgroup-parent", f"/{jails.relative_to(TREE)}") if kind == "parent" else ()
            yield Place(kind, folder, crowd, parent)


@contextmanager
def _delegated(controllers: str) -> Iterator[Path]:
    """A cgroup that belongs to the ordinary user, below one of root's that gives it the controllers."""
    top = TREE / f"tests-{os.getpid()}"
    top.mkdir()
    try:
        _give(TREE, _ALL)
        _give(top, controllers)
        _hand_over(top / "delegated")
        yield top / "delegated"
    finally:
        for folder, _, _ in os.walk(top, topdown=False):
            os.rmdir(folder)


def _give(folder: Path, controllers: str) -> None:
    wanted = " ".join(f"+{name}" for name in controllers.split())
    (folder / "cgroup.subtree_control").write_text(wanted)


def _hand_over(folder: Path) -> None:
    """Make a cgroup of the user's: the directory, and those of the files that the kernel names which it has."""
    entry = pwd.getpwnam(USER)
    folder.mkdir()
    names = Path("/sys/kernel/cgroup/delegate").read_text().split()
    for path in (folder, *(folder / name for name in names)):
        if path.exists():
            os.chown(path, entry.pw_uid, entry.pw_gid)


def uptime() -> float:
    """Seconds since the kernel started, by its own account."""
    return float(Path("/proc/uptime").read_text().split()[0])


def counters(folder: Path, file: str) -> dict[str, int]:
    """A flat keyed file of a cgroup, such as cpu.stat."""
    lines = (folder / file).read_text().splitlines()
    return {name: int(value) for name, value in map(str.split, lines)}
