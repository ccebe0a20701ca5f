"""The runs of an application are reported, kept and listed as those of the command line are."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from tests.support.installed import Installed
from tests.support.reports import problems

ENDS = """
ends = [
    jailpy.run(code="print(1)", labels={"job": "é"}),
    jailpy.run(code="import sys; sys.exit(3)"),
    jailpy.run(code="import time; time.sleep(60)", timeout=0.3),
    jailpy.run(code="while True: print('x' * 4096)", limits={"output": "10K"}),
]
tell([result.report for result in ends])
"""
KILLED = """
import subprocess
command, label = sys.argv[1:]
found = []
code = "import time; time.sleep(600)"
run = threading.Thread(target=lambda: found.append(jailpy.run(code=code, labels={"it": label})))
run.start()
while not (done := subprocess.run([command, "kill", "--label", "it=" + label], capture_output=True)).stdout:
    time.sleep(0.02)
run.join()
tell([done.stdout.decode(), brief(found[0])])
"""


def test_reports_keep_to_the_schema(told: Callable[..., Any]) -> None:
    reports = told(ENDS)
    assert [report["outcome"] for report in reports] == ["ok", "error", "timeout", "output-limit"]
    assert [problems(report) for report in reports] == [[]] * 4
    assert reports[0]["labels"] == {"job": "é"}


def test_run_of_an_application_is_killed_by_its_label(told: Callable[..., Any], installed: Installed) -> None:
    """By ``jailpy kill`` from outside; the application has the outcome."""
    said, result = told(KILLED, installed.command, f"{os.getpid()}-library")
    assert said.endswith(": killed\n")
    assert (result["outcome"], result["exit_code"]) == ("killed", None)
