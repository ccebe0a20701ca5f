"""An attack is a function of its test: its source runs as a plugin in a jail, and what it returns is what it saw there.

The plain imports of the test's file travel along, and so does all of ``inside``.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple

import pytest

from jailpy.abi.syscalls import ARCHITECTURES
from tests.attack import inside
from tests.support.callers import Caller, environment, run_as
from tests.support.installed import Installed
from tests.support.reports import valid
from tests.support.strictly import strict

NUMBERS = ARCHITECTURES[os.uname().machine]
# Under strict these see what they expect refused in another way, which test_strict has.
OTHERWISE = (
    *("test_clone[", "test_execveat[", "test_terminal_of_its_own_is_misused[", "test_process_hides["),
    *("test_afalg_or_any_other_family_writes_the_page_cache[", "test_rare_protocol_is_loaded["),
)
PATIENCE = float(os.environ.get("JAILPY_TEST_PATIENCE", "1"))  # how much slower than others this machine is
LONG = 60 * PATIENCE  # seconds after which something hangs


class Stopped(Exception):  # noqa: N818 (it is no error)
    """Strict has ended a plugin, or refused what it is made of, before it came to its attack."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    """An attack that is stopped as early as that is refused as well."""
    with suppress(Stopped):
        yield


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--under"):
        items[:] = [item for item in items if not item.name.startswith(OTHERWISE)]


def stopped(signalled: int | None, errors: bytes) -> bool:
    """Whether a plugin ended by the signal of the filter, or by a call that was refused, or by the size of a file."""
    last = (errors.splitlines() or [b""])[-1]
    return signalled == signal.SIGSYS or last.startswith((b"PermissionError: [Errno 1]", b"OSError: [Errno 27]"))


class Run(NamedTuple):
    done: subprocess.CompletedProcess[bytes]
    report: dict[str, Any]

    def saw(self) -> Any:
        """What the plugin returned. A run that did not get that far fails the test, whatever kept it from it."""
        assert self.report["outcome"] == "ok", (self.report["error"], self.done.stderr.decode(errors="replace"))
        assert (self.done.returncode, self.report["exit_code"]) == (0, 0)
        return returned(self.done.stdout)


def returned(output: bytes) -> Any:
    """What a plugin that ran to its end returned: its last line."""
    last = output.decode(errors="replace").splitlines()[-1]
    assert last.startswith(inside.END), output
    return json.loads(last.removeprefix(inside.END))


def source(plugin: Callable[..., object]) -> str:
    """The program that calls ``plugin`` with its arguments and tells what that returned."""
    module = sys.modules[plugin.__module__]
    tops = ast.parse(inspect.getsource(module)).body
    imports = [
        ast.unparse(node)
        for node in tops
        if isinstance(node, ast.Import) and node.names[0].name.split(".")[0] in sys.stdlib_module_names
    ]
    call = f"import sys\nfinish({plugin.__name__}(*sys.argv[1:]))\n"
    body = textwrap.dedent(inspect.getsource(plugin))
    return "\n".join([inspect.getsource(inside), f"NUMBERS.update({NUMBERS!r})", *imports, body, call])


@pytest.fixture
def words(installed: Installed, caller: Caller, folder: Path, under: bool) -> Callable[..., list[str | Path]]:
    """The command line that runs a function or a text as a plugin; its report goes to ``folder``/report.json."""

    def made(plugin: Callable[..., object] | str, *arguments: object, options: tuple[object, ...] = ()) -> Any:
        file = folder / "plugin.py"
        file.write_text(plugin if isinstance(plugin, str) else source(plugin), encoding="utf-8")
        if under and "-p" not in options:
            options = (*strict(caller, caller.home, widen=bool(options)), *options)
        patient = () if PATIENCE == 1 or {"-p", "--timeout"} & set(options) else ("--timeout", f"{LONG:g}s")
        report = ("--report", folder / "report.json")
        command = [installed.command, "run", *report, *patient, *options, file, *arguments]
        return [word if isinstance(word, Path) else str(word) for word in command]

    return made


@pytest.fixture
def jail(caller: Caller, words: Callable[..., list[str | Path]], folder: Path, under: bool) -> Callable[..., Run]:
    """Run a plugin to its end: ``jail(plugin, "argument", options=("--timeout", "1s"))``; keywords as ``run_as``."""

    def run(
        plugin: Callable[..., object] | str, *arguments: object, options: tuple[object, ...] = (), **how: Any
    ) -> Run:
        (folder / "report.json").unlink(missing_ok=True)
        done = run_as(caller, words(plugin, *arguments, options=options), **{"cwd": folder, **how})
        written = (folder / "report.json").read_bytes()
        assert written, done.stderr.decode(errors="replace")
        made = Run(done, valid(written))
        if under and "-p" not in options and stopped(made.report["signal"], done.stderr):
            raise Stopped
        return made

    return run


@pytest.fixture
def attack(jail: Callable[..., Run]) -> Callable[..., Any]:
    """Run a plugin that must end well; what it saw."""
    return lambda *arguments, **how: jail(*arguments, **how).saw()


@pytest.fixture
def profile(caller: Caller, folder: Path) -> Callable[[str], tuple[str, Path]]:
    """The options for a profile that changes these lines of the default one."""

    def written(lines: str) -> tuple[str, Path]:
        file = folder / "profile.toml"
        file.write_text(f'schema = 1\nname = "tried"\nextends = "default@1"\n{lines}\n', encoding="utf-8")
        os.chown(file, caller.uid, caller.gid)
        return ("-p", file)

    return written


class Live:
    """A jail that runs: the launcher, and the lines that the plugin says."""

    def __init__(self, process: subprocess.Popen[bytes], errors: IO[bytes] | None) -> None:
        self.process = process
        self._errors = errors  # of a plugin that may be stopped: who hears its lines does not read those

    def heard(self) -> str:
        """The next line of the plugin."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line and self._errors:
            self._ended()
        return line.decode().rstrip("\n")

    def _ended(self) -> bytes:
        """Wait for the plugin's end; its output."""
        output, errors = self.process.communicate(timeout=LONG)
        if self._errors:
            self._errors.seek(0)
            errors = self._errors.read()
            if stopped(self.process.returncode - 128, errors):
                raise Stopped
        assert self.process.returncode == 0, errors
        return output

    def let_go(self) -> None:
        """End the plugin's standard input, which it waits for."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.stdin = None

    def saw(self) -> Any:
        """Wait for the plugin's end; what it returned."""
        return returned(self._ended())

    def processes(self) -> dict[int, int]:
        """Every process of the jail, pid 1 first: its number, and a descriptor that tells its end."""
        found, waiting = {}, [self.process.pid]
        while waiting:
            for children in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
                waiting += [int(word) for word in children.read_text().split()]
            waiting = [pid for pid in waiting if depth(pid) > depth(self.process.pid)]  # root's launcher has a cleaner
            found.update({pid: os.pidfd_open(pid) for pid in waiting if pid not in found})
        return found


