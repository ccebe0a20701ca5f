"""Cold start: `jailpy run noop.py` against the bare interpreter and against bubblewrap, in pairs, one after the other.

    python bench/cold_start.py [--runs N] [JAILPY_COMMAND...]

Prints medians and the median of the ratios of the pairs. All three start the same interpreter, the one that jailpy
picks. Nothing here fails on a slow machine: figures are for reading.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

Timed = dict[str, list[float]]


def main() -> None:
    """Time the three commands and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("jailpy", nargs=argparse.REMAINDER, help="how jailpy is started here; default: jailpy")
    asked = parser.parse_args()
    asked.jailpy = asked.jailpy or ["jailpy"]
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        plugin = Path(folder) / "noop.py"
        plugin.write_text("")
        layers, python = _look(asked.jailpy, plugin)
        commands = {"python -I": [python, "-I", str(plugin)], "jailpy run": [*asked.jailpy, "run", str(plugin)]}
        bwrap = shutil.which("bwrap")
        if bwrap:
            commands["bwrap --unshare-all"] = _bubblewrap(bwrap, python, plugin)
        _print(_times(commands, asked.runs), layers)


def _look(jailpy: list[str], plugin: Path) -> tuple[str, str]:
    """The layers that are on, and the interpreter, as a first run tells them; it also fills the caches."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        ask = [*jailpy, "run", "--report", report.name, "-c", "import sys; print(sys.executable)"]
        python = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip()
        found = json.loads(Path(report.name).read_text())["layers"]
    subprocess.run([*jailpy, "run", str(plugin)], check=True)
    return ", ".join(f"{name} {layer['state']}" for name, layer in found.items()), python


def _bubblewrap(bwrap: str, python: str, plugin: Path) -> list[str]:
    """The usual line of its users: the whole of /usr, new namespaces, its own /proc and /dev."""
    command = [bwrap, "--unshare-all", "--die-with-parent", "--ro-bind", "/usr", "/usr"]
    for name in ("bin", "lib", "lib64"):
        if os.path.islink(f"/{name}"):
            command += ["--symlink", f"usr/{name}", f"/{name}"]
    if not python.startswith("/usr/"):
        prefix = str(Path(python).resolve().parents[1])
        command += ["--ro-bind", prefix, prefix]
    return [
        *command,
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--ro-bind",
        str(plugin),
        "/noop.py",
        python,
        "-I",
        "/noop.py",
    ]


def _times(commands: dict[str, list[str]], runs: int) -> Timed:
    """Seconds of each command, interleaved, so that a machine that slows down slows all of them."""
    taken: Timed = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, check=True)
            taken[name].append(time.perf_counter() - start)
    return taken


def _print(taken: Timed, layers: str) -> None:
    sys.stdout.write(f"kernel {platform.release()}, uid {os.geteuid()}, {len(taken['jailpy run'])} runs of each\n")
    sys.stdout.write(f"layers: {layers}\n")
    for name, times in taken.items():
        ratio = statistics.median(mine / other for mine, other in zip(taken["jailpy run"], times, strict=True))
        sys.stdout.write(f"{name:<22}{statistics.median(times) * 1000:8.1f} ms   jailpy ÷ this {ratio:5.2f}\n")


if __name__ == "__main__":
    main()
