"""``--json``: the report on standard output, and in it what the plugin wrote."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.callers import Caller
from tests.support.installed import Installed
from tests.support.refusal import in_shell
from tests.support.reports import valid

Jailpy = Callable[..., subprocess.CompletedProcess[bytes]]


def test_output_is_in_the_report(jailpy: Jailpy) -> None:
    code = "import sys; print(sys.stdin.read() + 'é'); print('oops', file=sys.stderr); sys.exit(4)"
    done = jailpy("run", "--json", "-c", code, input="ü".encode())
    report = valid(done.stdout)
    assert (done.returncode, done.stderr, done.stdout.count(b"\n")) == (4, b"", 1)
    assert report["output"] == {"stdout": "üé\n", "stderr": "oops\n", "encoding": "utf-8"}
    assert (report["outcome"], report["usage"]["stdout_bytes"], report["usage"]["stderr_bytes"]) == ("error", 5, 5)


def test_bytes_that_are_no_text_are_in_base64(jailpy: Jailpy) -> None:
    """Both streams then, so that one word tells how to read them."""
    everything = bytes(range(256)) * 300
    code = f"import os; os.write(2, b'text'); os.write(1, bytes(range(256)) * {len(everything) // 256})"
    output = valid(jailpy("run", "--json", "-c", code).stdout)["output"]
    assert output["encoding"] == "base64"
    assert base64.b64decode(output["stdout"], validate=True) == everything
    assert base64.b64decode(output["stderr"], validate=True) == b"text"


@pytest.mark.parametrize(
    ("words", "status", "outcome"),
    [
        (("missing.py",), 125, "usage-error"),
        (("--no-such-option", "p.py"), 125, "usage-error"),
        (("-p", "no-such-profile", "-c", "pass"), 125, "profile-error"),
        (("--limit", "output=1K", "-c", "print('x' * 5000)"), 137, "output-limit"),
        (("--exit-status", "outcome", "-c", "raise SystemExit(3)"), 1, "error"),
    ],
)
def test_whatever_came_of_it_is_json(jailpy: Jailpy, words: tuple[str, ...], status: int, outcome: str) -> None:
    """jailpy's own lines are still on standard error."""
    done = jailpy("run", "--json", *words)
    report = valid(done.stdout)
    assert (done.returncode, report["outcome"]) == (status, outcome)
    assert done.stderr.startswith(b"jailpy: ") or outcome == "error"
    assert b"jailpy: " not in report["output"]["stderr"].encode()


def test_large_output_is_whole(jailpy: Jailpy) -> None:
    """Up to the limit on output."""
    report = valid(jailpy("run", "--json", "-c", "for _ in range(12): print('x' * (1 << 20), end='')").stdout)
    assert (report["outcome"], report["output"]["stdout"]) == ("ok", "x" * (12 << 20))


def test_file_and_standard_output_tell_the_same(jailpy: Jailpy, folder: Path) -> None:
    report = valid(jailpy("run", "--json", "--report", folder / "r.json", "exec.py", cwd=folder).stdout)
    output = report.pop("output")
    assert output == {"stdout": "", "stderr": "", "encoding": "utf-8"}
    assert valid(folder / "r.json") == report


def test_forged_report_of_the_plugin_is_a_string(jailpy: Jailpy) -> None:
    """What a plugin prints never stands beside what jailpy says."""
    forged = json.dumps({"schema": 1, "outcome": "ok"})
    report = valid(jailpy("run", "--json", "-c", f"print({forged!r}); raise SystemExit(1)").stdout)
    assert (report["outcome"], report["output"]["stdout"]) == ("error", forged + "\n")


def test_exec_has_it_too(jailpy: Jailpy) -> None:
    assert valid(jailpy("exec", "--json", "--", "nowhere").stdout)["outcome"] == "not-found"


def test_closed_standard_output_is_refused(caller: Caller, installed: Installed) -> None:
    done = in_shell(caller, '"$@" >&-', installed.command, "run", "--json", "-c", "pass")
    assert (done.returncode, b"standard output is closed" in done.stderr) == (125, True)
