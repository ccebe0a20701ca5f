"""Who the plugin is when root starts it, and what it may do with what root shares (DESIGN 5.1).

An ordinary user's runs go through the same tests: for them nothing is mapped, and the same holds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.attack.conftest import Jail, Live, Starter
from tests.attack.inside import opened, say, seen
from tests.support import leftovers
from tests.support.callers import Caller, environment, run_as
from tests.support.installed import Installed
from tests.support.reports import valid

OTHER = 54321  # somebody else's id


def waits() -> object:
    say("ready")
    sys.stdin.read()
    return "waited"


def as_root() -> bool:
    return os.geteuid() == 0


def status_of(pid: int) -> dict[str, list[str]]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {line.split(":")[0]: line.split(":")[1].split() for line in lines}


def test_five_jails_have_five_ids(live: Starter, caller: Caller) -> None:
    """Each live jail of root's has an id of its own, and its launcher has it too; host root is mapped in none."""
    seen_ids = []
    with ExitStack() as stack:
        for _ in range(5):
            jail: Live = stack.enter_context(live(waits))
            assert jail.heard() == "ready"
            first, *_ = jail.processes()
            inside, outside, count = Path(f"/proc/{first}/uid_map").read_text().split()
            assert (inside, count) == ("1000", "1")
            pids = (jail.process.pid, *leftovers.children(jail.process.pid), *leftovers.children(first))
            assert len(pids) == 3
            assert {tuple(status_of(pid)["Uid"]) for pid in pids} == {(outside,) * 4}
            assert [status_of(pid)["Groups"] for pid in pids] == [[]] * 3
            seen_ids.append(int(outside))
    if caller.kind == "root":
        assert len(set(seen_ids)) == 5
        assert min(seen_ids) >= 1000
    else:
        assert set(seen_ids) == {caller.uid}


def test_private_file_is_shared(jail: Jail, caller: Caller, folder: Path) -> None:
    """What only the caller may read can be read by the plugin that it is given to; it looks like the plugin's own."""

    def plugin() -> object:
        with open("/private/folder/file") as whole, open("/file") as alone:
            return [whole.read(), alone.read(), os.stat("/file").st_uid, os.stat("/private").st_uid]

    private = folder / "private"
    (private / "folder").mkdir(parents=True)
    (private / "folder/file").write_text("in a folder")
    (folder / "file").write_text("alone")
    for path in (private / "folder/file", private / "folder", private, folder / "file"):
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.chown(path, caller.uid, caller.gid)
    options = ("--read", f"{private}:/private", "--read", f"{folder}/file:/file")
    run = jail(plugin, options=options)
    assert run.saw() == ["in a folder", "alone", 1000, 1000]
    assert run.report["warnings"] == []


def test_private_plugin(caller: Caller, installed: Installed, folder: Path) -> None:
    """A plugin that is a folder which only the caller may enter."""
    plugin = folder / "plugin"
    plugin.mkdir()
    (plugin / "__main__.py").write_text("import other; print(other.WORD)")
    (plugin / "other.py").write_text("WORD = 'private'")
    for path in (plugin / "__main__.py", plugin / "other.py", plugin):
        path.chmod(0o700 if path.is_dir() else 0o600)
        os.chown(path, caller.uid, caller.gid)
    done = run_as(caller, [installed.command, "run", plugin])
    assert (done.returncode, done.stdout) == (0, b"private\n"), done.stderr


def test_share_gives_the_rights_of_its_owner_alone(jail: Jail, caller: Caller, folder: Path) -> None:
    """What somebody else owns in a folder of the caller's, or what only a group may read, stays closed."""

    def plugin() -> object:
        tries = [opened("/shared/others", os.O_RDONLY), opened("/shared/group", os.O_RDONLY)]
        return [tries, seen(os.chmod, "/shared/mine", 0o777), opened("/shared/mine", os.O_WRONLY)]

    shared = folder / "shared"
    shared.mkdir()
    for name, mode in (("others", 0o600), ("group", 0o060), ("mine", 0o600)):
        (shared / name).write_text(name)
        (shared / name).chmod(mode)
        os.chown(shared / name, caller.uid, caller.gid)
    if as_root():
        os.chown(shared / "others", OTHER, OTHER)
        os.chown(shared / "group", caller.uid, 0)
    else:
        (shared / "others").chmod(0)
    os.chown(shared, caller.uid, caller.gid)
    saw = jail(plugin, options=("--read", f"{shared}:/shared")).saw()
    assert saw == [["EACCES", "EACCES"], "EROFS", "EROFS"]


