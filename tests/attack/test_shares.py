"""Host folders that are given to a jail: no way through them to the rest (THREATS 8, 32, 35, 37, 49, 50)."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from tests.attack.conftest import Attack, Jail, Starter
from tests.attack.inside import HERE, HIGH, eventually, opened, say, sc, seen
from tests.support.callers import Caller


@pytest.fixture
def given(folder: Path) -> Path:
    """A folder of the caller in which everybody may write."""
    path = folder / "given"
    path.mkdir()
    path.chmod(0o777)
    return path


@pytest.mark.parametrize("kind", ["read", "write"])
def test_symlink_in_a_share_leads_to_the_host(attack: Attack, given: Path, folder: Path, kind: str) -> None:
    """Links, absolute and relative, end in the jail; so do the parents of the share."""

    def plugin(secret: str) -> object:
        links = {name: opened(f"/given/{name}", os.O_RDONLY) for name in ("absolute", "relative")}
        return [links, opened(secret, os.O_RDONLY), opened("/given/../secret", os.O_RDONLY), os.listdir("/given/..")]

    (folder / "secret").write_text("host")
    (given / "absolute").symlink_to(folder / "secret")
    (given / "relative").symlink_to("../secret")
    links, secret, parent, above = attack(plugin, folder / "secret", options=(f"--{kind}", f"{given}:/given"))
    assert links == {"absolute": "ENOENT", "relative": "ENOENT"}
    assert (secret, parent) == ("ENOENT", "ENOENT")
    assert "given" in above
    assert "secret" not in above


def test_read_share_is_written(attack: Attack, given: Path) -> None:
    """A folder and a file that are read are not changed, whoever owns them and whatever their modes are."""

    def plugin() -> object:
        file = "/given/file"
        tries = [
            opened(file, os.O_WRONLY),
            opened(file, os.O_RDONLY | os.O_TRUNC),
            opened("/given/new", os.O_CREAT | os.O_WRONLY),
            opened("/given", os.O_TMPFILE | os.O_WRONLY),
            seen(os.truncate, file, 0),
            seen(os.chmod, file, 0o600),
            seen(os.chown, file, 1000, 1000),
            seen(os.utime, file),
            seen(os.unlink, file),
            seen(os.rename, file, "/given/other"),
            seen(os.mkdir, "/given/folder"),
            seen(os.symlink, "/", "/given/link"),
            seen(os.link, file, "/given/hard"),
            seen(os.mkfifo, "/given/fifo"),
            seen(os.setxattr, file, "user.x", b"y"),
            seen(lambda: socket.socket(socket.AF_UNIX).bind("/given/socket")),
        ]
        with open(file) as again:
            return [sorted(set(tries) - {"EROFS", "EACCES", "EPERM", "EXDEV"}), again.read()]

    (given / "file").write_text("content")
    (given / "file").chmod(0o666)
    assert attack(plugin, options=("--read", f"{given}:/given")) == [[], "content"]
    assert [entry.name for entry in given.iterdir()] == ["file"]
    assert stat.S_IMODE((given / "file").stat().st_mode) == 0o666


def test_lease_on_a_shared_file_stops_its_writer(attack: Attack, given: Path) -> None:
    """fcntl's leases and notifications are refused on what is only read, and on all else."""

    def plugin() -> object:
        with open("/given/file") as file, open("/work/own", "w+") as own:
            fds = [file.fileno(), own.fileno()]
            lease = [sc("fcntl", fd, cmd, kind) for fd in fds for cmd in (1024, HIGH | 1024) for kind in (0, 1)]
            notify = [sc("fcntl", os.open("/given", os.O_RDONLY), cmd, 1) for cmd in (1026, HIGH | 1026)]
            locks = [seen(fcntl.lockf, own, fcntl.LOCK_EX), seen(fcntl.flock, own, fcntl.LOCK_EX)]
            return [sorted(set(lease + notify)), locks]

    (given / "file").write_text("content")
    (given / "file").chmod(0o666)
    assert attack(plugin, options=("--read", f"{given}:/given")) == [["EPERM"], ["allowed", "allowed"]]


