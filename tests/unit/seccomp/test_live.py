"""The programs in this machine's kernel."""

from __future__ import annotations

import array
import errno
import fcntl
import os
import platform
import signal
import socket
import struct
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
NOTIF_RECV, NOTIF_SEND = 0xC0502100, 0xC0182101  # linux/seccomp.h, struct seccomp_notif and seccomp_notif_resp
CONTINUE = 1  # SECCOMP_USER_NOTIF_FLAG_CONTINUE


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


SECOND_EXEC = """
import ctypes, os, subprocess
libc = ctypes.CDLL(None, use_errno=True)
def errno_of(attempt):
    try:
        attempt()
    except OSError as error:
        return error.errno
def raw(number, *arguments):
    argv = (ctypes.c_char_p * 2)(b"/bin/true", None)
    libc.syscall(number, *[argv if a is ... else a for a in arguments])
    return ctypes.get_errno()
print(errno_of(lambda: os.execv("/bin/true", ["true"])), errno_of(lambda: subprocess.run(["/bin/true"])),
      raw(59, b"/bin/true", ..., None), raw(322, 1023, b"/bin/true", ..., None, 0x1000), errno_of(os.fork))
"""


def test_no_exec_lets_one_execve_continue_and_no_other() -> None:
    """The launcher answers the first execve, before there is a plugin, and then closes the listener for good."""
    ours, theirs = socket.socketpair()
    channel = theirs.fileno()
    start = [sys.executable, live.__file__, "--listener", str(channel), *hexes("strict")]
    start += ["--", sys.executable, "-I", "-c", SECOND_EXEC]
    with subprocess.Popen(start, stdout=subprocess.PIPE, text=True, pass_fds=[channel]) as child:
        theirs.close()
        _, (listener,), _, _ = socket.recv_fds(ours, 16, 1)
        notice = array.array("B", bytes(80))
        fcntl.ioctl(listener, NOTIF_RECV, notice)
        (cookie, pid), number = struct.unpack_from("=QI", notice), struct.unpack_from("=i", notice, 16)
        assert (pid, number) == (child.pid, (CALLS["execve"],))
        fcntl.ioctl(listener, NOTIF_SEND, struct.pack("=QqiI", cookie, 0, 0, CONTINUE))
        os.close(listener)
        assert child.stdout is not None
        said = [errno.errorcode[int(word)] for word in child.stdout.read().split()]
    ours.close()
    assert said == ["ENOSYS", "EPERM", "ENOSYS", "EPERM", "EPERM"]
