"""jailpy started badly: signals, descriptors, limits, folders and variables that a caller left behind."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Caller, must_have, run_as
from tests.support.callers import environment
from tests.support.installed import Installed
from tests.support.refusal import assert_refused, in_shell
from tests.support.reports import valid

DEAF = """
import os, signal, sys
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    try:
        signal.signal(number, signal.SIG_IGN)
    except OSError:
        pass
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
os.execv(sys.argv[1], sys.argv[1:])
"""
SIGNALS = """
masks = [line.split()[1] for line in open('/proc/self/status') if line.startswith(('SigBlk', 'SigIgn'))]
print([f'{int(mask, 16) & ~(3 << 31):016x}' for mask in masks])  # two are glibc's own, which its posix_spawn sets
"""
OF_PYTHON = f"{1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1:016x}"  # what every Python ignores


@pytest.fixture
def deaf(caller: Caller, installed: Installed) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """jailpy with every signal ignored and blocked."""

    def run(*words: str | Path) -> subprocess.CompletedProcess[bytes]:
        return run_as(caller, [installed.python, "-I", "-c", DEAF, installed.command, *words])

    return run


def test_signals_are_the_plugins_own_again(deaf: Any) -> None:
    done = deaf("run", "-c", SIGNALS)
    assert (done.stdout.decode(), done.returncode) == (f"{['0' * 16, OF_PYTHON]}\n", 0), done.stderr


def test_deaf_launcher_keeps_time_and_sees_the_end(deaf: Any) -> None:
    """No wait of ours needs SIGCHLD or SIGALRM."""
    assert deaf("run", "--timeout", "300ms", "-c", "import time; time.sleep(1000)").returncode == 124
    assert deaf("run", "-c", "raise SystemExit(7)").returncode == 7
    assert deaf("doctor").returncode == 0


WAITING = """
import os, signal, sys
numbers = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}
signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
os.write(1, b'ready\\n')
os.write(1, os.read(0, 100) if sys.argv[1] == 'line' else b'told %d\\n' % signal.sigwait(numbers))
"""


@contextmanager
def waiting(caller: Caller, installed: Installed, what: str, *before: str) -> Iterator[subprocess.Popen[bytes]]:
    """A jail whose plugin says "ready", then waits for a "signal" or a "line"."""
    process = subprocess.Popen(
        [*before, installed.command, "run", "-c", WAITING, what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(caller),
        cwd=caller.home,
        start_new_session=True,
        **({"user": caller.uid, "group": caller.gid, "extra_groups": []} if os.geteuid() == 0 else {}),
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT], ids=lambda n: n.name)
def test_signal_passes_once_and_we_die_of_it(caller: Caller, installed: Installed, number: signal.Signals) -> None:
    """A shell loop stops on Ctrl-C only if we die of SIGINT ourselves; the plugin has its chance first."""
    with waiting(caller, installed, "signal") as process:
        process.send_signal(number)
        process.wait(timeout=60)
        output, errors = process.communicate()
        assert (output, process.returncode) == (b"told %d\n" % number, -number), errors


def test_hangup_that_was_ignored_stays_ignored(caller: Caller, installed: Installed) -> None:
    """nohup: the caller's terminal goes, the run goes on."""
    with waiting(caller, installed, "line", "/usr/bin/env", "nohup") as process:
        process.send_signal(signal.SIGHUP)
        output, errors = process.communicate(b"went on\n", timeout=60)
        assert (output, process.returncode) == (b"went on\n", 0), errors


def closings() -> list[tuple[int, ...]]:
    return [some for count in range(1, 4) for some in itertools.combinations((0, 1, 2), count)]


@pytest.mark.parametrize("closed", closings(), ids=lambda closed: "-".join(map(str, closed)))
def test_closed_descriptors(caller: Caller, installed: Installed, folder: Path, closed: tuple[int, ...]) -> None:
    """No pipe, report or file of ours takes the place of a closed descriptor and gets what belongs to nobody."""
    report = folder / "report.json"
    code = (
        "import os, sys; fds = os.listdir('/proc/self/fd'); os.write(1, b'out'); os.write(2, b'err');"
        " raise SystemExit(10 * len(sys.stdin.read()) + len(fds))"
    )
    script = 'exec "$@" ' + " ".join(f"{fd}>&-" for fd in closed)
    words = [installed.command, "run", "--report", report, "-c", code]
    done = in_shell(caller, script, *words, input=b"in")
    told = valid(report)
    status = 4 + (0 if 0 in closed else 20)  # 0, 1, 2 and the folder that is being listed
    assert (told["outcome"], told["status"], done.returncode) == ("error", status, status)
    assert done.stdout == (b"" if 1 in closed else b"out")
    assert done.stderr == (b"" if 2 in closed else b"err")


def test_error_with_nobody_to_tell(caller: Caller, installed: Installed, folder: Path) -> None:
    done = in_shell(caller, 'exec "$@" 2>&-', installed.command, "run", "--report", folder / "r", folder / "missing.py")
    assert (done.returncode, done.stdout, done.stderr) == (125, b"", b"")
    assert json.loads((folder / "r").read_text())["outcome"] == "usage-error"