def depth(pid: int) -> int:
    """In how many pid namespaces, from the one of this suite on, a process has a number."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(len(line.split()) for line in lines if line.startswith("NSpid:"))


@pytest.fixture
def live(caller: Caller, words: Callable[..., list[str | Path]], folder: Path, under: bool) -> Callable[..., Any]:
    """Start a plugin and leave it running: ``with live(plugin) as jail``; keywords as ``subprocess.Popen``."""

    @contextmanager
    def started(
        plugin: Callable[..., object], *arguments: object, options: tuple[object, ...] = (), **how: Any
    ) -> Iterator[Live]:
        rights = {"user": caller.uid, "group": caller.gid, "extra_groups": []} if os.geteuid() == 0 else {}
        common = {"cwd": folder, "env": environment(caller), "start_new_session": True}
        with TemporaryFile() as errors:
            pipes = {
                "stdin": subprocess.PIPE,
                "stdout": subprocess.PIPE,
                "stderr": errors if under else subprocess.PIPE,
            }
            command = words(plugin, *arguments, options=options)
            with subprocess.Popen(command, **{**pipes, **common, **rights, **how}) as process:
                try:
                    yield Live(process, errors if under else None)
                finally:
                    if process.poll() is None:
                        os.kill(process.pid, signal.SIGKILL)

    return started


Attack = Callable[..., Any]
Jail = Callable[..., Run]
Profile = Callable[[str], tuple[str, Path]]
Starter = Callable[..., AbstractContextManager[Live]]
