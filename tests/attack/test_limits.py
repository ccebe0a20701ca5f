"""Memory, files, output and time: what one plugin can take (THREATS 29 to 31, 36; the rules on memory)."""

from __future__ import annotations

import mmap
import os
import resource
import signal
import sys

import pytest

from tests.attack.conftest import Attack, Jail
from tests.attack.inside import HIGH, in_child, sc, seen
from tests.support.callers import Caller
from tests.support.strictly import controllers


@pytest.mark.parametrize("fd", [1, 2])
def test_output_floods_the_caller(jail: Jail, fd: int) -> None:
    """A plugin that prints for ever is stopped at the limit, and not much more has come through."""

    def plugin(word: str) -> object:
        while True:
            os.write(int(word), b"x" * 1_000_000)

    run = jail(plugin, fd, options=("--limit", "output=1M"))
    assert run.report["outcome"] == "output-limit"
    said = run.done.stdout if fd == 1 else run.done.stderr
    assert 1 << 20 <= len(said) <= 2 << 20


def test_output_is_hidden_from_the_count(jail: Jail) -> None:
    """What children and daemons write counts too, on both streams together."""

    def plugin() -> object:
        if os.fork() == 0:
            os.setsid()
            while True:
                os.write(1, b"o" * 1000)
                os.write(2, b"e" * 1000)
        signal.pause()

    run = jail(plugin, options=("--limit", "output=100K"))
    assert run.report["outcome"] == "output-limit"
    assert len(run.done.stdout) + len(run.done.stderr) <= 1 << 20


def test_core_dump_handler_gets_the_memory(jail: Jail, attack: Attack) -> None:
    """No core, and none through a core_pattern pipe: the limit is one byte, and nobody raises or zeroes it."""

    def plugin() -> object:
        limit = resource.getrlimit(resource.RLIMIT_CORE)
        child = os.fork()
        if child == 0:
            os.abort()
        _, status = os.waitpid(child, 0)
        room = [(value.to_bytes(8, "little") * 2) for value in (0, 1, 1 << 20)]
        raised = {sc("prlimit64", pid, resource.RLIMIT_CORE, new, None) for new in room for pid in (0, os.getpid())}
        if os.uname().machine == "x86_64":
            raised |= {sc("setrlimit", high | resource.RLIMIT_CORE, new) for new in room for high in (0, HIGH)}
        return [limit, os.WTERMSIG(status), os.WCOREDUMP(status), sorted(raised), os.listdir("/work")]

    assert attack(plugin) == [[1, 1], signal.SIGABRT, False, ["EPERM"], []]

    def aborts() -> object:
        os.abort()

    run = jail(aborts)
    assert (run.report["outcome"], run.report["signal"], run.done.returncode) == ("signal", 6, 134)


def test_limit_is_raised_again(attack: Attack, caller: Caller) -> None:
    """Every hard limit can only go down; those of jailpy are in force."""

    def plugin() -> object:
        hard = {
            name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[1] for name in ("NOFILE", "FSIZE", "NPROC")
        }
        raised = set()
        for which in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC, resource.RLIMIT_CPU):
            more = (resource.getrlimit(which)[1] + 1).to_bytes(8, "little") * 2
            raised |= {sc("prlimit64", 0, which, more, None)}
        fds, refused = [], ""
        while not refused:
            fd = os.open("/dev/null", os.O_RDONLY)
            fds.append(fd)
            refused = "" if len(fds) < 200 else seen(lambda: fds.extend(os.open("/dev/null", 0) for _ in range(300)))
        for fd in fds:
            os.close(fd)
        large = os.open("/tmp/large", os.O_CREAT | os.O_WRONLY)
        over = seen(os.pwrite, large, b"x", hard["FSIZE"])
        return [hard, sorted(raised), refused, len(fds) + 3, over, seen(os.truncate, "/tmp/large", hard["FSIZE"] + 1)]

    saw = attack(plugin, options=("--limit", "file-size=1M", "--limit", "open-files=220", "--limit", "tasks=30"))
    tasks = 30 + (2 if caller.kind == "root" else 1)  # pid 1, and root's launcher, which joins the user namespace
    tasks += "pids" in controllers(caller.kind)  # of which the limit is to be reached before this one
    assert saw == [{"NOFILE": 220, "FSIZE": 1 << 20, "NPROC": tasks}, ["EPERM"], "EMFILE", 220, "EFBIG", "EFBIG"]


