"""A profile is taken only from root and the caller, and reading one never hangs."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from jailpy.errors import ProfileError
from jailpy.model.policy import Policy
from jailpy.policy.load import load

Write = Callable[..., str]
Use = Callable[[str], Policy]
TEXT = 'extends = "default@1"\n'


def refusal(use: Use, path: str | Path) -> ProfileError:
    with pytest.raises(ProfileError) as caught:
        use(str(path))
    assert len(caught.value.message.splitlines()) <= 2
    return caught.value


def test_missing_profile_is_named(use: Use, tmp_path: Path) -> None:
    error = refusal(use, tmp_path / "none.toml")
    assert str(tmp_path / "none.toml") in error.message
    assert "No such file" in error.message
    assert error.hint


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["folder", "fifo"])
def test_what_is_not_a_regular_file_is_refused_without_waiting(
    make: Callable[[str], None], use: Use, tmp_path: Path
) -> None:
    make(path := f"{tmp_path}/p.toml")
    os.chmod(path, 0o600 | os.stat(path).st_mode & 0o100)
    assert "not a regular file" in refusal(use, path).message


def test_socket_is_refused(use: Use, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path := f"{tmp_path}/p.toml")
        os.chmod(path, 0o600)
        assert "not a regular file" in refusal(use, path).message


def test_device_is_refused(use: Use) -> None:
    """Others can write /dev/null, /dev/full or a terminal, or they are no files: either reason will do."""
    assert "/dev/null" in refusal(use, "/dev/null").message


def test_standard_input_by_its_name_is_refused(use: Use) -> None:
    read, write = os.pipe()
    try:
        assert "cannot be read" in refusal(use, f"/proc/self/fd/{read}").message
    finally:
        os.close(read)
        os.close(write)


def test_symlinks_that_go_in_a_circle_are_refused(use: Use, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert "too many symbolic links" in refusal(use, tmp_path / "a").message


def test_dangling_symlink_is_refused(use: Use, tmp_path: Path) -> None:
    (tmp_path / "p.toml").symlink_to("gone")
    assert "No such file" in refusal(use, tmp_path / "p.toml").message


def test_symlink_to_a_trusted_file_is_followed(write: Write, use: Use, tmp_path: Path) -> None:
    real = write("there/real.toml", TEXT)
    (tmp_path / "link.toml").symlink_to("there/../there/real.toml")
    assert use(f"{tmp_path}/link.toml").source == os.path.realpath(real)


def test_file_of_100_mb_is_refused_unread(use: Use, tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.touch(mode=0o644)
    os.truncate(path, 100 << 20)
    assert "larger than 256 KiB" in refusal(use, path).message


def test_owner_who_is_neither_root_nor_the_caller_is_refused(write: Write, estrange: Callable[[Path], int]) -> None:
    path = write("p.toml", TEXT)
    uid = estrange(Path(path))
    with pytest.raises(ProfileError, match="neither root nor the caller"):
        load(path, uid=uid, home=None, config_home=None)


def test_symlink_of_a_stranger_is_refused(write: Write, estrange: Callable[[Path], int], tmp_path: Path) -> None:
    """Who owns the link chooses which of the caller's files is the profile."""
    link = tmp_path / "link.toml"
    link.symlink_to(write("p.toml", TEXT))
    uid = estrange(link)
    with pytest.raises(ProfileError, match="neither root nor the caller"):
        load(str(link), uid=uid, home=None, config_home=None)


def test_ancestor_is_trusted_no_more_than_the_profile(write: Write, estrange: Callable[[Path], int]) -> None:
    base = write("base.toml", TEXT)
    path = write("p.toml", 'extends = "./base.toml"\n')
    uid = estrange(Path(base))
    with pytest.raises(ProfileError, match="neither root nor the caller"):
        load(path, uid=uid, home=None, config_home=None)


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_file_that_others_can_write_is_refused(mode: int, write: Write, use: Use) -> None:
    path = write("p.toml", TEXT)
    os.chmod(path, mode)
    error = refusal(use, path)
    assert "can be written by others" in error.message
    assert error.hint == f"chmod go-w {path}"


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
@pytest.mark.parametrize("above", [0, 1])
def test_folder_that_others_can_write_is_refused(mode: int, above: int, write: Write, use: Use) -> None:
    path = write("top/sub/p.toml", TEXT)
    os.chmod(folder := Path(path).parents[above], mode)
    assert f"the folder {folder} can be written by others" in refusal(use, path).message


def test_folder_of_a_symlink_counts_as_well_as_that_of_its_target(write: Write, use: Use, tmp_path: Path) -> None:
    real = write("real.toml", TEXT)
    (tmp_path / "open").mkdir()
    (tmp_path / "open/link.toml").symlink_to(real)
    os.chmod(tmp_path / "open", 0o777)
    assert "can be written by others" in refusal(use, tmp_path / "open/link.toml").message


def test_sticky_folder_must_be_roots(write: Write, use: Use, estrange: Callable[[Path], int]) -> None:
    """In /tmp nobody can rename the caller's file; in another's sticky folder that other can."""
    path = write("sticky/p.toml", TEXT)
    os.chmod(folder := Path(path).parent, 0o1777)
    if os.geteuid() == 0:
        assert use(path).name == "p"
    uid = estrange(folder)
    with pytest.raises(ProfileError, match="neither root nor the caller"):
        load(path, uid=uid, home=None, config_home=None)


def test_relative_path_starts_in_the_working_folder(
    write: Write, use: Use, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("p.toml", TEXT)
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    assert use("../p.toml").name == "p"
    (tmp_path / "sub").rmdir()
    assert "cannot be read" in refusal(use, "./p.toml").message
