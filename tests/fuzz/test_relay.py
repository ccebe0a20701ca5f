"""Streams that are written, read, filled and capped in any order: not a byte is lost, added or out of its place."""

from __future__ import annotations

import fcntl
import os
import select
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import given
from hypothesis import strategies as st

from jailpy.broker.stdio import Allowance, Input, Output

PATTERN = bytes(range(251)) * 1000
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from([1, 100, 4096, 65536, 200_000])),
        st.tuples(st.just("read"), st.sampled_from([1, 1000, 65536, 300_000])),
        st.tuples(st.just("relay"), st.integers(1, 3)),
    ),
    max_size=25,
)


@contextmanager
def pipe() -> Iterator[list[int]]:
    """Both ends, which do not block; whoever closes one sets it to -1."""
    ends = list(os.pipe())
    for end in ends:
        os.set_blocking(end, False)
    try:
        yield ends
    finally:
        for end in ends:
            if end >= 0:
                os.close(end)


def relay(stream: Input | Output, times: int) -> bool:
    """Do what is possible at once; whether anything was."""
    moved = False
    for _ in range(times):
        if not stream.open:
            break
        poll = select.poll()
        for fd, events in stream.wanted():
            poll.register(fd, events)
        ready = poll.poll(0)
        for fd, events in ready:
            if stream.open:
                stream.move(fd, events)
        moved = moved or bool(ready)
    return moved


class Ends:
    """Who writes on one side and who reads on the other."""

    def __init__(self, write: int, read: int) -> None:
        self.write, self.read = write, read
        self.sent, self.received = 0, b""

    def step(self, kind: str, size: int, stream: Input | Output) -> None:
        try:
            if kind == "write" and self.write >= 0:
                start = self.sent % 251
                self.sent += os.write(self.write, PATTERN[start : start + size])
            elif kind == "read":
                self.received += os.read(self.read, size)
            elif kind == "relay":
                relay(stream, size)
        except (BlockingIOError, BrokenPipeError):
            return


def pattern(size: int) -> bytes:
    return (PATTERN * (size // len(PATTERN) + 1))[:size]


@given(STEPS, st.one_of(st.none(), st.integers(0, 300_000)), st.booleans())
def test_output(steps: list[tuple[str, int]], cap: int | None, small: bool) -> None:
    with pipe() as plugins, pipe() as callers:
        if small:
            fcntl.fcntl(callers[1], fcntl.F_SETPIPE_SZ, 4096)
        allowance = Allowance()
        allowance.left = cap
        stream = Output(plugins[0], callers[1], allowance)
        plugins[0] = -1
        ends = Ends(plugins[1], callers[0])
        for kind, size in steps:
            ends.step(kind, size, stream)
        plugins[1] = -1
        os.close(ends.write)
        while stream.open:
            relay(stream, 1)
            ends.step("read", 1 << 20, stream)
        os.close(callers[1])
        callers[1] = -1
        while data := os.read(callers[0], 1 << 20):
            ends.received += data
        passed = ends.sent if cap is None else min(cap, ends.sent)
        assert ends.received == pattern(passed)
        assert stream.count == ends.sent
        assert allowance.exceeded == (passed < ends.sent)


@given(STEPS)
def test_input(steps: list[tuple[str, int]]) -> None:
    with pipe() as callers, pipe() as plugins:
        stream = Input(callers[0], plugins[1], owned=False)
        plugins[1] = -1
        ends = Ends(callers[1], plugins[0])
        for kind, size in steps:
            ends.step(kind, size, stream)
        callers[1] = -1
        os.close(ends.write)
        while stream.open:
            relay(stream, 1)
            ends.step("read", 1 << 20, stream)
        while data := os.read(plugins[0], 1 << 20):
            ends.received += data
        assert ends.received == pattern(ends.sent)
