"""What a launcher does with a scope of its own, tried in the machine by a user who has a systemd.

python3 -m tests.support.scoped NAME    prints what it saw as JSON
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

from jailpy.launch import systemd

SIZE = 64 << 20


def main(name: str) -> None:
    """Ask for the scope, divide its cgroup, and have a child in it killed for its memory."""
    heard: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    threads, descriptors = os.listdir("/proc/self/task"), os.listdir("/proc/self/fd")
    began = time.monotonic()
    systemd.scope(name, "A launcher of the tests")
    took = time.monotonic() - began
    same = (os.listdir("/proc/self/task"), os.listdir("/proc/self/fd")) == (threads, descriptors)
    mine = Path("/proc/self/cgroup").read_text().removeprefix("0::").strip()
    top = Path("/sys/fs/cgroup" + mine)
    controllers = (top / "cgroup.controllers").read_text().split()
    for leaf in ("launcher", "jail"):
        (top / leaf).mkdir()
    (top / "launcher/cgroup.procs").write_text("0")
    (top / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in controllers))
    (top / "jail/memory.max").write_text(f"{SIZE // 4}")
    ended = killed_for_its_memory(top / "jail")
    counts = (top / "memory.events").read_text()
    time.sleep(2)  # until systemd has looked, which would end the scope
    saw = {"cgroup": mine, "controllers": controllers, "same": same, "took": took, "ended": ended, "heard": heard}
    print(json.dumps({**saw, "counts": counts}), flush=True)


def killed_for_its_memory(cgroup: Path) -> int:
    """The signal that ended a child which took more than the cgroup has."""
    child = os.fork()
    if child == 0:
        (cgroup / "cgroup.procs").write_text("0")
        os._exit(len(bytearray(b"x") * SIZE) and 0)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
