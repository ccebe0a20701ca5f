"""numpy, scipy, pandas and matplotlib, as PyPI has them, under the profile ``numeric``."""

from __future__ import annotations

import fcntl
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import must_run
from tests.support.installed import CHECKOUT, shareable_python

Jailpy = Callable[..., subprocess.CompletedProcess[bytes]]
Example = Callable[..., bytes]
PACKAGES = ("numpy", "scipy", "pandas", "matplotlib")
EXAMPLES = CHECKOUT / "examples"


@pytest.fixture(scope="session")
def scientific(shared_folder: Path) -> Path:
    """The Python of a virtual environment that has the packages; made once for all workers."""
    venv = shared_folder / "scientific"
    with (shared_folder / "scientific.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not venv.exists():
            subprocess.run([shareable_python(), "-I", "-m", "venv", "--without-pip", venv], check=True)
        pip = [sys.executable, "-m", "pip", "--python", venv / "bin/python", "install", "--quiet", "--no-compile"]
        done = subprocess.run([*pip, "--only-binary", ":all:", *PACKAGES], capture_output=True, text=True)
    must_run(done.returncode == 0, f"pip cannot install {', '.join(PACKAGES)}: {done.stderr}")
    return venv / "bin/python"


@pytest.fixture
def started(jailpy: Jailpy, scientific: Path, folder: Path) -> Jailpy:
    """Run an example under ``numeric``."""

    def run(
        name: str, *arguments: str, options: tuple[str, ...] = (), **keywords: object
    ) -> subprocess.CompletedProcess[bytes]:
        program = folder / name  # the checkout may be closed to the caller
        program.write_bytes((EXAMPLES / name).read_bytes())
        words = ("-p", "numeric", "--python", scientific, *options, program, *arguments)
        return jailpy("run", *words, cwd=folder, timeout=300, **keywords)

    return run


@pytest.fixture
def example(started: Jailpy) -> Example:
    """Run one that must end well and have nothing to complain about."""

    def run(name: str, *arguments: str, **keywords: object) -> bytes:
        done = started(name, *arguments, **keywords)
        assert (done.returncode, done.stderr) == (0, b""), done
        return done.stdout

    return run


def test_linear_algebra_fft_and_arrays_in_files(example: Example) -> None:
    assert example("least_squares.py").decode().splitlines() == [
        "fit: True",
        "rhythm: 40",
        "file: 2000",
        "root of 2: 1.414214",
        "sparse: 25.0",
    ]


def test_pandas_reads_a_shared_file_and_writes_to_standard_output(example: Example, folder: Path) -> None:
    (folder / "data.csv").write_text("city,rain\nOslo,2\nRoma,1\nOslo,5\n", encoding="utf-8")
    assert example("sum_by_group.py", "data.csv", options=("--read", "data.csv")) == b"city,rain\nOslo,7\nRoma,1\n"


def test_matplotlib_draws_to_standard_output(example: Example) -> None:
    image = example("plot.py", input=b"1\n4\n2\n8\n")
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", image[16:24]) == (400, 300)
    assert image.endswith(b"IEND\xaeB`\x82")


def test_what_is_no_number_is_refused_in_one_line(started: Jailpy, folder: Path) -> None:
    done = started("plot.py", input=b"1\nfour\n")
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (1, b"", 1), done
    (folder / "data.csv").write_text("city\nOslo\n", encoding="utf-8")
    done = started("sum_by_group.py", "data.csv", options=("--read", "data.csv"))
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (1, b"", 1), done


def test_there_are_threads_for_every_processor_of_a_large_machine(jailpy: Jailpy) -> None:
    """Two libraries of 64 BLAS threads each, a pool of as many, and some of one's own."""
    code = "import threading as t; b = t.Barrier(201); [t.Thread(target=b.wait).start() for _ in range(200)]; b.wait()"
    done = jailpy("run", "-p", "numeric", "-c", code)
    assert (done.returncode, done.stderr) == (0, b"")


def test_addresses_are_not_memory(jailpy: Jailpy) -> None:
    """BLAS and others reserve far more than they fill, so nothing limits addresses."""
    private_anonymous_noreserve = 0x2 | 0x20 | 0x4000
    code = f"import mmap; m = mmap.mmap(-1, 64 << 30, flags={private_anonymous_noreserve}); m[-1] = 7; print(m[-1])"
    done = jailpy("run", "-p", "numeric", "-c", code)
    assert (done.returncode, done.stdout) == (0, b"7\n"), done.stderr
