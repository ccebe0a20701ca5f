"""At least 97 % of CPython's own test cases that pass outside pass in a jail, and the document says which do not."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Caller, must_run
from tests.support.cpython_suite import DOCUMENT, FILES, Suite, exclusions, excused
from tests.support.installed import shareable_python
from tests.support.pythons import shareable_copy

Jailpy = Callable[..., subprocess.CompletedProcess[bytes]]
OTHERS = [Path(path) for path in os.environ.get("JAILPY_TEST_PYTHONS", "").split(":") if path]
LEAST = 0.97


@pytest.fixture(params=[None, *OTHERS], ids=lambda path: path.name if path else "own", scope="module")
def python(request: pytest.FixtureRequest, caller: Caller, shared_folder: Path) -> Path:
    """The suite's own interpreter, then those of JAILPY_TEST_PYTHONS."""
    if request.param is None:
        return shareable_python()
    return request.param if caller.kind == "root" else shareable_copy(request.param, shared_folder)


def test_cpython_passes_its_own_tests(python: Path, caller: Caller, jailpy: Jailpy, folder: Path) -> None:
    suite = Suite(python, caller, jailpy, folder)
    version = suite.version()
    excuses = [row for row in exclusions(DOCUMENT.read_text(encoding="utf-8")) if row.applies(version, caller.kind)]
    present = suite.present()
    must_run(len(present) >= len(FILES) - 1, f"{python} has not all of its tests installed: {' '.join(present)}")
    cases = suite.cases(present)
    assert [row.pattern for row in excuses if not any(map(row.matches, cases))] == []

    compared = suite.compare(present, excuses)
    passed, lost = compared.passed_outside, compared.lost
    print(f"{python} as {caller.kind}: {len(passed)} pass outside, {len(passed) - len(lost)} of these inside")
    assert [case for case in lost if not excused(case, excuses)] == []
    assert [row.pattern for row in excuses if row.is_stale(compared)] == []
    assert len(lost) <= (1 - LEAST) * len(passed)
