"""Hiding from the watch on the whole jail: who started a process, what it is called, what it has mapped and opened."""

from __future__ import annotations

import ctypes
import mmap
import os
import shutil
import subprocess
import sys
import threading
import time

import pytest

from tests.attack.conftest import Jail

LIMITS = {"take": ("--limit", "memory=120M"), "burn": ("--limit", "cpu=1s")}
OUTCOMES = {"take": "memory-limit", "burn": "cpu-limit"}


@pytest.mark.parametrize("act", LIMITS)
@pytest.mark.parametrize("way", ["thread", "daemon", "orphan"])
def test_process_hides(jail: Jail, way: str, act: str) -> None:
    """Wherever in the jail a process stands, what it uses is counted."""

    def plugin(way: str, act: str) -> object:
        def work() -> None:
            taken = bytearray(b"x") * (200 << 20) if act == "take" else b""
            while act == "burn" or time.sleep(20):
                pass
            os._exit(len(taken) and 1)

        if way == "thread":
            threading.Thread(target=lambda: os.fork() or work()).start()
        if way == "daemon" and os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                work()
            os._exit(0)
        if way == "orphan" and os.fork() == 0:
            for _ in range(5):
                if os.fork():
                    os._exit(0)
            work()
        time.sleep(20)

    run = jail(plugin, way, act, options=LIMITS[act])
    assert run.report["outcome"] == OUTCOMES[act]


def test_process_has_a_name_that_forges_numbers(jail: Jail) -> None:
    """/proc shows a name in the middle of a line of numbers."""

    def plugin() -> object:
        for name in (b") R 1 1 1 0 -1 ", b"a) Z (\n) 0 0 0", b"\n\\)((\xff\x01", b""):
            if os.fork() == 0:
                ctypes.CDLL(None).prctl(15, name + b"\0", 0, 0, 0)
                while True:
                    pass
        time.sleep(20)

    assert jail(plugin, options=LIMITS["burn"]).report["outcome"] == "cpu-limit"


def test_program_that_cannot_be_read(jail: Jail) -> None:
    """Nobody looks into a process of such a program; what it has mapped counts in full."""

    def plugin() -> object:
        shutil.copyfile(os.path.realpath(sys.executable), "/tmp/program")
        os.chmod("/tmp/program", 0o111)
        code = "import time; taken = bytearray(b'x') * (200 << 20); time.sleep(20)"
        return subprocess.run(["/tmp/program", "-S", "-c", code], env={"PYTHONHOME": sys.base_prefix}).returncode

    run = jail(plugin, options=LIMITS["take"])
    assert run.report["outcome"] == "memory-limit"


FORGED = ("x{0}Pss:   {1} kB", "x{0}0-1 rw-s 0 00:01 9 a{0}Pss: {1} kB", "memfd:x{0}{1} (deleted)")


@pytest.mark.parametrize("end", ["\n", "\r"], ids=["line feed", "carriage return"])
@pytest.mark.parametrize("size", [99999999, -99999999])
def test_names_forge_sizes(jail: Jail, end: str, size: int) -> None:
    """Files whose names look like lines of the kernel's are mapped and open: nothing of them is taken for a number."""

    def plugin(taken: str, *names: str) -> object:
        held = []
        for name in names:
            with open(f"/dev/shm/{name}", "w+b") as file:
                file.truncate(20 << 20)
                held.append((mmap.mmap(file.fileno(), 0), os.dup(file.fileno())))
            os.unlink(f"/dev/shm/{name}")
        held.append((mmap.mmap(-1, int(taken)), -1))
        for shared, _ in held:
            shared[:: mmap.PAGESIZE] = b"x" * len(shared[:: mmap.PAGESIZE])
        time.sleep(1.5 if len(shared) == 10 << 20 else 60)  # until it is seen, on a slow machine too
        return len(held)

    names = [name.format(end, size) for name in FORGED]
    assert jail(plugin, 10 << 20, *names, options=("--limit", "memory=100M")).saw() == 4
    assert jail(plugin, 80 << 20, *names, options=("--limit", "memory=100M")).report["outcome"] == "memory-limit"
