"""What a refusal must look like: the status 125, a line or two that begin ``jailpy: ``, and nothing started."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess

from tests.support.callers import Caller, run_as


def assert_refused(done: CompletedProcess[bytes], *said: str) -> None:
    """One or two lines that say every one of ``said``, no traceback, no byte on standard output."""
    text = done.stderr.decode()
    lines = text.splitlines()
    assert (done.returncode, done.stdout) == (125, b""), text
    assert 1 <= len(lines) <= 2, text
    assert all(line.startswith("jailpy: ") for line in lines), text
    for words in said:
        assert words in text


def in_shell(caller: Caller, script: str, *words: str | Path, **options: object) -> CompletedProcess[bytes]:
    """Run ``words`` as ``"$@"`` of a shell script, which sets up what the start is to find."""
    return run_as(caller, ["/bin/sh", "-c", script, "sh", *words], **options)  # type: ignore[arg-type]
