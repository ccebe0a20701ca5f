"""Run as the caller: an application with sixteen threads that keeps 64 jails at once. Needs ``leftovers`` beside it.

    stress.py SECONDS

Each thread has an event loop with three jails and one more that it waits for. They end in every way that there is, each
of which is checked. What was seen is one line of JSON.
"""

from __future__ import annotations

import asyncio
import collections
import faulthandler
import gc
import hashlib
import json
import os
import random
import sys
import threading
import time

import leftovers  # type: ignore[import-not-found]

import jailpy

THREADS, LOOPED = 16, 3
ECHO = "import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
FLOOD = "while True: print('x' * 10_000)"


class Tally:
    def __init__(self) -> None:
        self.outcomes: collections.Counter[str] = collections.Counter()
        self.wrong: list[str] = []
        self.alive = self.most = 0
        self._lock = threading.Lock()

    def begin(self) -> None:
        with self._lock:
            self.alive += 1
            self.most = max(self.most, self.alive)

    def end(self, expected: str, outcome: str, right: bool) -> None:
        with self._lock:
            self.alive -= 1
            self.outcomes[outcome] += 1
            if outcome != expected or not right:
                self.wrong.append(f"expected {expected}, found {outcome}")


def choose() -> tuple[str, dict[str, object], bytes]:
    """What shall happen: the outcome, what to ask for, the output."""
    data = random.randbytes(random.choice((0, 100, 500_000)))
    digest = hashlib.sha256(data).hexdigest().encode() + b"\n"
    return random.choice(
        [("ok", {"code": ECHO, "stdin": data}, digest)] * 6
        + [
            ("error", {"code": "1/0"}, b""),
            ("signal", {"code": "import os; os.abort()"}, b""),
            ("timeout", {"code": "import time; time.sleep(600)", "timeout": 0.2}, b""),
            ("output-limit", {"code": FLOOD, "limits": {"output": 100_000}}, None),
            ("UsageError", {"code": "", "read": "/missing"}, b""),
            ("CancelledError", {"code": STUBBORN}, b""),
        ]
    )


def blocking(tally: Tally) -> None:
    expected, asked, output = choose()
    if expected == "CancelledError":
        return
    tally.begin()
    try:
        result = jailpy.run(**asked)  # type: ignore[arg-type]
        tally.end(expected, result.outcome, output in (None, result.stdout))
    except Exception as error:  # noqa: BLE001 (its name is compared)
        tally.end(expected, type(error).__name__, True)


async def looped(tally: Tally) -> None:
    expected, asked, output = choose()
    tally.begin()
    run = asyncio.ensure_future(jailpy.arun(**asked))  # type: ignore[arg-type]
    if expected == "CancelledError":
        asyncio.get_running_loop().call_later(random.uniform(0, 0.5), run.cancel)
    try:
        result = await run
        tally.end(expected, result.outcome, output in (None, result.stdout))
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 (its name is compared)
        tally.end(expected, type(error).__name__, True)


async def keep(tally: Tally, until: float) -> None:
    """Three jails at once by the loop, and a fourth by a thread beside it."""

    async def again() -> None:
        while time.monotonic() < until:
            await looped(tally)

    async def beside() -> None:
        while time.monotonic() < until:
            await asyncio.to_thread(blocking, tally)

    await asyncio.gather(beside(), *(again() for _ in range(LOOPED)))


def resident() -> int:
    """Bytes of memory that the application has."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def phase(tally: Tally, seconds: float) -> int:
    """Sixteen threads for so long; the memory afterwards."""
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=asyncio.run, args=(keep(tally, until),)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return resident()


def main() -> None:
    seconds = float(sys.argv[1])
    faulthandler.dump_traceback_later(seconds + 90, exit=True)
    leftovers.adopt_orphans()
    jailpy.run(code="")
    before, mounts = os.listdir("/proc/self/fd"), leftovers.mounts()
    tally = Tally()
    memory = [phase(tally, seconds / 4) for _ in range(4)]
    print(
        json.dumps(
            {
                "outcomes": tally.outcomes,
                "wrong": tally.wrong[:10],
                "at_once": tally.most,
                "memory": memory,
                "descriptors": len(os.listdir("/proc/self/fd")) - len(before),
                "left": leftovers.remaining() + sorted(set(leftovers.mounts()) ^ set(mounts)),
            }
        )
    )


main()
