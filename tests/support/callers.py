"""The two people who start jailpy in the tests: root, and an ordinary user whom the suite makes."""

from __future__ import annotations

import fcntl
import os
import pwd
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

USER = "jailpy-test"
OURS = "made by the tests of jailpy"
IN_USE = Path("/run/jailpy-tests.lock")
PATIENCE = float(os.environ.get("JAILPY_TEST_PATIENCE", "1"))  # how many times slower than usual a machine may be
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Caller(NamedTuple):
    kind: str  # "root" | "user"
    name: str
    uid: int
    gid: int
    home: Path


def kinds() -> tuple[str, ...]:
    """Who can be played: a suite that is not root's plays only itself."""
    return ("root", "user") if os.geteuid() == 0 else ("user",)


def make_caller(kind: str, folder: Path) -> Caller:
    """The caller of that kind, with a home of its own below ``folder``; the user is made when there is none."""
    entry = _ordinary_user() if kind == "user" and os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    home = folder / f"home-{kind}"
    if not home.exists():
        home.mkdir(mode=0o700)
        os.chown(home, entry.pw_uid, entry.pw_gid)
    return Caller(kind, entry.pw_name, entry.pw_uid, entry.pw_gid, home)


def _ordinary_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        made = ["useradd", "--no-create-home", "--comment", OURS, "--shell", "/usr/sbin/nologin", USER]
        subprocess.run(made, check=True, env={"PATH": PATH})
        return pwd.getpwnam(USER)


@contextmanager
def user_in_use() -> Iterator[None]:
    """Other runs of the suite may use the same user: the last one out removes it, if a suite made it."""
    if os.geteuid() != 0:
        yield
        return
    with IN_USE.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        if any(entry.pw_name == USER and entry.pw_gecos == OURS for entry in pwd.getpwall()):
            subprocess.run(["userdel", USER], check=True, env={"PATH": PATH})


def run_as(
    caller: Caller,
    argv: Sequence[str | Path],
    *,
    input: bytes = b"",  # noqa: A002 (the name that subprocess.run gave it)
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 60.0,
) -> subprocess.CompletedProcess[bytes]:
    """Run a command as the caller, in a clean environment and no supplementary group, in a session of its own.

    ``env`` adds to the environment. After ``timeout`` seconds, times JAILPY_TEST_PATIENCE where a machine is slow,
    the whole process group is killed and the test fails.
    """
    timeout *= PATIENCE
    rights = {"user": caller.uid, "group": caller.gid, "extra_groups": []} if os.geteuid() == 0 else {}
    process = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd or caller.home,
        env=environment(caller) | dict(env or {}),
        start_new_session=True,
        **rights,
    )
    try:
        stdout, stderr = process.communicate(input, timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        stdout, stderr = process.communicate()
        raise AssertionError(f"{argv} ran longer than {timeout} s\n{stdout!r}\n{stderr!r}") from None
    return subprocess.CompletedProcess(argv, process.returncode, stdout, stderr)


def environment(caller: Caller) -> dict[str, str]:
    """What a fresh login would give: nothing of the suite's own environment leaks into a test."""
    return {"PATH": PATH, "HOME": str(caller.home), "USER": caller.name, "LOGNAME": caller.name, "LANG": "C.UTF-8"}
