"""CPython's own tests, run outside and in a jail under ``default``, and compared case by case."""

from __future__ import annotations

import re
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from tests.support.callers import Caller, run_as
from tests.support.installed import CHECKOUT

DOCUMENT = CHECKOUT / "docs/compatibility.md"
FILES = (  # those that take longest come first
    *("test_asyncio", "test_multiprocessing_fork", "test_signal", "test_ssl", "test_io", "test_subprocess"),
    *("test_socket", "test_logging", "test_threading", "test_zipfile", "test_os", "test_datetime", "test_decimal"),
    *("test_json", "test_tempfile", "test_sqlite3", "test_re"),
)
LIMITS = ("wall=10m", "cpu=10m", "tasks=256", "open-files=512", "file-size=4G")  # as the document has them
# Not run inside: the threads of these, when they fail as they must, break what collects the results.
NOT_INSIDE = ("*UDPLITE*",)
# Run nowhere: outside, root's rename this machine or wait for the host of a virtual one; the last hangs now and then.
NOWHERE = ("*.test_sethostname", "*VSOCK*", "*.test_print_exception_gh_102056")
AT_ONCE = 4  # files: they sleep more than they compute
HANGS = 240  # seconds after which regrtest gives up a file; the longest takes a third of that
# A file that was given up leaves processes behind, with its output open: in a jail they end with it, outside with this.
_ALL_OF_IT = ("/bin/sh", "-c", 'log=$1; shift; "$@" >"$log" 2>&1 </dev/null; kill -KILL 0', "sh")
RANK = ("pass", "skip", "fail")  # of several results of one case the last of these counts

Outcomes = dict[str, str]  # case: one of RANK
Jailpy = Callable[..., subprocess.CompletedProcess[bytes]]


class Exclusion(NamedTuple):
    pattern: str
    where: str  # "" for everywhere, or of these: "root", "3.13+", "≤ 3.12"
    reason: str

    def applies(self, version: tuple[int, int], caller: str) -> bool:
        """Whether it is about this Python and this caller."""
        first, last = re.search(r"(\S+)\+", self.where), re.search(r"≤ (\S+)", self.where)
        old = first is not None and version < _version(first[1])
        new = last is not None and version > _version(last[1])
        return not old and not new and ("root" not in self.where or caller == "root")

    def matches(self, case: str) -> bool:
        """Whether it is about this case; the package test, in which all are, is left out of a pattern."""
        return fnmatchcase(case.removeprefix("test."), self.pattern)

    def is_stale(self, compared: Comparison) -> bool:
        """Whether what it is about passes inside after all."""
        about = {case for case in compared.passed_outside if self.matches(case)}
        return bool(about) and not about & set(compared.lost)


class Comparison(NamedTuple):
    outside: Outcomes
    inside: Outcomes

    @property
    def passed_outside(self) -> list[str]:
        return [case for case, outcome in self.outside.items() if outcome == "pass"]

    @property
    def lost(self) -> list[str]:
        """What passes outside and not inside."""
        return [case for case in self.passed_outside if self.inside.get(case) != "pass"]


def exclusions(document: str) -> list[Exclusion]:
    """The rows of the document's table of cases: | `pattern` `pattern` | where | reason |."""
    return [
        Exclusion(pattern=pattern, where=where.strip(), reason=reason)
        for patterns, where, reason in re.findall(r"^\| (`test_[^|]+) \|([^|`]*)\| ([^|]+) \|$", document, re.MULTILINE)
        for pattern in re.findall(r"`([^`]+)`", patterns)
    ]


def excused(case: str, rows: Iterable[Exclusion]) -> bool:
    """Whether one of the rows is about this case."""
    return any(row.matches(case) for row in rows)


class Suite:
    """The tests of one Python, for one caller."""

    def __init__(self, python: Path, caller: Caller, jailpy: Jailpy, folder: Path) -> None:
        self.python, self.caller, self.jailpy, self.folder = python, caller, jailpy, folder

    def present(self) -> list[str]:
        """Those of the files that are installed with this Python."""
        code = (
            f"import os, test; print(*{{os.path.splitext(f)[0] for f in os.listdir(test.__path__[0])}} & {{*{FILES}}})"
        )
        found = run_as(self.caller, [self.python, "-c", code]).stdout.decode().split()
        return sorted(found, key=FILES.index)

    def version(self) -> tuple[int, int]:
        """That of the Python."""
        return _version(run_as(self.caller, [self.python, "-c", "import sys; print(sys.version)"]).stdout.decode())

    def cases(self, files: Sequence[str]) -> list[str]:
        """The names of all cases, whether they can be run here or not."""
        return run_as(self.caller, [self.python, "-m", "test", "--list-cases", *files]).stdout.decode().split()

    def compare(self, files: Sequence[str], excuses: Sequence[Exclusion]) -> Comparison:
        """Run the files outside and inside; what fails without an excuse is tried once more, by itself."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            running = pool.map(self._inside, files), pool.map(self._outside, files)
            inside, outside = map(list, running)
        for number, file in enumerate(files):
            if not outside[number]:  # it hung: outside of jails, two callers can take each other's ports
                outside[number] = self._outside(file)
                assert outside[number], f"{file} gives no result outside"
            found = Comparison(outside=outside[number], inside=inside[number])
            if again := [case for case in found.lost if not excused(case, excuses)]:
                inside[number] |= self._inside(file, again if inside[number] else ())
        return Comparison(outside=_merged(outside), inside=_merged(inside))

    def _outside(self, file: str) -> Outcomes:
        result = self.folder / f"{file}.xml"
        words = _words(result, NOWHERE)
        command = [*_ALL_OF_IT, result.with_suffix(".log"), self.python, "-m", "test", *words, file]
        run_as(self.caller, command, cwd=self.folder, timeout=2 * HANGS)
        return _outcomes(result.read_bytes()) if result.exists() else {}

    def _inside(self, file: str, only: Sequence[str] = ()) -> Outcomes:
        """The outcomes in a jail; of ``only`` these cases where there are any."""
        options = ["--read", "/bin/sh", "--python", self.python]
        options += [word for limit in LIMITS for word in ("--limit", limit)]
        words = _words("/dev/stdout", (*NOWHERE, *NOT_INSIDE))
        words += [word for case in only for word in ("--match", case)]
        done = self.jailpy("run", *options, "-m", "test", *words, file, cwd=self.folder, timeout=2 * HANGS)
        found = re.search(rb"<testsuites.*</testsuites>", done.stdout, re.DOTALL)
        return _outcomes(found[0]) if found else {}


def _version(text: str) -> tuple[int, int]:
    major, minor = re.findall(r"\d+", text)[:2]
    return int(major), int(minor)


def _words(result: Path | str, left_out: Sequence[str]) -> list[str | Path]:
    ignored = [word for pattern in left_out for word in ("--ignore", pattern)]
    return ["--timeout", str(HANGS), "--junit-xml", result, *ignored]


def _outcomes(xml: bytes) -> Outcomes:
    found: Outcomes = {}
    for case in ET.fromstring(xml).iter("testcase"):
        tags = {child.tag for child in case}
        outcome = "fail" if tags & {"failure", "error"} else "skip" if "skipped" in tags else "pass"
        if (name := case.get("name")) is None:  # of a class that could not be set up: none of its cases was run
            continue
        found[name] = max(found.get(name, outcome), outcome, key=RANK.index)
    return found


def _merged(parts: Iterable[Outcomes]) -> Outcomes:
    return {case: outcome for part in parts for case, outcome in part.items()}
