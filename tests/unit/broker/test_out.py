"""The two sides that copy /out, against each other and each against nonsense."""

from __future__ import annotations

import os
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jailpy.broker.out import Collector, Writer

_NAMES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", ".", "..", "../up", "/etc", "a/b", "a\0b", "x" * 255, "x" * 256]),
)
# What can be the name of a file; text holds no other names than those that UTF-8 can write.
_FILES = st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=8).filter(
    lambda name: name not in (".", "..")
)
_RECORDS = st.lists(st.tuples(st.integers(0, 4), _NAMES, st.integers(0, 300)), max_size=12)


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield fd
    finally:
        os.close(fd)


def written(folder: Path, stream: bytes) -> None:
    """What a writer makes of these bytes, whatever they are."""
    ours, theirs = socket.socketpair()
    answers = threading.Thread(target=lambda: list(iter(lambda: ours.recv(4096), b"")))
    answers.start()
    sender = threading.Thread(target=lambda: (ours.sendall(stream), ours.shutdown(socket.SHUT_WR)))
    sender.start()
    top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        Writer(theirs.fileno(), top).serve()
    except (EOFError, OSError):
        pass  # it ends, as its process would
    finally:
        theirs.close()
        sender.join()
        answers.join()
        ours.close()
        os.close(top)


def held(place: str) -> list[str]:
    """What this process has open below a folder."""
    links = (f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd"))
    targets = (os.readlink(link) for link in links if os.path.lexists(link))
    return [target for target in targets if target.startswith(place)]


@settings(max_examples=150, deadline=None)
@given(_RECORDS, st.binary(max_size=40))
def test_writer_makes_nothing_outside_whatever_it_is_told(records: list[tuple[int, str, int]], rest: bytes) -> None:
    """A reader that the plugin has taken over is no more believed than the plugin."""
    stream = b""
    for kind, name, size in records:
        encoded = name.encode(errors="replace")
        stream += bytes((kind,)) + len(encoded).to_bytes(2, "little") + size.to_bytes(8, "little") + encoded
        stream += bytes(size) if kind == 2 else b""
    with TemporaryDirectory() as place:
        top = Path(place) / "top"
        top.mkdir()
        (top / "there").write_text("there")
        written(top, stream + rest)
        assert sorted(os.listdir(place)) == ["top"]
        assert (top / "there").read_text() == "there"
        assert all(path.is_file() or path.is_dir() for path in top.rglob("*"))
        assert all(map(os.path.isdir, held(place)))  # folders that it was told to enter, or took for told; no file


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(_FILES, st.binary(max_size=200_000), max_size=6))
def test_what_is_collected_is_what_was_there(files: dict[str, bytes]) -> None:
    """Every file is copied or told of."""
    with TemporaryDirectory() as place:
        source, target = Path(place) / "source", Path(place) / "target"
        source.mkdir()
        target.mkdir()
        for name, content in files.items():
            (source / name).write_bytes(content)
        left = copied(source, target, None)
        found = {path.name: path.read_bytes() for path in target.iterdir()}
        assert found.items() <= files.items()
        assert len(found) + len(left) == len(files)


def copied(source: Path, target: Path, room: int | None) -> tuple[str, ...]:
    ours, theirs = socket.socketpair()
    with opened(target) as top, opened(source) as bottom:
        writer = threading.Thread(target=Writer(theirs.fileno(), top).serve)
        writer.start()
        left = Collector(ours.fileno(), room).collect(bottom)
        ours.close()
        writer.join()
        theirs.close()
    return left


def test_collector_says_so_when_the_writer_is_gone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours, opened(tmp_path) as source:
        (left,) = Collector(ours.fileno(), None).collect(source)
    assert left.startswith("/out was not copied: nothing more was copied: ")


@pytest.mark.parametrize("size", [0, 1, 65536, 65537, 1_000_000])
def test_sizes_around_a_chunk(tmp_path: Path, size: int) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "target").mkdir()
    data = os.urandom(size)
    (tmp_path / "source/file").write_bytes(data)
    assert copied(tmp_path / "source", tmp_path / "target", size) == ()
    assert (tmp_path / "target/file").read_bytes() == data


def test_full_disk_leaves_no_torn_file(tmp_path: Path) -> None:
    """A limit to the size of files stands for the full disk: both are an errno of write(2)."""
    (tmp_path / "source").mkdir()
    (tmp_path / "target").mkdir()
    for name, size in (("a", 10), ("b", 300_000), ("c", 10)):
        (tmp_path / "source" / name).write_bytes(bytes(size))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        left = copied(tmp_path / "source", tmp_path / "target", None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert left == ("/out/b was not copied: File too large",)
    assert sorted(os.listdir(tmp_path / "target")) == ["a", "c"]
