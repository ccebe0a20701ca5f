"""The contract, a row a command line: how jailpy is started, and the status, outcome and streams that this must have.

The words are split as a shell does it; every run is asked for its report too. A start is a line of bash in which "$@"
is jailpy. Standard input is "in".
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import Caller, run_as
from tests.support.installed import Installed
from tests.support.reports import valid

FILES = {
    "args.py": "import sys; print('|'.join(sys.argv[1:]))",
    "cat.py": "import shutil, sys; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)",
    "both.py": "import os; os.write(1, b'out'); os.write(2, b'err')",
    "deaf.py": "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(1000)",
    "fds.py": "import os; print(sorted(os.listdir('/proc/self/fd'))[:3])",
    "flood.py": "while True: print('x' * 1000)",
    "hear.py": """
import os, signal
numbers = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}
signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
os.write(1, b"ready\\n")
os.write(1, b"told %d" % signal.sigwait(numbers))
""",
    "hog.py": "import time; held = b'x' * (1 << 29); time.sleep(1000)",
    # two signals are glibc's own, which its posix_spawn sets
    "signals.py": """
masks = [int(line.split()[1], 16) for line in open('/proc/self/status') if line.startswith(('SigBlk', 'SigIgn'))]
print(*(f'{mask & ~(3 << 31):016x}' for mask in masks))
""",
    "sleep.py": "import time; time.sleep(1000)",
    "spin.py": "while True: pass",
    "notes.txt": "no program",
    "tree/__main__.py": "import sibling; print(sibling.NAME)",
    "tree/sibling.py": "NAME = 'beside'",
    "short.toml": 'schema = 1\nextends = "default@1"\n[limits]\noutput = { size = "1K", then = "truncate" }\n',
    "bad.toml": 'schema = 1\nname = "bad"\nextends = "default@1"\n[limits]\ntaks = 3\n',
    **{
        f"poison/{name}.py": "print('planted')" for name in ("json", "os", "signal", "sitecustomize", "typing", "typer")
    },
}
TOLD = """(echo $BASHPID >pid; exec "$@") | { read -r line; kill -%s "$(cat pid)"; cat; }; exit ${PIPESTATUS[0]}"""
VARIABLES = (
    'exec env PYTHONPATH="$PWD/poison" PYTHONHOME=/nowhere PYTHONINSPECT=1 PYTHONSTARTUP="$PWD/poison/os.py" '
    'PYTHONOPTIMIZE=2 PYTHONWARNINGS=error PYTHONDEVMODE=1 PYTHONUTF8=0 PYTHONVERBOSE=1 PYTHONCASEOK=1 "$@"'
)
NOTHING, ANYTHING = "", re.compile(".*", re.DOTALL)
SAYS = re.compile(r"(jailpy: [^\n]+\n){1,2}")  # what jailpy itself has to say is a line or two
WARNED = re.compile(r"err(jailpy: warning: [^\n]*\n)?")  # a history that cannot be written; root's is not at home
FULL = re.compile(r".*\njailpy: [^\n]*standard output[^\n]*No space left on device\njailpy: hint: [^\n]*\n", re.DOTALL)
TRACEBACK = re.compile(r"Traceback .*Error.*\n", re.DOTALL)


class Row(NamedTuple):
    words: str
    status: int
    outcome: str  # "" where there is no run, and no report
    out: str | re.Pattern[str] = NOTHING  # the whole of standard output
    err: str | re.Pattern[str] = NOTHING  # the whole of standard error
    start: str = 'exec "$@"'


def refused(words: str, said: str, outcome: str = "usage-error", start: str = 'exec "$@"') -> Row:
    """Nothing was started: 125, and a line or two in which ``said`` is."""
    return Row(words, 125, outcome, NOTHING, re.compile(f"(?=(?s:.)*{re.escape(said)}){SAYS.pattern}"), start)


CODE = "run --exit-status outcome -c"
STATUSES = [
    Row("run -c pass", 0, "ok"),
    Row("run -c 'raise SystemExit(3)'", 3, "error"),
    Row("run -c 'raise SystemExit(124)'", 124, "error"),
    Row("run -c 'raise SystemExit(125)'", 125, "error"),
    Row("run -c 'raise SystemExit(127)'", 127, "error"),
    Row("run -c 'raise SystemExit(255)'", 255, "error"),
    Row("run -c 'raise ValueError'", 1, "error", err=TRACEBACK),
    Row("run -c 'import os; os.kill(1, 9)'", 0, "ok"),  # pid 1 is the jail's reaper, deaf to the plugin's signals
    Row("run -c 'import os; os.kill(os.getpid(), 9)'", 137, "signal", err=SAYS),
    Row("run -c 'import os; os.abort()'", 134, "signal", err=SAYS),
    Row("run -q -c 'import os; os.abort()'", 134, "signal"),
    Row("run --timeout 1s sleep.py", 124, "timeout", err=SAYS),
    Row("run --timeout 1s deaf.py", 124, "timeout", err=SAYS),
    Row("run --limit cpu=1s spin.py", 124, "cpu-limit", err=SAYS),
    Row("run --limit memory=64M hog.py", 137, "memory-limit", err=SAYS),
    Row("run --limit output=1M flood.py", 137, "output-limit", out=ANYTHING, err=SAYS),
    Row("exec -- notes.txt", 127, "not-found", err=SAYS),
    Row("exec --read notes.txt -- /work/notes.txt", 126, "not-executable", err=SAYS),
]
OUTCOMES = [
    Row(f"{CODE} pass", 0, "ok"),
    Row(f"{CODE} 'raise SystemExit(125)'", 1, "error"),
    Row(f"{CODE} 'import os; os.kill(os.getpid(), 15)'", 1, "signal", err=SAYS),
    Row("run --exit-status outcome --timeout 1s sleep.py", 124, "timeout", err=SAYS),
    Row("run --exit-status outcome --limit memory=64M hog.py", 137, "memory-limit", err=SAYS),
    Row("exec --exit-status outcome -- no-such-program", 127, "not-found", err=SAYS),
]
REFUSALS = [
    refused("run", "no plugin"),
    refused("run missing.py", "No such file"),
    refused("run plugin", "./plugin"),
    refused("run --tmieout 3s args.py", "did you mean --timeout?"),
    refused("run --timeout", "expected TIME"),
    refused("run --timeout= args.py", "empty"),
    refused("run --limit memroy=1G args.py", "did you mean memory"),
    refused("run --profile ./bad.toml args.py", "did you mean limits.tasks?", "profile-error"),
    refused("run --profile no-such args.py", "no-such", "profile-error"),
    refused("run --policy-digest 00 args.py", "digest", "profile-error"),
    refused("run --profile strict --limit memory=64G args.py", "limits.memory", "profile-error"),
    refused("run --report fd:9 args.py", "fd:9", ""),
    refused("run --report no/such/folder args.py", "No such file", ""),
    refused("run --stdin missing cat.py", "--stdin missing"),
    refused("run --read missing args.py", "missing"),
    refused("run --label nothing args.py", "K=V"),
    refused("run --env NOT_SET_HERE args.py", "is not set here"),
    refused("run --exit-status outcome missing.py", "No such file"),
    refused("run --bogus", "no such option: --bogus"),
    refused("runn args.py", "did you mean run?", ""),
    refused("exec", "no command"),
    refused("run -c pass", "hint: a limit", "setup-failed", start='exec prlimit --nproc=1 "$@"'),
]
STREAMS = [
    Row("run args.py a -q -- --read / ''", 0, "ok", "a|-q|--|--read|/|\n"),
    Row("run args.py é", 0, "ok", "é\n", start='export LC_ALL=C; exec "$@"'),
    Row("run cat.py", 0, "ok", "in"),
    Row("run - x", 0, "ok", "['/plugin/stdin.py', 'x']\n", start='exec "$@" <<<"import sys; print(sys.argv)"'),
    Row("run ./tree", 0, "ok", "beside\n"),
    Row("run --code tree -m sibling", 0, "ok"),
    Row("exec --read /bin/echo -- /bin/echo hello", 0, "ok", "hello\n"),
    Row("run both.py", 0, "ok", "out", "err"),
    Row("run both.py", 0, "ok", "outerr", start='exec "$@" 2>&1'),
    Row("run --stdin notes.txt cat.py", 0, "ok", "no program"),
    Row(
        "run --report fd:3 -c pass",
        0,
        "",
        re.compile(r'\{"schema": 1, .*"outcome": "ok".*\}\n'),
        start='exec "$@" 3>&1',
    ),
    Row(
        'run --out left -c \'open("/out/new", "w").write("kept")\'',
        0,
        "ok",
        "kept",
        start='mkdir left; "$@"; status=$?; cat left/new; exit $status',
    ),
    Row("run --profile ./short.toml -c 'print(\"x\" * 5000)'", 0, "ok", "x" * 1024),
    Row("run --env A=b -c 'import os; print(os.environ[\"A\"])'", 0, "ok", "b\n"),
    Row("run --read notes.txt -c 'print(open(\"notes.txt\").read())'", 0, "ok", "no program\n"),
    Row("run -v -c pass", 0, "ok", err=re.compile(r"(jailpy: [^\n]+\n){5,}")),
    Row(
        "run --json --label a=b both.py",
        0,
        "ok",
        re.compile(r'\{"schema": 1, .*"stdout": "out", "stderr": "err".*\}\n'),
    ),
    Row("run cat.py", 0, "ok", "\0" * 1_000_000, start='exec "$@" < <(head -c 1000000 /dev/zero)'),
    Row("run flood.py", 125, "setup-failed", err=FULL, start='exec "$@" >/dev/full'),
]
TOLD_TO_END = [
    Row("run hear.py", 130, "killed", "told 2", ANYTHING, start=TOLD % "INT"),
    Row("run hear.py", 143, "killed", "told 15", ANYTHING, start=TOLD % "TERM"),
    Row("run hear.py", 129, "killed", "told 1", ANYTHING, start=TOLD % "HUP"),
    Row("run hear.py", 131, "killed", "told 3", ANYTHING, start=TOLD % "QUIT"),
    Row("run --exit-status outcome hear.py", 143, "killed", "told 15", ANYTHING, start=TOLD % "TERM"),
]
BAD_STARTS = [
    Row("run both.py", 0, "ok", "out", "err", start="trap '' CHLD; exec \"$@\""),
    Row("run --timeout 1s sleep.py", 124, "timeout", err=SAYS, start="trap '' CHLD ALRM TERM INT; exec \"$@\""),
    Row("run signals.py", 0, "ok", "0000000000000000 0000000001001000\n",
        start='exec env --ignore-signal --block-signal "$@"'),
    Row("run both.py", 0, "ok", "out", "err", start='exec nohup "$@"'),
    Row("run both.py", 0, "ok", "out", "err", start='exec setsid --wait "$@"'),
    Row("run cat.py", 0, "ok", start='exec "$@" <&-'),
    Row("run both.py", 0, "ok", NOTHING, "err", start='exec "$@" >&-'),
    Row("run both.py", 0, "ok", "out", NOTHING, start='exec "$@" 2>&-'),
    Row("run fds.py", 0, "ok", start='exec "$@" <&- >&- 2>&-'),
    Row("run fds.py", 0, "ok", "['0', '1', '2']\n", start='exec 7</ 8>file 9<>file; exec "$@"'),
    Row("run both.py", 0, "ok", "out", "err", start='ulimit -n 16; exec "$@"'),
    Row("exec --read /bin/echo -- /bin/echo hello", 0, "ok", "hello\n", start='ulimit -n 16; exec "$@"'),
    Row("run both.py", 0, "ok", "out", "err", start='exec env -u HOME "$@"'),
    Row("run -c 'import os; print(os.environ[\"HOME\"])'", 0, "ok", "/work\n", start='exec env -i "$@"'),
    Row("run both.py", 0, "ok", "out", WARNED, start='export HOME=/proc/none; exec "$@"'),
    Row("run -c 'import json, typing; print(2)'", 0, "ok", "2\n", start='cd poison; exec "$@"'),
    Row("run -c 'import json, typing; print(2)'", 0, "ok", "2\n", start=VARIABLES),
    Row("run -c 'print(3)'", 0, "ok", "3\n", start='mkdir gone; cd gone; rmdir ../gone; exec "$@"'),
    Row("run -c 'import os; print(os.umask(0))'", 0, "ok", "18\n", start='umask 0777; exec "$@"'),
]  # fmt: skip
OTHERS = [
    Row("--version", 0, "", re.compile(r"jailpy \d+\.\d+\.\d+\n")),
    Row("--help", 0, "", re.compile(r"Usage: jailpy COMMAND .*", re.DOTALL)),
    Row("run --help", 0, "", re.compile(r"Usage: jailpy run \[OPTIONS\] PLUGIN .*", re.DOTALL)),
    Row("plan args.py", 0, "", re.compile(r"(\w[^\n]*\n){50,}")),
    Row("profile check ./short.toml", 0, "", re.compile(r".*: note: limits.output.then: .*", re.DOTALL)),
    Row("profile check ./bad.toml", 2, "", err=SAYS),
    Row("profile diff default strict", 0, "", re.compile(r".*\nNarrower:\n.*", re.DOTALL)),
    Row("profile diff strict ./short.toml", 1, "", re.compile(r".*\nWider:\n.*", re.DOTALL)),
    Row("profile diff strict missing", 2, "", err=SAYS),
    Row("doctor", 0, "", re.compile(r".*\nok +jail: [^\n]*\n", re.DOTALL)),
    refused("", "no command", ""),
    refused("--version", "standard output", "", start='exec "$@" >&-'),
    refused("run --help", "standard output", "", start='exec "$@" >/dev/full'),
    refused("plan missing.py", "No such file", ""),
]
TABLE = [*STATUSES, *OUTCOMES, *REFUSALS, *STREAMS, *TOLD_TO_END, *BAD_STARTS, *OTHERS]


@pytest.fixture
def place(caller: Caller, folder: Path) -> Path:
    """A working folder with the files of the table, which are the caller's."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    for path in folder.rglob("*"):
        os.chown(path, caller.uid, caller.gid)
    return folder


