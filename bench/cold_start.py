"""Cold start: `jailpy run noop.py` against the bare interpreter and against others, in turn, in one run.

    python bench/cold_start.py [--runs N] [JAILPY_COMMAND...]

Prints medians, and the median of the ratios of runs that followed each other. All start the same interpreter, the one
that jailpy picks. Nothing here fails on a slow machine: figures are for reading, and hold for the kernel that is named.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rivals import RIVALS, SOURCES

Timed = dict[str, list[float]]


def main() -> None:
    """Time the commands and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=40, help="of each command (default: 40)")
    parser.add_argument("jailpy", nargs=argparse.REMAINDER, help="how jailpy is started here (default: jailpy)")
    asked = parser.parse_args()
    asked.jailpy = asked.jailpy or ["jailpy"]
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        plugin = Path(folder) / "noop.py"
        plugin.write_text("")
        layers, python = _look(asked.jailpy, plugin)
        commands = {"jailpy run": [*asked.jailpy, "run", str(plugin)], "python3 -I": [python, "-I", str(plugin)]}
        absent = []
        for name, rival in RIVALS.items():
            command = rival(python, plugin)
            refusal = "is not here" if command is None else _refusal(command)
            if command is None or refusal:
                absent.append(f"{name:<12}{refusal} ({SOURCES[name]})")
            else:
                commands[name] = command
        _print(_times(commands, asked.runs), layers, absent)


def _look(jailpy: list[str], plugin: Path) -> tuple[str, str]:
    """The layers that are on, and the interpreter, as a first run tells them; it also fills the caches."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        ask = [*jailpy, "run", "--report", report.name, "-c", "import sys; print(sys.executable)"]
        python = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip()
        found = json.loads(Path(report.name).read_text())["layers"]
    subprocess.run([*jailpy, "run", str(plugin)], check=True)
    return ", ".join(f"{name} {layer['state']}" for name, layer in found.items()), python


def _refusal(command: list[str]) -> str:
    """Why a rival cannot do it here; empty when it can."""
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    lines = done.stderr.strip().splitlines()
    return f"failed with {done.returncode}: {lines[-1] if lines else ''}" if done.returncode else ""


def _times(commands: dict[str, list[str]], runs: int) -> Timed:
    """Seconds of each command, interleaved, so that a machine that slows down slows all of them."""
    taken: Timed = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            taken[name].append(time.perf_counter() - start)
    return taken


def _print(taken: Timed, layers: str, absent: list[str]) -> None:
    print(f"kernel {platform.release()}, uid {os.geteuid()}, {len(taken['jailpy run'])} runs of each, in turn")
    print(f"layers of jailpy: {layers}\n")
    print(f"{'':<12}{'median':>10}{'fastest':>10}{'jailpy ÷ this':>16}")
    for name, times in taken.items():
        ratio = statistics.median(mine / other for mine, other in zip(taken["jailpy run"], times, strict=True))
        print(f"{name:<12}{statistics.median(times) * 1000:7.1f} ms{min(times) * 1000:7.1f} ms{ratio:16.2f}")
    for line in absent:
        print(line)


if __name__ == "__main__":
    sys.exit(main())
