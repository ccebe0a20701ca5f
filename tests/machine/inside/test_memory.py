"""64 MB for the whole jail: whoever holds the memory in it, and however, the kernel stops it there and says so."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.machine.inside.conftest import Jail, Profile, limited, needs_kind
from tests.support.bombs import ended_by, limit

LIMIT = 64 << 20
SLACK = 8 << 20  # pages that the kernel moves elsewhere, huge ones too, count twice for a moment


def plain() -> object:
    return len([bytearray(b"x") * (10 << 20) for _ in range(20)])


def processes() -> object:
    for _ in range(20):
        if os.fork() == 0:
            taken = bytearray(b"x") * (10 << 20)
            time.sleep(60)
            os._exit(len(taken) and 0)
    time.sleep(60)
    return "all was taken"


def memfds() -> object:
    files = [os.memfd_create("m") for _ in range(20)]
    return sum(os.write(fd, bytes(1 << 20)) for fd in files for _ in range(10))


def scratch() -> object:
    taken = 0
    for number in range(20):
        with open(f"/tmp/{number}", "wb") as file:
            taken += sum(file.write(bytes(1 << 20)) for _ in range(10))
    return taken


def socket_buffers() -> object:
    held, taken = [], 0
    while taken < 200 << 20:
        for end in socket.socketpair():
            end.setblocking(False)
            held.append(end)
        for end in held[-2:]:
            try:
                while True:
                    taken += end.send(bytes(1 << 15))
            except BlockingIOError:
                continue
    return taken


@pytest.mark.parametrize("way", [plain, processes, memfds, scratch, socket_buffers], ids=lambda way: way.__name__)
def test_twice_as_much_as_there_is(jail: Jail, profile: Profile, way: Callable[[], object]) -> None:
    """The jail ends, the limit is named, and so is how much was held."""
    options = profile('[filesystem]\ntmp = "256M"\n[limits]\nmemory = "64M"\nopen-files = 4096')
    run = jail(way, options=options)
    assert (run.report["outcome"], run.done.returncode) == ("memory-limit", 137), run.done.stderr
    assert ended_by(run, "memory")
    row = limit(run, "memory")
    assert (row["limit"], row["hits"]) == (LIMIT, 1)
    assert LIMIT - SLACK < row["peak"] == run.report["usage"]["memory_peak_bytes"] <= LIMIT + SLACK


@pytest.fixture
def swap(shared_folder: Path) -> Iterator[None]:
    """The machine has 256 MB of it."""
    file = shared_folder / "swap"
    subprocess.run(["dd", "if=/dev/zero", f"of={file}", "bs=1M", "count=256", "status=none"], check=True)
    file.chmod(0o600)
    subprocess.run(["mkswap", "--quiet", file], check=True)
    subprocess.run(["swapon", file], check=True)
    yield
    subprocess.run(["swapoff", file], check=True)
    file.unlink()


@needs_kind("systemd", "root")
@pytest.mark.usefixtures("undisturbed", "swap")
def test_swap_is_off_unless_it_is_given(jail: Jail) -> None:
    """Where the host has some, a jail has none by default; one that has it takes what it may."""

    def plugin() -> object:
        return len([bytearray(b"x") * (10 << 20) for _ in range(10)])

    run = jail(plugin, options=limited(memory="64M"))
    assert (run.report["outcome"], ended_by(run, "memory")) == ("memory-limit", True)
    assert jail(plugin, options=limited(memory="64M", swap="128M")).saw() == 10
