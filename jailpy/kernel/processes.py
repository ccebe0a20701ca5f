"""Processes: pidfds, descriptors, signals, the environment's memory, accounts."""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms
import select

from jailpy import system as os
from jailpy.kernel.syscall import call, wipe

_SPECIAL = {signal.SIGKILL, signal.SIGSTOP}


def end_first(process: str) -> None:
    """Let ``process`` and its children be what the kernel ends when the host has no memory left (proc(5))."""
    fd = os.open(f"/proc/{process}/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, b"1000")
    finally:
        os.close(fd)


def ended(pidfd: int) -> bool:
    """Whether the process behind ``pidfd`` has ended (pidfd_open(2): it polls readable)."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))


def mark_close_on_exec(lowest: int) -> None:
    """Let every descriptor from ``lowest`` up end at the next execve (close_range(2), CLOSE_RANGE_CLOEXEC)."""
    call("close_range", lowest, 0xFFFFFFFF, 4)


def wipe_environment() -> None:
    """Zero the environment strings that execve left on this process's stack (/proc/PID/environ shows them)."""
    fd = os.open("/proc/self/stat", os.O_RDONLY | os.O_CLOEXEC)
    try:
        fields = os.read(fd, 4096).rpartition(b")")[2].split()
    finally:
        os.close(fd)
    wipe(int(fields[47]), int(fields[48]))  # env_start and env_end, fields 50 and 51 of proc(5)


def reset_signals() -> None:
    """Every signal to its default action: what nohup and wrappers change is not inherited."""
    for number in signal.valid_signals() - _SPECIAL:
        if signal.getsignal(number) != signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)


def open_accounts() -> tuple[int, ...]:
    """This process's /proc/self/io, which has what its children moved, and /proc/thread-self/io, which has not.

    Empty where the kernel does not count (CONFIG_TASK_IO_ACCOUNTING), or no descriptor is to spare.
    """
    opened: list[int] = []
    try:
        opened.append(os.open("/proc/self/io", os.O_RDONLY | os.O_CLOEXEC))
        opened.append(os.open("/proc/thread-self/io", os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        for fd in opened:
            os.close(fd)
        return ()
    return tuple(opened)


def storage_of_ended(whole: int, thread: int) -> tuple[int, int]:
    """Bytes that children which have been waited for read from storage and wrote to it (proc_pid_io(5))."""
    both = [dict(line.split(b": ") for line in os.pread(fd, 4096, 0).splitlines()) for fd in (whole, thread)]
    read, written = (int(both[0][key]) - int(both[1][key]) for key in (b"read_bytes", b"write_bytes"))
    return read, written
