"""The benchmark runs and says what it measured; what it measures is for people to read."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conftest import Caller, run_as
from tests.support.installed import Installed, shareable_python

BENCH = Path(__file__).resolve().parents[2] / "bench"


def test_the_table_has_a_ratio_for_everything_that_is_here(caller: Caller, installed: Installed, folder: Path) -> None:
    for name in ("cold_start.py", "rivals.py"):  # the checkout may be where this caller cannot go
        (folder / name).write_bytes((BENCH / name).read_bytes())
    done = run_as(caller, [shareable_python(), folder / "cold_start.py", "--runs", "2", installed.command])
    assert done.returncode == 0, done.stderr
    table = done.stdout.decode()
    assert re.search(r"^kernel \S+, uid \d+, 2 runs", table)
    assert re.search(r"^jailpy run +[\d.]+ ms +[\d.]+ ms +1\.00$", table, re.MULTILINE)
    assert re.search(r"^python3 -I +[\d.]+ ms +[\d.]+ ms +[\d.]+$", table, re.MULTILINE)
    for rival in ("bwrap", "nsjail", "firejail"):
        assert re.search(
            rf"^{rival} +([\d.]+ ms +[\d.]+ ms +[\d.]+|is not here .*|failed with .*)$", table, re.MULTILINE
        )