def test_written_files_are_the_folder_owners(jail: Jail, caller: Caller, folder: Path) -> None:
    """What a plugin of root's writes belongs to whoever owns the folder, not to root and not to the jail's id."""

    def plugin() -> object:
        os.mkdir("/out/folder")
        with open("/out/folder/file", "w") as file:
            file.write("written")
        os.symlink("folder/file", "/out/link")
        with open("/out/there", "a") as file:
            file.write(" and more")
        return os.stat("/out/folder/file").st_uid

    out = folder / "out"
    out.mkdir()
    (out / "there").write_text("there")
    owner = (OTHER, OTHER + 1) if caller.kind == "root" else (caller.uid, caller.gid)
    for path in (out, out / "there"):
        os.chown(path, *owner)
    assert jail(plugin, options=("--write", f"{out}:/out")).saw() == 1000
    made = [out / name for name in ("folder", "folder/file", "link", "there")]
    assert {(path.lstat().st_uid, path.lstat().st_gid) for path in made} == {owner}
    assert (out / "there").read_text() == "there and more"


def test_file_system_without_id_mapped_mounts(caller: Caller, installed: Installed, folder: Path) -> None:
    """There, root's read goes on as nobody and says so, and write is refused; a user's runs need no mapping."""
    file = "/sys/kernel/fscaps"
    code = "print(open('/there').read())"
    report = folder / "report.json"
    done = run_as(caller, [installed.command, "run", "--report", report, "--read", f"{file}:/there", "-c", code])
    assert (done.returncode, done.stdout) == (0, b"1\n\n"), done.stderr
    warnings = valid(report)["warnings"]
    assert [file in warning for warning in warnings] == ([True] if caller.kind == "root" else [])
    done = run_as(caller, [installed.command, "run", "--write", f"{file}:/there", "-c", code])
    if caller.kind == "root":
        assert (done.returncode, done.stdout) == (125, b"")
        assert file.encode() in done.stderr
        assert b"id-mapped" in done.stderr
    else:
        assert (done.returncode, done.stdout) == (0, b"1\n\n"), done.stderr


_PRIVATE_ETC = """
set -e
mount -t tmpfs private "$1"
mkdir -p "$1/upper/jailpy" "$1/work"
printf %s "$2" > "$1/upper/jailpy/host-ids"
mount -t overlay private -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" /etc
user=$3 group=$4
shift 4
exec setpriv --reuid "$user" --regid "$group" --clear-groups "$@"
"""


@contextmanager
def with_range(caller: Caller, folder: Path, text: str, command: list[str | Path]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command that finds this range of host ids in its own /etc; only root's suite can make one."""
    place = folder / f"etc-{len(list(folder.iterdir()))}"
    place.mkdir()
    words = [str(word) for word in command]
    if as_root():
        prefix = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", _PRIVATE_ETC, "sh", str(place)]
        words = [*prefix, text, str(caller.uid), str(caller.gid), *words]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(words, env=environment(caller), cwd=caller.home, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def result(process: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_id_is_free_again_when_its_jail_is_gone(caller: Caller, installed: Installed, folder: Path) -> None:
    """With one id to give, root has one jail at a time; the id comes back however the launcher ended."""
    ids = f"{1_950_000_000 + os.getpid()}-{1_950_000_000 + os.getpid()}"
    waiting = [installed.command, "run", "-c", "import os; os.write(1, b'r'); os.read(0, 1)"]
    short = [installed.command, "run", "-c", "print('ran')"]
    for number in (signal.SIGKILL, signal.SIGTERM):
        with with_range(caller, folder, ids, waiting) as first:
            assert first.stdout
            assert first.stdout.read(1) == b"r"
            (pid,) = leftovers.children(first.pid)
            jail = os.pidfd_open(pid)
            if caller.kind == "root":
                assert f" {ids.partition('-')[0]} " in Path(f"/proc/{pid}/uid_map").read_text()
            with with_range(caller, folder, ids, short) as second:
                status, out, err = result(second)
            expected = (125, b"") if caller.kind == "root" else (0, b"ran\n")
            assert (status, out) == expected, err
            assert (b"host ids are taken" in err) == (caller.kind == "root")
            first.send_signal(number)
            assert leftovers.ends(jail)
            os.close(jail)
            first.wait()
        with with_range(caller, folder, ids, short) as third:
            assert result(third) == (0, b"ran\n", b"")


@pytest.mark.parametrize(
    "text", ["", "0-100", "1000", "2000-1000", "60000-70000", "61184-61184", "1000-4294967296", "a-b", "²000-3000"]
)
def test_range_that_is_wrong(caller: Caller, installed: Installed, folder: Path, text: str) -> None:
    """A bad range is an error with the file's name, for root; an ordinary user's runs do not look at it."""
    with with_range(caller, folder, text, [installed.command, "run", "-c", "print('ran')"]) as process:
        status, out, err = result(process)
    if caller.kind == "root":
        assert (status, out) == (125, b"")
        assert b"/etc/jailpy/host-ids" in err
        assert err.count(b"\n") <= 2
    else:
        assert (status, out) == (0, b"ran\n"), err
