"""The tables agree with libseccomp, with Python's own constants and with each other."""

from __future__ import annotations

import fcntl
import mmap
import os
import resource
import select
import socket
import stat
import subprocess
import sys
import termios

import pyseccomp
import pytest

from jailpy.abi.arguments import ARGUMENTS, INT, LONG, MODE, TYPE
from jailpy.abi.constants import CONSTANTS
from jailpy.abi.syscalls import ARCHITECTURES, KNOWN, X32_BIT

LIBSECCOMP = {"x86_64": pyseccomp.Arch.X86_64, "aarch64": pyseccomp.Arch.AARCH64}
NEWEST = 471  # rseq_slice_yield, Linux 7.0
SURE = 450  # set_mempolicy_home_node, Linux 5.17: every libseccomp that is in use knows up to here
LATE = ("uretprobe", "uprobe")  # low numbers that came in 6.11 and 6.18


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_numbers_agree_with_libseccomp(arch: str) -> None:
    old = [name for name, number in ARCHITECTURES[arch].items() if number <= SURE and name not in LATE]
    told = {name: pyseccomp.resolve_syscall(LIBSECCOMP[arch], name) for name in old}
    assert told == {name: ARCHITECTURES[arch][name] for name in told}


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_no_number_is_given_twice_and_none_is_of_another_abi(arch: str) -> None:
    numbers = [*ARCHITECTURES[arch].values()]
    assert len(numbers) == len(set(numbers))
    assert max(numbers) == NEWEST < X32_BIT


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_no_number_below_the_newest_is_missing(arch: str) -> None:
    """Since 5.1 all architectures count together, from 424 on; below, each has one gap of numbers never used."""
    missing = set(range(NEWEST + 1)) - {*ARCHITECTURES[arch].values()}
    gaps = {"x86_64": set(range(337, 424)), "aarch64": {*range(244, 260), *range(295, 424)}}
    assert missing == gaps[arch]


def test_newer_calls_have_the_same_number_everywhere() -> None:
    for name, number in ARCHITECTURES["x86_64"].items():
        if number >= 424:
            assert ARCHITECTURES["aarch64"][name] == number


@pytest.mark.parametrize("module", [socket, fcntl, termios, mmap, stat, os, resource, select])
def test_constants_agree_with_python(module) -> None:
    shared = {name: value for name, value in vars(module).items() if name in CONSTANTS and isinstance(value, int)}
    assert {name: CONSTANTS[name] for name in shared} == shared


def test_enough_constants_were_compared() -> None:
    modules = (socket, fcntl, termios, mmap, stat, os, resource)
    assert len({name for module in modules for name in vars(module) if name in CONSTANTS}) > 150


def test_constants_fit_the_bits_that_are_compared() -> None:
    assert all(0 <= value <= INT for value in CONSTANTS.values())


def test_arguments_belong_to_known_calls() -> None:
    assert ARGUMENTS.keys() <= KNOWN
    for call, arguments in ARGUMENTS.items():
        names = [name for name, _ in arguments]
        assert 1 <= len(names) == len(set(names)) <= 6, call
        assert {bits for _, bits in arguments} <= {LONG, INT, MODE, TYPE}


def test_modes_and_socket_types_are_compared_on_their_own_bits() -> None:
    for call, arguments in ARGUMENTS.items():
        for name, bits in arguments:
            if name == "mode" and call not in ("fallocate", "mbind"):
                assert bits == MODE, call
            if name == "type":
                assert bits == TYPE, call


def test_the_tables_import_nothing() -> None:
    code = (
        "import sys; before = set(sys.modules); import jailpy.abi.syscalls, jailpy.abi.constants, jailpy.abi.arguments;"
    )
    code += "print(*sorted(m for m in set(sys.modules) - before if not m.startswith('jailpy')))"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["__future__"]
