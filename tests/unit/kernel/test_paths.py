"""Opening beneath a folder, by openat2 and where a service manager has taken that away."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from jailpy.kernel import paths


@pytest.fixture(params=["openat2", "step by step"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A folder with a tree in it, whichever way is taken."""
    if request.param == "step by step":

        def refuse(name: str, *_: object, **__: object) -> int:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), name)

        monkeypatch.setattr(paths, "call", refuse)
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/file").write_text("content")
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "a/out").symlink_to("/etc/passwd")
    fd = os.open(tmp_path, os.O_PATH | os.O_DIRECTORY)
    yield fd
    os.close(fd)


@pytest.mark.parametrize(("path", "kind"), [("a", "dir"), ("/a/b/", "dir"), ("a/./b/file", "file"), ("/", "dir")])
def test_what_lies_beneath_is_opened(folder: int, path: str, kind: str) -> None:
    fd = paths.open_beneath(folder, path)
    try:
        assert os.path.isdir(f"/proc/self/fd/{fd}") == (kind == "dir")
        assert os.readlink(f"/proc/self/fd/{fd}").startswith(os.readlink(f"/proc/self/fd/{folder}"))
    finally:
        os.close(fd)


@pytest.mark.parametrize("path", ["link", "link/b", "a/out", "..", "a/../..", "a/b/../../..", "missing", "a/b/file/x"])
def test_links_and_ways_up_are_refused(folder: int, path: str) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match=r"Too many levels|cross-device|No such file|Not a directory"):
        paths.open_beneath(folder, path)
    assert len(os.listdir("/proc/self/fd")) == before