def test_table_has_sixty_rows_and_no_row_twice() -> None:
    assert len(TABLE) >= 60
    assert len({(row.words, row.start) for row in TABLE}) == len(TABLE)


@pytest.mark.parametrize("row", TABLE, ids=[f"{row.start} {row.words}".removeprefix('exec "$@" ') for row in TABLE])
def test_contract(caller: Caller, installed: Installed, place: Path, row: Row) -> None:
    words, report = shlex.split(row.words), place / "report.json"
    if row.outcome:
        words[1:1] = ["--report", str(report)]
    done = run_as(caller, ["/bin/bash", "-c", row.start, "bash", installed.command, *words], input=b"in", cwd=place)
    told = {"out": done.stdout.decode(), "err": done.stderr.decode()}
    for wanted, found in zip((row.out, row.err), told.values(), strict=True):
        assert wanted == found if isinstance(wanted, str) else wanted.fullmatch(found), told
    assert done.returncode == row.status, told
    if row.outcome:
        check(valid(report), row)


def check(report: dict[str, object], row: Row) -> None:
    """The report says what the exit status says."""
    assert report["outcome"] == row.outcome
    assert report["status"] == row.status or "--exit-status" in row.words
    assert (report["error"] is None) == (row.status not in (125, 126, 127) or row.outcome == "error")
