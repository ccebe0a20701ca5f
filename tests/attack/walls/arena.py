"""Where walls are attacked: one jail, built with some steps left out, and what the host does around it."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from jailpy.abi.syscalls import ARCHITECTURES
from tests.support.callers import Caller, environment

REMOVAL = (Path(__file__).parents[2] / "support/removal.py").read_text(encoding="utf-8")
PRELUDE = (Path(__file__).parent / "prelude.py").read_text(encoding="utf-8")
MODULES = "import os, resource, select, signal, socket, stat, time"
SECRET = "the host's secret"
PROFILES = {
    "default": "",
    "offline": "[network]\nloopback = false\n",
    "open": '[seccomp]\nallow = ["@netlink-route", "@io-priority", "@self-sandbox"]\n',
    "sockets": "[filesystem]\nsockets = true\n",
    "narrow": '[seccomp]\nallow = ["@no-exec", "@single-process"]\nremove = ["sendfile"]\n'
    '[seccomp.args.socketpair]\ntype = { mask = 0xf, in = ["SOCK_STREAM"] }\nelse = "EPERM"\n',
    "watched": '[layers]\ncgroup = "off"\n',
    "counted": '[limits]\nmemory-high = "400M"\ncpu-quota = "400%"\ncpu-weight = 100\ncpus = "0"\n'
    'io-read = "1G"\nio-write = "1G"\n',
}


class Scene:
    """What the host does for an attack: before the launcher starts, while it runs, and to judge it afterwards."""

    def prepare(self, run: Run) -> None:
        """Set up what the attack is after, and how the launcher is started."""

    def meet(self, run: Run, process: subprocess.Popen[bytes]) -> None:
        """Do the host's part while the plugin runs."""

    def judge(self, run: Run, result: dict[str, Any], output: str) -> tuple[bool, str]:  # noqa: ARG002
        """Whether the attack succeeded, and what was seen: by default what the plugin's last line says."""
        assert result.get("outcome") == "ok", f"the plugin did not run to its end: {result}"
        word, _, saw = (output.splitlines() or [""])[-1].partition(" ")
        assert word in ("SUCCEEDED", "REFUSED"), output
        return word == "SUCCEEDED", saw


QUIET = Scene()


class Attack(NamedTuple):
    """One attack on one step. ``also``: walls that stand in the way of its means, not of what it is after."""

    step: str
    code: str
    scene: Scene = QUIET
    profile: str = "default"
    changes: tuple[tuple[str, object], ...] = ()
    also: tuple[str, ...] = ()
    callers: tuple[str, ...] = ("root", "user")
    landlock: int = 0  # the ABI that the step came with
    controller: str = ""  # of cgroup v2, without which there is no such step
    swap: int = 0  # bytes that the host must have free
    starter: str = ""  # the capability that it takes to start a launcher so badly


