"""Run as the caller: start an application, end it while its jail lives, tell what was left. ``leftovers`` is beside it.

    ends.py APPLICATION SIGNAL

The plugin ignores SIGTERM. What it found is one line of JSON.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import leftovers  # type: ignore[import-not-found]

DEADLINE = 60  # seconds; only there so that a failure ends
_IGNORES_TERM = 1 << (signal.SIGTERM - 1)


def descendants(pid: int) -> list[int]:
    found = leftovers.children(pid)
    return [*found, *(other for child in found for other in descendants(child))]


def is_plugin(pid: int) -> bool:
    """Whether it is the plugin, and has said that it ignores SIGTERM."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            if b"stubborn" not in file.read():
                return False
        with open(f"/proc/{pid}/status") as status:
            ignored = next(line for line in status if line.startswith("SigIgn:"))
    except (OSError, StopIteration):
        return False
    return bool(int(ignored.split()[1], 16) & _IGNORES_TERM)


def main() -> None:
    application, number = sys.argv[1], int(sys.argv[2])
    leftovers.adopt_orphans()
    started = subprocess.Popen([sys.executable, application], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + DEADLINE
    while not any(map(is_plugin, jail := descendants(started.pid))) and time.monotonic() < deadline:
        time.sleep(0.01)
    pidfds = [os.pidfd_open(pid) for pid in jail]
    os.kill(started.pid, number)
    if number == signal.SIGUSR2:  # it forks, and goes on until it is killed
        while len(leftovers.children(started.pid)) < 2:
            time.sleep(0.01)
        os.kill(started.pid, signal.SIGKILL)
    status = started.wait()
    ended = [leftovers.ends(pidfd) for pidfd in pidfds]
    for pid in leftovers.children() if number == signal.SIGUSR2 else ():
        os.kill(pid, signal.SIGKILL)
    print(json.dumps({"status": status, "jail": len(ended), "ended": all(ended), "left": leftovers.remaining()}))


main()
