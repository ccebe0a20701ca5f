"""The programs in this machine's kernel."""

from __future__ import annotations

import errno
import os
import platform
import signal
import subprocess
import sys

import pytest

from jailpy.abi.constants import CONSTANTS
from jailpy.abi.syscalls import ARCHITECTURES, X32_BIT
from jailpy.plan.filter import FOREIGN_ABI, compile_filter, without
from tests.support.must import must_run
from tests.unit.seccomp import live
from tests.unit.seccomp.bpf import ERRNO
from tests.unit.seccomp.policies import policy, stack

CALLS = ARCHITECTURES["x86_64"]


@pytest.fixture(autouse=True)
def machine() -> None:
    must_run(platform.machine() == "x86_64", "the numbers of these tests are those of x86_64")


def hexes(name: str) -> list[str]:
    return [program.hex() for program in compile_filter(policy(name), "x86_64")]


def under(programs: list[str], *calls: str) -> subprocess.CompletedProcess[str]:
    """The calls made under the programs."""
    return subprocess.run([sys.executable, live.__file__, *programs, "--", *calls], capture_output=True, text=True)


def errnos(programs: list[str], *calls: str) -> list[str]:
    done = under(programs, *calls)
    assert done.stderr == ""
    return [errno.errorcode.get(int(word), word) for word in done.stdout.split()]


def test_every_refused_call_of_default_is_refused_by_the_kernel() -> None:
    """The interpreted answer first: nothing is tried that the filter would let through."""
    refused = [(name, stack("default", "x86_64").answer(number)) for name, number in CALLS.items()]
    refused = [(name, answer & 0xFFFF) for name, answer in refused if answer & 0xFFFF0000 == ERRNO]
    tried = [name for name, _ in refused if name not in ("uretprobe", "uprobe")]  # the kernel lets these pass always
    expected = [errno.errorcode[number] for name, number in refused if name in tried]
    assert len(tried) > 180
    assert errnos(hexes("default"), *(str(CALLS[name]) for name in tried)) == expected


def test_rules_in_the_kernel() -> None:
    rubbish = 1 << 32
    calls = {
        f"{CALLS['socket']},38,5,0": "EAFNOSUPPORT",
        f"{CALLS['socket']},{rubbish | 16},3,6": "EAFNOSUPPORT",
        f"{CALLS['socket']},2,1,262": "EPROTONOSUPPORT",
        f"{CALLS['socket']},{rubbish | 2},{rubbish | 1},0": "0",
        f"{CALLS['ioctl']},0,{rubbish | CONSTANTS['TIOCSTI']},0": "ENOTTY",
        f"{CALLS['clone']},{rubbish | 0x10000011},0": "EPERM",
        f"{CALLS['personality']},0x0400000": "EPERM",
        f"{CALLS['personality']},0xffffffff": "0",
        f"{CALLS['setpriority']},0,1,0": "EPERM",
        f"{CALLS['prlimit64']},{os.getpid()},0,1": "EPERM",
        f"{CALLS['prlimit64']},0,4,1": "EPERM",
        f"{CALLS['prctl']},{CONSTANTS['PR_SET_DUMPABLE']},0": "EPERM",
        f"{CALLS['getpid']}": "0",
        "471": "ENOSYS",
        "4000": "ENOSYS",
    }
    assert errnos(hexes("circumstances"), *calls) == [
        "EACCES" if text.startswith(f"{CALLS['socket']},{rubbish | 2},") else answer for text, answer in calls.items()
    ]
    assert errnos(hexes("default"), *calls) == [*calls.values()]


def test_an_x32_call_dies() -> None:
    number = str(X32_BIT | CALLS["getpid"])
    assert under(hexes("default"), number).returncode == -signal.SIGSYS
    opened = compile_filter(without(policy("default"), FOREIGN_ABI), "x86_64")
    assert under([program.hex() for program in opened], number).returncode == 0


def test_an_escape_dies_under_strict() -> None:
    for name in ("unshare", "mount", "ptrace"):
        assert under(hexes("strict"), str(CALLS[name])).returncode == -signal.SIGSYS


def test_no_exec_knows_no_way_round() -> None:
    """With an absolute path execveat ignores its descriptor, whatever number and flags come with it."""
    flags = CONSTANTS["AT_EMPTY_PATH"]
    tried = (f"{CALLS['execve']},0,0,0", f"{CALLS['execveat']},1023,0,0,0,{flags}", f"{CALLS['clone']},17,0")
    assert errnos(hexes("strict"), *tried, str(CALLS["vfork"])) == ["EPERM"] * 4
