"""Makes jails as the command would, each in a process of its own that need not import anything; started as the caller.

    many_runs.py COUNT AT_ONCE WORD...

COUNT jails, AT_ONCE of them alive together: the words are those of jailpy; their plugin must say a line, and wait for
the end of its input. The exit statuses, a line each, come out once all have ended.
"""

from __future__ import annotations

import os
import sys

from jailpy.cli import quick_run, run


def together(count: int, words: list[str]) -> list[int]:
    """Start as many, wait until each has spoken, let them go; how they ended."""
    waited_on, gate = os.pipe()
    heard, said = os.pipe()
    pids = []
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            os.dup2(waited_on, 0)
            os.dup2(said, 1)
            os.closerange(3, max(waited_on, gate, heard, said) + 1)
            request = quick_run.parse(words)
            os._exit(run.run(request) if request else 2)
        pids.append(pid)
    os.close(waited_on)
    os.close(said)
    lines = 0
    while lines < count and (spoken := os.read(heard, 4096)):
        lines += spoken.count(b"\n")
    os.close(gate)
    ended = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    os.close(heard)
    return ended


if __name__ == "__main__":
    total, at_once = map(int, sys.argv[1:3])
    statuses: list[int] = []
    while len(statuses) < total:
        statuses += together(min(at_once, total - len(statuses)), sys.argv[3:])
    print(*statuses, sep="\n")
