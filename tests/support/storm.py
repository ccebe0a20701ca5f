"""Run as the caller: kill the launcher at random moments, and tell what was left. Needs ``leftovers`` beside it.

    storm.py JAILPY KILLS CACHE FOLDER [FOLDER]…

CACHE is where jailpy keeps what it has worked out, and may hold whole entries and nothing else. Nothing may change in
the FOLDERs, of which the first is the working folder.

What it found is one line of JSON.
"""

from __future__ import annotations

import json
import marshal
import os
import random
import select
import signal
import subprocess
import sys
import time

import leftovers  # type: ignore[import-not-found]

AT_LEAST = 10  # kills in each part of a run's life
PLUGIN = """
import os, subprocess, sys, time
for folder in ("/tmp", "/work", "/dev/shm"):
    open(folder + "/left", "w").write("x" * 10000)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            os.write(1, b"flood" * 1000) if "flood" in sys.argv else None
            time.sleep(0.001)
    os._exit(0)
os.write(1, b"started")
for turn in range(30):
    subprocess.run([sys.executable, "-I", "-S", "-c", ""]) if turn % 10 == 0 else sum(range(20000))
"""


def start(command: str) -> subprocess.Popen[bytes]:
    words = [command, "run", "-c", PLUGIN, random.choice(("flood", "quiet"))]
    return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def said(run: subprocess.Popen[bytes]) -> bool:
    """Whether the plugin has said something; what is left of a flood blocks it: it is killed with output stuck."""
    poll = select.poll()
    poll.register(run.stdout, select.POLLIN)
    return any(events & select.POLLIN for _, events in poll.poll(0))


def whole_life(command: str) -> float:
    """How long a run takes whose output is read."""
    began = time.monotonic()
    with start(command) as run:
        run.communicate()
    return time.monotonic() - began


def kill_at(command: str, delay: float) -> str:
    """Kill one launcher; in which part of its run's life that was."""
    run = start(command)
    time.sleep(delay)
    if random.random() < 0.5:
        os.kill(run.pid, signal.SIGSTOP)
    jail, spoke = leftovers.children(run.pid), said(run)
    ended = os.waitid(os.P_PID, run.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    os.kill(run.pid, signal.SIGKILL)
    run.stdout.close()
    run.wait()
    return "over" if ended else "running" if spoke else "building" if jail else "starting"


def torn(cache: str) -> list[str]:
    """What is in the cache and is no whole entry."""
    found = []
    for name in os.listdir(cache):
        with open(os.path.join(cache, name), "rb") as file:
            try:
                marshal.load(file)
            except (ValueError, EOFError, TypeError):
                found.append(name)
        if len(name) != 40:
            found.append(name)
    return found


def forget(cache: str) -> None:
    """Let the next run work everything out again, and write it down."""
    for name in os.listdir(cache):
        os.unlink(os.path.join(cache, name))


def main() -> None:
    command, kills, cache, *folders = sys.argv[1:]
    os.chdir(folders[0])
    leftovers.adopt_orphans()
    life = sorted(whole_life(command) for _ in range(5))[2]
    mounts, files = leftovers.mounts(), leftovers.files(*folders)
    parts = dict.fromkeys(("starting", "building", "running", "over"), 0)
    found: list[str] = []
    while sum(parts.values()) < int(kills) or (few(parts) and sum(parts.values()) < 10 * int(kills)):
        if random.random() < 0.25:
            forget(cache)
        parts[kill_at(command, random.uniform(0, 1.1 * life))] += 1
        found += leftovers.remaining() + torn(cache)
    found += sorted(set(leftovers.files(*folders)) ^ set(files))
    found += sorted(set(leftovers.mounts()) ^ set(mounts))
    print(json.dumps({"parts": parts, "left": found}))


def few(parts: dict[str, int]) -> bool:
    """Whether a part of the life of a run was not met often enough to count as tried."""
    return min(parts["starting"], parts["building"], parts["running"]) < AT_LEAST


main()
