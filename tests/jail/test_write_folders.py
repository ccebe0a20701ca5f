"""Folders of the host that a jail may write: what comes to lie there has a limit, however it comes there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.attack.inside import seen
from tests.support.bombs import Bomb, bomb, ended_by, limit
from tests.support.callers import Caller

__all__ = ["bomb"]
Shared = tuple[str, Path]


@pytest.fixture
def out(folder: Path, caller: Caller) -> Path:
    """A folder of the caller's with something in it, which the jail has at /work/out."""
    path = folder / "out"
    path.mkdir()
    (path / "before").write_bytes(bytes(30 << 20))
    for one in (path, path / "before"):
        os.chown(one, caller.uid, caller.gid)
    return path


@pytest.fixture
def writer(bomb: Bomb, out: Path) -> Bomb:
    """A bomb that has the folder."""
    return lambda plugin, *arguments, **limits: bomb(
        plugin, *arguments, options=("--write", f"{out}:/work/out"), **limits
    )


def test_disk_is_filled(writer: Bomb, out: Path) -> None:
    """Many files that are each small enough; what lay there before does not count."""

    def plugin() -> object:
        for number in range(200):
            with open(f"/work/out/{number}", "wb") as file:
                file.write(bytes(1 << 20))
            time.sleep(0.01)
        return "all was written"

    run = writer(plugin, write="20M")
    assert (run.report["outcome"], run.report["status"], run.done.returncode) == ("output-limit", 137, 137)
    assert ended_by(run, "write")
    there = sum(file.stat().st_blocks * 512 for file in out.iterdir() if file.name != "before")
    assert 20 << 20 < limit(run, "write")["peak"] == there < 200 << 20
    assert run.report["usage"]["written_bytes"] >= 15 << 20  # up to the last look before it was killed


def test_inodes_are_used_up(writer: Bomb, out: Path) -> None:
    """Files without content, folders and links take no room that is measured in bytes."""

    def plugin() -> object:
        for number in range(1000):
            os.mkdir(f"/work/out/{number}")
            os.symlink("nowhere", f"/work/out/{number}/link")
            time.sleep(0.001)
        return "all were made"

    run = writer(plugin, write_files=100)
    assert (run.report["outcome"], ended_by(run, "write-files")) == ("output-limit", True)
    assert 100 < limit(run, "write-files")["peak"] == sum(len(f) + len(d) for _, d, f in os.walk(out)) - 1 < 2000


def deleted_and_still_open() -> object:
    fd = os.open("/work/out/gone", os.O_WRONLY | os.O_CREAT)
    os.unlink("/work/out/gone")
    for _ in range(60):
        os.write(fd, bytes(1 << 20))
    time.sleep(3)
    return "it stayed"


def allocated_and_never_written() -> object:
    fd = os.open("/work/out/room", os.O_WRONLY | os.O_CREAT)
    os.posix_fallocate(fd, 0, 60 << 20)
    time.sleep(3)
    return "it stayed"


def behind_a_folder_that_is_closed() -> object:
    os.mkdir("/work/out/closed")
    fd = os.open("/work/out/closed/large", os.O_WRONLY | os.O_CREAT)
    os.chmod("/work/out/closed", 0)
    time.sleep(3)
    return os.write(fd, bytes(60 << 20))


def behind_a_folder_that_can_be_listed() -> object:
    os.mkdir("/work/out/closed")
    fd = os.open("/work/out/closed/large", os.O_WRONLY | os.O_CREAT)
    os.chmod("/work/out/closed", 0o444)
    time.sleep(3)
    return os.write(fd, bytes(60 << 20))


def behind_the_whole_folder_closed() -> object:
    fd = os.open("/work/out/large", os.O_WRONLY | os.O_CREAT)
    os.chmod("/work/out", 0)
    time.sleep(3)
    return os.write(fd, bytes(60 << 20))


def deeper_than_anybody_looks() -> object:
    os.chdir("/work/out")
    for _ in range(300):
        os.mkdir("d")
        os.chdir("d")
    time.sleep(3)
    return os.write(os.open("large", os.O_WRONLY | os.O_CREAT), bytes(60 << 20))


WAYS = (
    deleted_and_still_open,
    allocated_and_never_written,
    behind_a_folder_that_is_closed,
    behind_a_folder_that_can_be_listed,
    behind_the_whole_folder_closed,
    deeper_than_anybody_looks,
)


@pytest.mark.parametrize("way", WAYS)
def test_room_is_taken(writer: Bomb, out: Path, way: Callable[[], object]) -> None:
    """Ways that a walk through the folder could miss: what cannot be seen any more counts as too much."""
    run = writer(way, write="20M")
    os.chmod(out, 0o755)
    for folder in out.glob("closed"):
        folder.chmod(0o755)
    assert (run.report["outcome"], ended_by(run, "write")) == ("output-limit", True)


def test_folder_that_is_used_as_it_should_be(writer: Bomb) -> None:
    """Links are not followed, other names of a file take no room, and what is removed makes room."""

    def plugin() -> object:
        os.symlink("/", "/work/out/root")
        os.symlink(".", "/work/out/self")
        for number in range(10):
            os.link("/work/out/before", f"/work/out/{number}")
        for _ in range(10):
            with open("/work/out/large", "wb") as file:
                file.write(bytes(5 << 20))
            os.unlink("/work/out/large")
            time.sleep(0.1)
        os.truncate(os.open("/work/out/holes", os.O_WRONLY | os.O_CREAT), 60 << 20)
        return [seen(os.stat, "/work/out/root"), len(os.listdir("/work/out/self"))]

    run = writer(plugin, write="20M", write_files=20)
    assert run.saw() == ["allowed", 14]
    assert (limit(run, "write-files")["hits"], limit(run, "write-files")["ended_run"]) == (0, False)
    assert 13 <= limit(run, "write-files")["peak"] <= 14
    assert limit(run, "write")["peak"] <= 10 << 20


def test_run_that_is_over_too_soon(writer: Bomb) -> None:
    """What it leaves behind is counted when it has ended, too."""
    code = "import os\nos.posix_fallocate(os.open('/work/out/room', os.O_WRONLY | os.O_CREAT), 0, 30 << 20)"
    run = writer(code, write="20M")
    assert (limit(run, "write")["hits"], limit(run, "write")["peak"]) == (1, 30 << 20)


@pytest.mark.parametrize(("size", "files"), [("none", "none"), ("none", 5), ("5M", "none")])
def test_limits_that_are_lifted(writer: Bomb, size: Any, files: Any) -> None:
    run = writer("pass", write=size, write_files=files)
    shown = {row["name"] for row in run.report["limits"]} & {"write", "write-files"}
    assert shown == {name for name, value in (("write", size), ("write-files", files)) if value != "none"}
