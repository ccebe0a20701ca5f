"""contrib/docker: under the seccomp profile for containers a jail can be made, and little else is allowed with it."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from jailpy.abi.syscalls import KNOWN
from jailpy.policy.load import load
from jailpy.policy.shipped import GENERATIONS
from tests.conftest import Caller, run_as
from tests.support.installed import CHECKOUT, Installed

PROFILE = CHECKOUT / "contrib/docker/seccomp.json"
ENGINE = CHECKOUT / "tests/support/under_profile.py"
ALLOW, REFUSE = "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"
DOCKERS_CAPABILITIES = (
    "chown,dac_override,fowner,fsetid,kill,setgid,setuid,setpcap,net_bind_service,net_raw,sys_chroot,mknod,audit_write,"
    "setfcap"
)
Contained = Callable[..., CompletedProcess[bytes]]


def rules() -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(PROFILE.read_text(encoding="utf-8"))["syscalls"]
    return found


def named(action: str) -> set[str]:
    return {name for rule in rules() if rule["action"] == action for name in rule["names"]}  # type: ignore[attr-defined]


@pytest.fixture
def contained(caller: Caller, installed: Installed, folder: Path) -> Contained:
    """The jailpy command as the caller, under the profile: ``contained("run", …)``; ``engine`` comes first."""
    for source in (PROFILE, ENGINE):
        shutil.copy(source, folder)
        (folder / source.name).chmod(0o644)

    def run(*words: str | Path, engine: tuple[str, ...] = (), profile: Path | None = None) -> CompletedProcess[bytes]:
        under = [installed.python, "-I", folder / ENGINE.name, profile or folder / PROFILE.name]
        return run_as(caller, [*engine, *under, installed.command, *words])

    return run


def test_profile_allows_what_shipped_profiles_allow() -> None:
    """Nothing that a plugin may do on a host is refused by the container around it."""
    wanted = {call for name in GENERATIONS for call in load(name, uid=0, home=None, config_home=None).seccomp.allow}
    assert wanted - named(ALLOW) == set()


def test_profile_says_each_thing_once() -> None:
    """No call is both allowed and refused; each is one that exists, so that no rule is void by a typing mistake."""
    plain = [name for rule in rules() if "args" not in rule for name in rule["names"]]  # type: ignore[attr-defined]
    assert len(plain) == len(set(plain))
    assert named(ALLOW) & named(REFUSE) == set()
    assert (named(ALLOW) | named(REFUSE)) - KNOWN == set()


def test_jail_is_made_under_the_profile(contained: Contained, folder: Path) -> None:
    """With a folder to write to, processes of its own and a socket."""
    code = "import os, socket, subprocess, sys; socket.socketpair(); open('out/file', 'w').close(); print(os.getpid())"
    (folder / "out").mkdir()
    shutil.chown(folder / "out", folder.owner(), folder.group())
    done = contained("run", "--write", f"{folder}/out:/work/out", "-c", code)
    assert (done.returncode, done.stdout) == (0, b"2\n"), done.stderr.decode()
    assert (folder / "out/file").exists()


def test_without_the_profile_jailpy_says_what_is_missing(contained: Contained, folder: Path) -> None:
    """Without the part for jails the profile is like an engine's own, and the refusal says where to look."""
    profile = json.loads(PROFILE.read_text(encoding="utf-8"))
    profile["syscalls"] = [rule for rule in profile["syscalls"] if "unshare" not in rule["names"]]
    profile["syscalls"].append({"names": ["clone"], "action": ALLOW})  # threads and processes
    profile["defaultErrnoRet"] = errno.EPERM
    (folder / "engines-own.json").write_text(json.dumps(profile), encoding="utf-8")
    done = contained("run", "-c", "print(1)", profile=folder / "engines-own.json")
    assert (done.returncode, done.stdout) == (125, b"")
    assert "in a container" in done.stderr.decode()


def test_root_of_a_container_is_told_to_be_a_user(contained: Contained, caller: Caller) -> None:
    """With the capabilities that Docker leaves to root, root can make no jail; an ordinary user can."""
    only = "-all," + ",".join(f"+{name}" for name in DOCKERS_CAPABILITIES.split(","))
    engine = ("setpriv", "--bounding-set", only, "--inh-caps", only) if caller.kind == "root" else ()
    done = contained("run", "-c", "print(1)", engine=engine)
    if caller.kind == "root":
        assert done.returncode == 125
        assert "start jailpy as an ordinary user" in done.stderr.decode()
    else:
        assert done.stdout == b"1\n"
