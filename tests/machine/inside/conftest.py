"""The attacks' ways to run plugins, from every place in the cgroup tree in which a caller of jailpy may stand."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.attack.conftest import LONG, Live, Run, words
from tests.support import places
from tests.support.callers import Caller
from tests.support.places import Place
from tests.support.reports import valid

__all__ = ["words"]

LONGEST = "test_five_hundred_jails_in_turn"

Words = Callable[..., list[str | Path]]
Jail = Callable[..., Run]
Starter = Callable[..., AbstractContextManager[Live]]
Profile = Callable[[str], tuple[str, Path]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins, and what nothing may run beside comes last."""
    items.sort(key=lambda item: (not item.name.startswith(LONGEST), "undisturbed" in getattr(item, "fixturenames", ())))


@pytest.fixture(autouse=True)
def turn(request: pytest.FixtureRequest, shared_folder: Path) -> Iterator[None]:
    """A test that asks for ``undisturbed`` has the machine to itself; the second lock lets it not wait for ever."""
    with (shared_folder / "turn").open("w") as running, (shared_folder / "queue").open("w") as queue:
        fcntl.flock(queue, fcntl.LOCK_EX)
        fcntl.flock(running, fcntl.LOCK_EX if "undisturbed" in request.fixturenames else fcntl.LOCK_SH)
        fcntl.flock(queue, fcntl.LOCK_UN)
        yield


@pytest.fixture
def undisturbed() -> None:
    """No other test runs meanwhile: what is in the cgroup tree and what the processors do is this one's."""


@pytest.fixture(params=places.KINDS)
def placed(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Each kind of place in turn; a test may name one, or one and its controllers."""
    given = (request.param,) if isinstance(request.param, str) else request.param
    with places.place(*given) as found:
        yield found


@pytest.fixture
def caller(placed: Place) -> Caller:
    """Who calls from this place."""
    return placed.caller


@pytest.fixture
def folder(placed: Place, shared_folder: Path) -> Iterator[Path]:
    """An empty folder of the caller's."""
    path = Path(tempfile.mkdtemp(prefix="test-", dir=shared_folder))
    os.chmod(path, 0o755)
    os.chown(path, placed.caller.uid, placed.caller.gid)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def jail(placed: Place, words: Words, folder: Path) -> Jail:
    """Run a plugin to its end: ``jail(plugin, "argument", options=("--timeout", "1s"))``."""

    def run(plugin: Callable[..., object] | str, *arguments: object, options: tuple[object, ...] = ()) -> Run:
        (folder / "report.json").unlink(missing_ok=True)
        done = placed.run(words(plugin, *arguments, options=(*placed.options, *options)))
        written = (folder / "report.json").read_bytes()
        assert written, done.stderr.decode(errors="replace")
        return Run(done, valid(written))

    return run


@pytest.fixture
def live(placed: Place, words: Words) -> Starter:
    """Start a plugin and leave it running: ``with live(plugin) as jail``."""

    @contextmanager
    def started(plugin: Callable[..., object], *arguments: object, options: tuple[object, ...] = ()) -> Iterator[Live]:
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        with placed.start(words(plugin, *arguments, options=(*placed.options, *options)), **pipes) as process:
            try:
                yield Live(process, None)
            finally:
                process.terminate()
                process.communicate(timeout=LONG)

    return started


@pytest.fixture
def profile(placed: Place, folder: Path) -> Profile:
    """The options for a profile that changes these lines of the default one."""

    def written(lines: str) -> tuple[str, Path]:
        file = folder / "profile.toml"
        file.write_text(f'schema = 1\nname = "tried"\nextends = "default@1"\n{lines}\n', encoding="utf-8")
        os.chown(file, placed.caller.uid, placed.caller.gid)
        return ("-p", file)

    return written


def limited(**limits: object) -> tuple[str, ...]:
    """The options that set these limits."""
    return tuple(word for key, value in limits.items() for word in ("--limit", f"{key.replace('_', '-')}={value}"))


def used(run: Run) -> float:
    """Seconds of processor time."""
    return float(run.report["usage"]["cpu_user_s"] + run.report["usage"]["cpu_system_s"])


def cgroup_of(pid: int) -> Path:
    """Where a process stands in the tree."""
    return places.TREE / Path(f"/proc/{pid}/cgroup").read_text().strip().removeprefix("0::/")


def needs_kind(*kinds: str | tuple[str, str]) -> Any:
    """Only these places."""
    return pytest.mark.parametrize("placed", kinds, indirect=True)