def test_processor_time_is_taken_for_ever(jail: Jail) -> None:
    """A loop ends at the limit on processor time, also when it ignores the signal that warns of it."""

    def plugin() -> object:
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
        while True:
            pass

    run = jail(plugin, options=("--limit", "cpu=1s"))
    assert (run.report["outcome"], run.done.returncode) == ("cpu-limit", 124)
    assert 1 <= run.report["usage"]["cpu_user_s"] + run.report["usage"]["cpu_system_s"] < 4


def test_sleep_lasts_for_ever(jail: Jail) -> None:
    """A plugin that does nothing ends at the time limit."""

    def plugin() -> object:
        while True:
            signal.pause()

    run = jail(plugin, options=("--timeout", "1s"))
    assert (run.report["outcome"], run.done.returncode) == ("timeout", 124)


def test_huge_pages_and_locked_memory_are_taken(attack: Attack) -> None:
    """No page of the host's reserve, none that cannot be swapped; ordinary mappings and memfds work."""

    def plugin() -> object:
        size, both, anonymous = 1 << 21, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        huge = 0x40000  # MAP_HUGETLB
        flags = [anonymous | huge, HIGH | anonymous | huge, anonymous | huge | 21 << 26, mmap.MAP_SHARED | 0x20 | huge]
        tries = {sc("mmap", 0, size, both, flag, -1, 0) for flag in flags}
        tries |= {sc("memfd_create", b"m", flag) for flag in (4, 5, HIGH | 4, 4 | 21 << 26)}
        tries |= {sc("mlock", 0, 4096), sc("mlockall", 1), sc("mlock2", 0, 4096, 0), sc("munlockall")}
        memory = mmap.mmap(-1, 1 << 20)
        memory[:4] = b"good"
        memory.madvise(mmap.MADV_DONTNEED)
        fd = os.memfd_create("m", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        secret = [sc("memfd_secret", 0), sc("userfaultfd", 0), sc("process_madvise", 0, 0, 0, 4, 0)]
        return [sorted(tries), secret, os.write(fd, b"x"), sc("mmap", 0, 4096, both, HIGH | anonymous, -1, 0)]

    assert attack(plugin) == [["EPERM"], ["ENOSYS"] * 3, 1, "allowed"]


def test_stack_without_end_weakens_address_randomisation(attack: Attack) -> None:
    """personality answers and changes nothing; addresses differ between the children that are executed."""

    def plugin() -> object:
        import subprocess

        values = (0x0400000, 0x0040000, 0x0020000, 0, 8, HIGH | 0x0400000)
        changed = {sc("personality", value) for value in values}
        asked = [sc("personality", value) for value in (0xFFFFFFFF, HIGH | 0xFFFFFFFF)]
        code = "print(next(line for line in open('/proc/self/maps') if '[stack]' in line).split()[0])"
        stacks = {subprocess.check_output([sys.executable, "-I", "-c", code]) for _ in range(3)}
        return [sorted(changed), asked, len(stacks) > 1, resource.getrlimit(resource.RLIMIT_STACK)[1] > 0]

    assert attack(plugin) == [["EPERM"], ["allowed"] * 2, True, True]


def test_crash_takes_more_than_the_plugin(attack: Attack) -> None:
    """A child that overflows its stack or reads nowhere dies alone."""

    def plugin() -> object:
        import ctypes

        return [in_child(lambda: ctypes.string_at(0)), in_child(lambda: os.kill(os.getpid(), signal.SIGILL))]

    assert attack(plugin) == ["SIGSEGV", "SIGILL"]
