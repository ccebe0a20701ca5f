"""What all tests share: who calls jailpy, an installed copy that this caller can run, and folders it can reach."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import hypothesis
import pytest

from tests.support.callers import Caller, kinds, make_caller, run_as, user_in_use
from tests.support.installed import Installed
from tests.support.must import must_have, must_run

__all__ = ["Caller", "must_have", "must_run", "run_as"]

FOLDER = "JAILPY_TEST_FOLDER"  # from the process that the person started to its workers
_teardown = ExitStack()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--caller", choices=("root", "user"), help="run only this caller's half of the tests")
    parser.addoption("--under", choices=("strict",), help="the profile of attacks and examples that name none")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test that has a caller runs as root and as an ordinary user; not root's suite plays only itself.

    What runs from a place in the cgroup tree has its caller from there.
    """
    if "caller" in metafunc.fixturenames and "placed" not in metafunc.fixturenames:
        only = metafunc.config.getoption("--caller")
        metafunc.parametrize("caller", [only] if only else kinds(), indirect=True, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The machines take minutes each: started first, they run beside all the rest."""
    items.sort(key=lambda item: item.get_closest_marker("machine") is None)


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of this run, which everybody can enter; pytest's own are closed to other users."""
    if os.environ.get("JAILPY_MUST_RUN") == "1":  # what decides tries the same each time; all others look further
        hypothesis.settings.register_profile("deciding", derandomize=True, database=None)
        hypothesis.settings.load_profile("deciding")
    for number in (signal.SIGINT, signal.SIGQUIT):  # ignored in what a script starts with "&", and all below it
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if hasattr(config, "workerinput"):
        return
    folder = tempfile.mkdtemp(prefix="jailpy-tests-", dir="/var/tmp")
    os.chmod(folder, 0o755)
    os.environ[FOLDER] = folder
    _teardown.enter_context(user_in_use())
    _teardown.callback(shutil.rmtree, folder)


def pytest_unconfigure() -> None:
    _teardown.close()


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Workers share the user and the installed copy: the first one makes them."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """The folder of this run of the suite."""
    return Path(os.environ[FOLDER])


def caller_of_kind(kind: str, shared_folder: Path) -> Caller:
    """Root or the ordinary user."""
    with _one_at_a_time(shared_folder):
        return make_caller(kind, shared_folder)


@pytest.fixture(scope="session")
def caller(request: pytest.FixtureRequest, shared_folder: Path) -> Caller:
    """Root and an ordinary user, in turn."""
    return caller_of_kind(request.param, shared_folder)


@pytest.fixture(scope="session")
def installed(shared_folder: Path) -> Installed:
    """The jailpy that was built from this checkout."""
    copy = Installed(shared_folder)
    with _one_at_a_time(shared_folder):
        copy.build()
    return copy


@pytest.fixture
def folder(caller: Caller, shared_folder: Path) -> Iterator[Path]:
    """An empty folder that belongs to the caller and that it can reach."""
    path = Path(tempfile.mkdtemp(prefix="test-", dir=shared_folder))
    os.chmod(path, 0o755)
    os.chown(path, caller.uid, caller.gid)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def under(request: pytest.FixtureRequest) -> bool:
    """Whether what names no profile is run under strict."""
    return request.config.getoption("--under") is not None


@pytest.fixture
def jailpy(caller: Caller, installed: Installed) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """The jailpy command, run as the caller: ``jailpy("run", plugin)``; keywords are those of ``run_as``."""

    def run(*args: str | Path, **options: object) -> subprocess.CompletedProcess[bytes]:
        return run_as(caller, [installed.command, *args], **options)  # type: ignore[arg-type]

    return run