class Run:
    """One jail: scenes change how its launcher is started."""

    def __init__(self, caller: Caller, python: Path, folder: Path, attack: Attack) -> None:
        self.caller = caller
        self.python = python  # of the installed copy
        self.folder = folder
        self.attack = attack
        self.changes = list(attack.changes)
        self.given: dict[str, object] = {}  # names for the plugin's code
        self.environment = environment(caller)
        self.before: Callable[[], None] | None = None  # in the launcher's process, as the caller
        self.descriptors: tuple[int, ...] = ()
        self.stdin: int = subprocess.PIPE
        self.groups: list[int] = []
        self.prefix: list[str] = []  # a command of root's that starts the launcher as the caller
        self.remarks: list[str] = []  # what the host saw
        self.afterwards = ExitStack()  # what is to be closed and removed

    def share(self, name: str = "shared", target: str = "/data") -> Path:
        """A folder that the jail reads at ``target``, which all may write as far as its modes go."""
        folder = self.folder / name
        folder.mkdir()
        folder.chmod(0o777)
        self.changes.append(("filesystem.read", (f"{folder}:{target}",)))
        return folder

    def secret(self, path: Path, mode: int = 0o644) -> Path:
        """A file of the caller's."""
        path.write_text(SECRET, encoding="utf-8")
        path.chmod(mode)
        os.chown(path, self.caller.uid, self.caller.gid)
        return path

    def go(self, without: set[str]) -> tuple[bool, str, dict[str, Any]]:
        """Run the attack: whether it succeeded, what was seen, and the steps that were taken."""
        self.attack.scene.prepare(self)
        ending, output = self._carry_out(self.order(without))
        return judged(self, ending, output)

    def plan(self) -> dict[str, Any]:
        """The steps of the whole plan, by name."""
        self.attack.scene.prepare(self)
        steps: dict[str, Any] = self._carry_out(self.order(set(), plan=True))[0]["steps"]
        return steps

    def order(self, without: set[str], *, plan: bool = False) -> dict[str, Any]:
        """What tests/support/removal.py is told."""
        request = {"command": "run", "profile": self._profile(), "code": self._code(), "changes": self.changes}
        result = str(self.folder / "result")
        return {"request": request, "without": sorted(without), "plan": plan, "result": result}

    def _carry_out(self, order: dict[str, Any]) -> tuple[dict[str, Any], str]:
        process = self.start([order])
        try:
            if not order["plan"]:
                self.attack.scene.meet(self, process)
            output, errors = process.communicate(timeout=60)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
        return read_ending(self.folder / "result"), (errors + output).decode(errors="replace")

    def start(self, orders: list[dict[str, Any]]) -> subprocess.Popen[bytes]:
        """The launcher, or what makes launchers where there are several orders."""
        file = self.folder / "orders"
        file.write_text(json.dumps(orders), encoding="utf-8")
        return subprocess.Popen(
            [*self.prefix, self.python, "-I", "-c", REMOVAL, file],
            bufsize=0,  # what a scene reads is not read again
            stdin=self.stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env=self.environment,
            preexec_fn=self.before,
            pass_fds=self.descriptors,
            start_new_session=True,
            **({} if self.prefix else self.ids()),
        )

    def ids(self) -> dict[str, Any]:
        """What makes a process the caller's."""
        ids = {"user": self.caller.uid, "group": self.caller.gid, "extra_groups": self.groups}
        return ids if os.geteuid() == 0 else {}

    def _profile(self) -> str:
        text = PROFILES[self.attack.profile]
        if not text:
            return self.attack.profile
        path = self.folder / f"{self.attack.profile}.toml"
        path.write_text(
            f'schema = 1\nname = "walls-{self.attack.profile}"\nextends = "default@1"\n{text}', encoding="utf-8"
        )
        os.chown(path, self.caller.uid, self.caller.gid)
        return str(path)

    def _code(self) -> str:
        table = ARCHITECTURES[platform.machine()]
        numbers = {name: table[name] for name in re.findall(r"\"(\w+)\"", self.attack.code) if name in table}
        given = "".join(f"{name} = {value!r}\n" for name, value in {"NUMBERS": numbers, **self.given}.items())
        return f"{PRELUDE}\n{MODULES}\n{given}\n{self.attack.code}"


def judged(run: Run, ending: dict[str, Any], output: str) -> tuple[bool, str, dict[str, Any]]:
    """Whether the attack succeeded, what was seen, and the steps that were taken."""
    try:
        broke, saw = run.attack.scene.judge(run, ending, output)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{output[-3000:]}") from None
    return broke, saw, ending.get("steps", {})


def read_ending(path: Path) -> dict[str, Any]:
    """How a run ended; nothing where its launcher was killed."""
    ending: dict[str, Any] = json.loads((path.read_text(encoding="utf-8") if path.exists() else "") or "{}")
    return ending


@contextmanager
def a_run(caller: Caller, python: Path, shared_folder: Path, attack: Attack) -> Iterator[Run]:
    """A run in a folder of its own, which is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="wall-", dir=shared_folder))
    folder.chmod(0o755)
    os.chown(folder, caller.uid, caller.gid)
    run = Run(caller, python, folder, attack)
    with run.afterwards:
        run.afterwards.callback(shutil.rmtree, folder)
        yield run


def hear(process: subprocess.Popen[bytes]) -> bool:
    """Wait for the plugin's next line; false when it has ended."""
    assert process.stdout is not None
    return process.stdout.readline() != b""


def tell(process: subprocess.Popen[bytes], text: object = "") -> None:
    """Send the plugin a line."""
    assert process.stdin is not None
    process.stdin.write(f"{text}\n".encode())


def eventually(holds: Callable[[], bool], seconds: float) -> bool:
    """Whether something comes true in that time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def status(pid: int, field: str) -> str:
    """A line of /proc/PID/status; empty when the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.split(":")[1].strip() for line in lines if line.startswith(field + ":")), "")


def stepped_down(run: Run, process: subprocess.Popen[bytes]) -> bool:
    """Wait until root's launcher has the jail's id, as an ordinary user's always has; false when it stays root."""
    return run.caller.uid != 0 or eventually(lambda: status(process.pid, "Uid").split("\t")[0] != "0", 2)


def children(pid: int) -> list[int]:
    """The processes that this one started; none when it is gone."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]
    except OSError:
        return []