def test_socket_or_fifo_in_a_read_share_reaches_the_host(jail: Jail, given: Path) -> None:
    """A tree that holds one is refused and named, at whatever depth, and nothing is started."""

    def plugin() -> object:
        return "started"

    deep = given / "a/b/c"
    deep.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(deep / "agent.sock"))
        listener.listen()
        for kind in ("read", "write"):
            run = jail(plugin, options=(f"--{kind}", f"{given}:/given"))
            assert (run.done.returncode, run.report["outcome"], run.done.stdout) == (125, "usage-error", b"")
            assert b"agent.sock" in run.done.stderr
    (deep / "agent.sock").unlink()
    os.mkfifo(deep / "pipe")
    for share in (given, deep / "pipe"):
        run = jail(plugin, options=("--read", f"{share}:/given"))
        assert (run.done.returncode, run.report["outcome"], run.done.stdout) == (125, "usage-error", b"")
        assert b"pipe" in run.done.stderr


def test_setuid_bit_is_left_in_a_write_share(attack: Attack, given: Path) -> None:
    """No call leaves a setuid or setgid bit in a host folder."""

    def plugin() -> object:
        fd = os.open("/given/tool", os.O_CREAT | os.O_RDWR, 0o755)
        name = b"/given/tool"
        tries = [sc("fchmod", fd, mode) for mode in (0o6755, 0o4755, 0o2755, HIGH | 0o4755)]
        tries += [sc("fchmodat", HERE, name, 0o4755, 0), sc("mkdirat", HERE, b"/given/d", 0o2755)]
        tries += [sc("openat", HERE, b"/given/new", os.O_CREAT | os.O_WRONLY, 0o4755)]
        tries += [sc("openat", HERE, b"/given", os.O_TMPFILE | os.O_RDWR, 0o4755)]
        tries += [sc("mknodat", HERE, b"/given/node", stat.S_IFREG | 0o4755, 0)]
        if os.uname().machine == "x86_64":
            tries += [sc("chmod", name, 0o4755), sc("mkdir", b"/given/e", 0o2755), sc("creat", b"/given/c", 0o4755)]
            tries += [sc("open", b"/given/o", os.O_CREAT | os.O_WRONLY, 0o4755)]
            tries += [sc("mknod", b"/given/n", stat.S_IFREG | 0o4755, 0)]
        os.umask(0)
        return [
            sorted(set(tries)),
            sc("openat2", HERE, b"/given/p", bytes(24), 24),
            sc("fchmodat2", HERE, name, 0o4755, 0),
        ]

    assert attack(plugin, options=("--write", f"{given}:/given")) == [["EPERM"], "ENOSYS", "ENOSYS"]
    assert [entry.name for entry in given.iterdir()] == ["tool"]
    assert [entry for entry in given.rglob("*") if entry.stat().st_mode & 0o6000] == []


def test_mount_follows_a_link_that_an_earlier_run_planted(
    attack: Attack, jail: Jail, given: Path, folder: Path
) -> None:
    """CVE-2026-87766: a mount point below a share is never made through a link of it, onto the host."""

    def plant(host: str) -> object:
        os.symlink(host, "/given/sub")
        os.mkdir("/given/real")
        os.symlink(host, "/given/real/sub")
        return sorted(os.listdir("/given"))

    def use() -> object:
        return "started"

    victim, other = folder / "victim", folder / "other"
    for path in (victim, other):
        path.mkdir()
        path.chmod(0o777)
    (victim / "inner").mkdir()
    assert attack(plant, victim, options=("--write", f"{given}:/given")) == ["real", "sub"]
    for below in ("sub/made", "sub/inner", "real/sub/inner", "real/sub/made/deep"):
        run = jail(use, options=("--write", f"{given}:/given", "--read", f"{other}:/given/{below}"))
        assert (run.done.returncode, run.done.stdout) == (125, b"")
        assert run.report["outcome"] in ("usage-error", "setup-failed", "profile-error")
    assert [path.relative_to(victim) for path in victim.rglob("*")] == [Path("inner")]