@pytest.mark.parametrize(
    "setup",
    ["ulimit -n 16", "umask 0777", "unset HOME PATH LANG USER", "exec 0>/dev/null", ": | "],
)
def test_run_is_not_disturbed_by(caller: Caller, installed: Installed, setup: str) -> None:
    joined = f'{setup} "$@"' if setup.endswith("| ") else f'{setup}; exec "$@"'
    done = in_shell(caller, joined, installed.command, "run", "-c", "import os; print(os.umask(0))")
    assert (done.stdout, done.stderr, done.returncode) == (b"18\n", b"", 0)


@pytest.mark.parametrize("files", range(4, 12))
def test_fewer_open_files_than_a_jail_takes(caller: Caller, installed: Installed, folder: Path, files: int) -> None:
    """Whichever of them is missing: a line that says so, and nothing is started."""
    script = f'export XDG_CACHE_HOME={folder}/cache; ulimit -n {files}; exec "$@"'
    assert_refused(in_shell(caller, script, installed.command, "run", "-c", "print('ran')"))


def test_umask_does_not_lock_the_caller_out(caller: Caller, installed: Installed, folder: Path) -> None:
    """What is made in the caller's home can be used by the next run."""
    script = f'umask 0777; XDG_CACHE_HOME={folder}/cache; export XDG_CACHE_HOME; exec "$@"'
    assert in_shell(caller, script, installed.command, "run", "--report", folder / "r", "-c", "1").returncode == 0
    assert [path for path in folder.rglob("*") if not path.stat().st_mode & 0o400] == []


def test_working_folder_that_is_gone(caller: Caller, installed: Installed, folder: Path) -> None:
    plugin = folder / "plugin.py"
    plugin.write_text("print('ran')")
    plugin.chmod(0o644)
    (folder / "gone").mkdir(mode=0o777)
    os.chown(folder / "gone", caller.uid, caller.gid)
    script = 'rmdir ../gone; exec "$@"'
    assert in_shell(caller, script, installed.command, "run", plugin, cwd=folder / "gone").stdout == b"ran\n"
    for words in (
        ["./plugin.py"],
        ["--read", "x", "-c", "1"],
        ["--code", ".", "-m", "x"],
        ["-p", "./x.toml", "-c", "1"],
    ):
        (folder / "gone").mkdir(exist_ok=True)
        os.chown(folder / "gone", caller.uid, caller.gid)
        assert_refused(in_shell(caller, script, installed.command, "run", *words, cwd=folder / "gone"))


def test_planted_modules_and_variables(caller: Caller, installed: Installed, folder: Path) -> None:
    """Neither the launcher nor the jail imports anything of the working folder, or what PYTHON* name."""
    text = f"open({str(folder / 'marker')!r}, 'a').write(__name__)\nprint('planted')\n"
    for name in ("json", "os", "signal", "sitecustomize", "usercustomize", "typing", "encodings", "runpy", "typer"):
        (folder / f"{name}.py").write_text(text)
    (folder / "jailpy").mkdir()
    (folder / "jailpy/__init__.py").write_text(text)
    (folder / "startup.pth").write_text("import json\n")
    (folder / "plugin.py").write_text(
        "import json, os, sys; print(json.__file__, sys.flags.inspect, sys.flags.optimize)"
    )
    (folder / "plugin.py").chmod(0o644)
    variables = {
        "PYTHONPATH": str(folder),
        "PYTHONHOME": str(folder),
        "PYTHONSTARTUP": str(folder / "json.py"),
        "PYTHONUSERBASE": str(folder),
        "PYTHONINSPECT": "1",
        "PYTHONOPTIMIZE": "2",
        "PYTHONBREAKPOINT": "json.x",
        "PYTHONPLATLIBDIR": str(folder),
    }
    for words in (["run", "plugin.py"], ["plan", "plugin.py"], ["doctor"]):
        done = run_as(caller, [installed.command, *words], cwd=folder, env=variables)
        assert done.returncode == 0, done.stderr
        assert b"planted" not in done.stdout + done.stderr
        assert not (folder / "marker").exists()
        if words[0] == "run":
            assert done.stdout.endswith(b"/json/__init__.py 0 0\n")


def test_reader_that_leaves_early(caller: Caller, installed: Installed) -> None:
    """``jailpy run … | head -1``: the plugin sees EPIPE, and everything ends."""
    code = "while True: print('x' * 1000)"
    done = in_shell(caller, '{ "$@"; echo "status $?" >&2; } | head -n 1', installed.command, "run", "-c", code)
    assert done.stdout == b"x" * 1000 + b"\n"
    assert b"BrokenPipeError" in done.stderr
    assert done.stderr.endswith((b"status 1\n", b"status 120\n"))  # 120: Python found it out while it shut down


def test_process_limit_of_the_caller(caller: Caller, installed: Installed) -> None:
    """No process can be made, for root's jails neither, which are not root's any more: a line that says so."""
    done = run_as(caller, [must_have("prlimit"), "--nproc=1", installed.command, "run", "-c", "print('ran')"])
    assert_refused(done, "Resource temporarily unavailable", "hint: a limit of this host or of the caller is reached")


def test_caller_who_may_write_no_file(caller: Caller, installed: Installed) -> None:
    """The limit holds for the files of the jail's root too, so there is none; nothing dies of SIGXFSZ."""
    done = in_shell(caller, 'ulimit -f 0; exec "$@"', installed.command, "run", "-c", "print('ran')")
    assert_refused(done, "File too large", "hint: a limit")
