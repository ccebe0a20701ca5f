"""Paths that cannot go together."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from jailpy.errors import ProfileError
from jailpy.model.policy import Policy
from jailpy.policy.paths import check_paths, inside, split

Heir = Callable[[str], Policy]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("/a", ("/a", "/a")),
        ("/a:/b", ("/a", "/b")),
        ("/a:b", ("/a:b", "/a:b")),
        ("/a:/b:/c", ("/a:/b", "/c")),
        ("/a:/", ("/a", "/")),
    ],
)
def test_entry_splits_at_the_last_colon_and_slash(entry: str, expected: tuple[str, str]) -> None:
    assert split(entry) == expected


def test_inside_compares_whole_names() -> None:
    assert inside("/a/b", "/a")
    assert inside("/a", "/a")
    assert inside("/a", "/")
    assert not inside("/ab", "/a")


@pytest.mark.parametrize(
    ("reads", "writes"),
    [
        ('"/nowhere/out/in"', '"/nowhere/out"'),
        ('"/nowhere/out"', '"/nowhere/out:/out"'),
        ("", '"/nowhere", "/nowhere/b"'),
    ],
    ids=["read-inside-write", "same", "write-inside-write"],
)
def test_host_path_inside_a_writable_one_is_refused(
    reads: str, writes: str, problems: Callable[[str], list[str]]
) -> None:
    lines = problems(f"[filesystem]\nread = [{reads}]\nwrite = [{writes}]\n")
    assert all("which the jail may write" in line for line in lines)
    assert lines[0].startswith("p.toml:4: filesystem.read[0]" if reads else "p.toml:5: filesystem.write[1]")


def test_writable_folder_inside_a_readable_one_is_fine(heir: Heir) -> None:
    policy = heir('[filesystem]\nread = ["/nowhere"]\nwrite = ["/nowhere/out"]\n')
    assert policy.filesystem.write == ("/nowhere/out",)


def test_symlink_into_a_writable_folder_is_seen(problems: Callable[[str], list[str]], tmp_path: Path) -> None:
    (tmp_path / "out/in").mkdir(parents=True)
    (tmp_path / "link").symlink_to("out/in")
    (line,) = problems(f'[filesystem]\nread = ["{tmp_path}/link"]\nwrite = ["{tmp_path}/out"]\n')
    assert "which the jail may write" in line


def test_two_host_paths_at_one_place_are_refused(problems: Callable[[str], list[str]]) -> None:
    (line,) = problems('[filesystem]\nread = ["/nowhere/a:/d", "/nowhere/b:/d"]\n')
    assert line == "p.toml:4: filesystem.read[1]: '/nowhere/b' and '/nowhere/a' cannot both be at '/d' in the jail"


def test_profile_below_a_path_that_the_jail_may_write_is_refused(
    problems: Callable[[str], list[str]], tmp_path: Path
) -> None:
    (line,) = problems(f'[filesystem]\nwrite = ["{tmp_path}"]\n')
    assert line.startswith("p.toml:4: filesystem.write[0]: the profile")


def test_workspace_that_holds_the_profile_or_what_is_read_is_refused(heir: Heir, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    policy = heir(f'[filesystem]\nread = ["{tmp_path}/data"]\n')
    check_paths(policy)
    with pytest.raises(ProfileError) as caught:
        check_paths(policy, writable=(os.fspath(tmp_path),))
    assert ["lies inside" in line for line in caught.value.problems] == [True, True]