def test_plugin_writes_the_profile_that_it_runs_under(jail: Jail, caller: Caller, given: Path) -> None:
    """A profile that lies under a folder which the jail may write is refused."""

    def plugin() -> object:
        return "started"

    for place in (given / "own.toml", given / "deep/own.toml"):
        place.parent.mkdir(exist_ok=True)
        given.chmod(0o755)
        place.write_text(f'schema = 1\nname = "own"\nextends = "default@1"\nfilesystem.write = ["{given}:/given"]\n')
        for path in (place, place.parent):
            os.chown(path, caller.uid, caller.gid)
        run = jail(plugin, options=("-p", place))
        assert (run.done.returncode, run.report["outcome"], run.done.stdout) == (125, "profile-error", b"")
        place.write_text('schema = 1\nname = "own"\nextends = "default@1"\n')
        run = jail(plugin, options=("-p", place, "--write", f"{given}:/given"))
        assert (run.done.returncode, run.report["outcome"], run.done.stdout) == (125, "profile-error", b"")


def test_two_jails_meet_in_shared_memory(live: Starter, attack: Attack) -> None:
    """/tmp, /work, /dev/shm, names of sockets and the loopback of a jail that runs are not those of another one."""

    def first() -> object:
        for folder in ("/tmp", "/work", "/dev/shm"):
            os.close(os.open(f"{folder}/meet", os.O_CREAT | os.O_WRONLY))
        listeners = [socket.socket(socket.AF_UNIX), socket.create_server(("127.0.0.1", 7777))]
        listeners[0].bind("\0meet")
        listeners[0].listen()
        say("ready")
        sys.stdin.read()
        return "met nobody"

    def second() -> object:
        files = [os.path.exists(f"{folder}/meet") for folder in ("/tmp", "/work", "/dev/shm")]
        named = seen(socket.socket(socket.AF_UNIX).connect, "\0meet")
        return [files, named, seen(socket.create_connection, ("127.0.0.1", 7777))]

    with live(first) as jail:
        assert jail.heard() == "ready"
        assert attack(second) == [[False] * 3, "ECONNREFUSED", "ECONNREFUSED"]
        jail.let_go()
        assert eventually(lambda: jail.process.poll() is not None)
        assert jail.process.returncode == 0


def test_sparse_files_and_links_are_left_for_the_host(attack: Attack, given: Path) -> None:
    """A file larger than the limit is not made in a write share; a link that is left there leads the host nowhere."""

    def plugin() -> object:
        os.symlink("/etc/passwd", "/given/out")
        fd = os.open("/given/sparse", os.O_CREAT | os.O_RDWR)
        return [seen(os.ftruncate, fd, 1 << 40), seen(os.pwrite, fd, b"x", 1 << 40), os.fstat(fd).st_size]

    assert attack(plugin, options=("--write", f"{given}:/given")) == ["EFBIG", "EFBIG", 0]
    assert sorted(entry.name for entry in given.iterdir()) == ["out", "sparse"]


def test_file_in_a_write_share_stays_with_a_foreign_owner(attack: Attack, caller: Caller, folder: Path) -> None:
    """What is written belongs to the owner of the folder, also for root, whose jail has an id that a later one gets."""

    def plugin() -> object:
        os.mkdir("/given/made")
        return opened("/given/made/file", os.O_CREAT | os.O_WRONLY)

    share = folder / "own"
    share.mkdir(mode=0o755)
    os.chown(share, caller.uid, caller.gid)
    assert attack(plugin, options=("--write", f"{share}:/given")) == "allowed"
    assert {(path.stat().st_uid, path.stat().st_gid) for path in share.rglob("*")} == {(caller.uid, caller.gid)}
