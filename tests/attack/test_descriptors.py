"""Descriptors: the plugin has three, none of them a file of the host, and none leads out (THREATS 5, 54)."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from tests.attack.conftest import Attack, Starter
from tests.attack.inside import opened, seen


def test_leaked_descriptor_leads_to_the_host(live: Starter, folder: Path) -> None:
    """A folder and a file that the caller leaves open are not there, and no descriptor has a parent folder."""

    def plugin() -> object:
        numbers = sorted(int(name) for name in os.listdir("/proc/self/fd"))
        ways_out = {opened(f"/proc/self/fd/{fd}/..", os.O_RDONLY) for fd in range(256)}
        open_ones = [fd for fd in range(256) if seen(os.fstat, fd) != "EBADF"]
        return [numbers, open_ones, sorted(ways_out)]

    leaked = [os.open(folder, os.O_RDONLY), os.open(__file__, os.O_RDONLY)]
    try:
        with live(plugin, pass_fds=leaked) as jail:
            listed, open_ones, ways_out = jail.saw()
    finally:
        for fd in leaked:
            os.close(fd)
    assert open_ones == [0, 1, 2]
    assert listed == [0, 1, 2, 3]  # 3: the listing itself
    assert ways_out == ["ENOENT", "ENOTDIR"]


def test_working_folder_is_outside_the_root(attack: Attack) -> None:
    """The working folder, and all above it, lie in the jail; a removed folder is no way out either."""

    def plugin() -> object:
        def climb(start: str) -> list[int]:
            os.chdir(start)
            for _ in range(40):
                os.chdir("..")
            status = os.stat(".")
            return [status.st_dev, status.st_ino]

        top = os.stat("/")
        places = [os.getcwd(), os.readlink("/proc/self/cwd"), os.readlink("/proc/self/root")]
        os.mkdir("/tmp/gone")
        os.chdir("/tmp/gone")
        os.rmdir("/tmp/gone")
        climbed = [climb(start) for start in ("/work", "/proc/self/cwd", "/proc/self/root", "/tmp")]
        return [
            places,
            all(end == [top.st_dev, top.st_ino] for end in climbed),
            sorted(os.listdir("/..")) == sorted(os.listdir("/")),
        ]

    assert attack(plugin, cwd=Path("/")) == [["/work", "/work", "/"], True, True]


def test_open_host_file_is_reopened_for_writing(live: Starter, folder: Path) -> None:
    """Standard streams that are host files for the launcher are pipes for the plugin."""

    def plugin() -> object:
        kinds = [stat.S_ISFIFO(os.fstat(fd).st_mode) for fd in range(3)]
        os.write(2, b"said")
        for fd in range(3):
            truncated = os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_TRUNC | os.O_NONBLOCK)
            kinds.append(stat.S_ISFIFO(os.fstat(truncated).st_mode))
            kinds.append(seen(os.ftruncate, truncated, 0) == "EINVAL")
            os.close(truncated)
        return kinds

    (folder / "in").write_bytes(b"input")
    (folder / "err").write_bytes(b"before ")
    with (
        (folder / "in").open("r+b") as stdin,
        (folder / "err").open("ab") as stderr,
        live(plugin, stdin=stdin, stderr=stderr) as jail,
    ):
        assert jail.saw() == [True] * 9
    assert (folder / "in").read_bytes() == b"input"
    assert (folder / "err").read_bytes() == b"before said"


def test_plugin_rewrites_its_own_file_on_the_host(attack: Attack, folder: Path) -> None:
    """A single-file plugin is a copy: no name and no descriptor of it is the host's file, and it is not written."""

    def plugin() -> object:
        me = __file__
        tries = [
            opened(me, os.O_RDWR),
            opened(me, os.O_WRONLY | os.O_TRUNC),
            seen(os.chmod, me, 0o777),
            seen(os.unlink, me),
            seen(os.rename, me, "/plugin/other"),
            seen(os.link, me, "/work/link"),
            seen(os.truncate, me, 0),
        ]
        status = os.stat(me)
        return [
            sorted(set(tries) - {"EROFS", "EACCES", "EXDEV", "EPERM"}),
            status.st_dev == os.stat("/").st_dev,
            status.st_ino,
        ]

    refused_otherwise, in_our_root, inode = attack(plugin)
    host = os.stat(folder / "plugin.py")
    assert (refused_otherwise, in_our_root) == ([], True)
    assert inode != host.st_ino
    assert b"finish(plugin" in (folder / "plugin.py").read_bytes()
