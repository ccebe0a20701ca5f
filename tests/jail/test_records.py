"""What is kept of each run: its report among the last hundred, and a line in the audit log."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.support.callers import Caller, run_as
from tests.support.installed import Installed
from tests.support.kept import Kept
from tests.support.reports import valid


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_run_is_in_history_and_audit_log(kept: Kept, caller: Caller, folder: Path) -> None:
    plugin = folder / "plugin.py"
    plugin.write_text("raise SystemExit(3)")
    done = kept.run("run", "--label", "job=7", "--label", "who=é", "--timeout", "90s", plugin)
    assert (done.returncode, done.stderr) == (3, b"")
    (report,) = kept.reports()
    (line,) = kept.audit()
    assert report["labels"] == {"job": "7", "who": "é"}
    assert [(row["key"], row["from"], row["to"]) for row in report["policy"]["widened"]] == [
        ("limits.wall", "60.0", "90.0")
    ]
    assert report["caller"]["uid"] == caller.uid
    assert (kept.state / "reports" / f"{report['jail']}.json").exists()
    shared = ("jail", "jailpy", "caller", "plugin", "profile", "policy", "labels", "outcome", "status", "wall_s")
    assert line == {"time": report["started"], **{field: report[field] for field in shared}, "error": None}
    assert (line["outcome"], line["status"], line["plugin"]["path"]) == ("error", 3, str(plugin))


def test_nobody_else_reads_them(kept: Kept) -> None:
    """Whatever the umask of the caller."""
    words = ["/bin/sh", "-c", 'umask 0; exec "$@"', "sh", *kept.words("run", "-c", "pass")]
    assert run_as(kept._caller, words, env=kept.environment).returncode == 0
    (report,) = (kept.state / "reports").iterdir()
    assert [mode(kept.state), mode(kept.state / "reports")] == [0o700, 0o700]
    assert [mode(report), mode(kept.state / "audit.jsonl")] == [0o600, 0o600]


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        (("run", "--label", "a=b", "missing.py"), "usage-error"),
        (("run", "--no-such-option", "p.py"), "usage-error"),
        (("run", "--report", "/nowhere/r.json", "-c", "pass"), "usage-error"),
        (("run", "-p", "no-such-profile", "-c", "pass"), "profile-error"),
        (("run", "--timeout", "300ms", "-c", "import time; time.sleep(60)"), "timeout"),
        (("exec", "--", "no-such-program"), "not-found"),
    ],
)
def test_whatever_came_of_it(kept: Kept, words: tuple[str, ...], outcome: str) -> None:
    done = kept.run(*words)
    (report,) = kept.reports()
    (line,) = kept.audit()
    assert (report["outcome"], line["outcome"]) == (outcome, outcome)
    assert report["status"] == line["status"] == done.returncode
    assert line["error"] == (report["error"] and report["error"]["message"])


def test_run_without_history_is_audited(kept: Kept) -> None:
    assert kept.run("run", "--no-history", "-c", "pass").returncode == 0
    assert len(kept.audit()) == 1
    assert not (kept.state / "reports").exists()


def test_hundred_reports_are_kept(kept: Kept, caller: Caller) -> None:
    """The oldest go; what is not ours stays."""
    assert kept.run("run", "-c", "pass").returncode == 0
    reports = kept.state / "reports"
    (newest,) = reports.iterdir()
    older = [reports / f"0{number:08}-1.json" for number in range(150)]
    for path in [*older, reports / "notes.txt"]:
        path.touch()
        os.chown(path, caller.uid, caller.gid)
    assert kept.run("run", "-c", "pass").returncode == 0
    left = {path.name for path in reports.iterdir()}
    assert len(left) == 101
    assert {newest.name, "notes.txt", *(path.name for path in older[-98:])} < left


def test_torn_line_stays_alone(kept: Kept) -> None:
    """A crash in the middle of a line does not take the next one with it."""
    assert kept.run("run", "-c", "pass").returncode == 0
    log = kept.state / "audit.jsonl"
    with log.open("ab") as file:
        file.write(b'{"time": "20')
    assert kept.run("run", "-c", "pass").returncode == 0
    first, torn, last = log.read_bytes().splitlines()
    assert torn == b'{"time": "20'
    assert json.loads(first)["outcome"] == json.loads(last)["outcome"] == "ok"
    assert log.read_bytes().endswith(b"\n")


def test_name_of_a_plugin_makes_no_line(kept: Kept, folder: Path) -> None:
    """A line end in it is two characters, as is every byte that is no text."""
    plugin = folder / b'a\n{"outcome": "ok"}\xff\x1b[2J.py'.decode(errors="surrogateescape")
    plugin.write_text("raise SystemExit(1)")
    assert kept.run("run", plugin).returncode == 1
    content = (kept.state / "audit.jsonl").read_bytes()
    assert (content.count(b"\n"), content.isascii(), b"\x1b" in content) == (1, True, False)
    assert kept.audit()[0]["plugin"]["path"] == str(plugin)


def test_log_that_somebody_holds_locked_is_written_all_the_same(kept: Kept) -> None:
    """A launcher that was stopped in the middle, or a reader with a lock, keeps no run from its end for long."""
    assert kept.run("run", "-c", "pass").returncode == 0
    with (kept.state / "audit.jsonl").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert kept.run("run", "-c", "pass").returncode == 0
    assert [line["outcome"] for line in kept.audit()] == ["ok", "ok"]


def test_many_at_once_lose_no_line(kept: Kept) -> None:
    runs = [kept.start("run", "--label", f"n={number}", "-c", "pass") for number in range(24)]
    for run in runs:
        assert run.communicate(timeout=300) == (b"", b"")
    assert sorted(int(line["labels"]["n"]) for line in kept.audit()) == list(range(24))
    ids = [report["jail"] for report in kept.reports()]
    assert len(set(ids)) == 24


@pytest.mark.parametrize("what", ["state", "reports", "audit.jsonl"])
def test_symlink_is_not_followed(kept: Kept, caller: Caller, folder: Path, what: str) -> None:
    """Whoever can plant one in the folder must not choose what is written elsewhere."""
    if what == "state" and caller.kind == "root":
        return  # root's folder lies below one that only root can write
    aim = folder / "aim"
    aim.mkdir()
    kept.state.mkdir(mode=0o700, exist_ok=True)
    os.chown(kept.state, caller.uid, caller.gid)
    target = aim if what != "audit.jsonl" else aim / "file"
    place = kept.state if what == "state" else kept.state / what
    if what == "state":
        place.rmdir()
    place.symlink_to(target)
    os.chown(aim, caller.uid, caller.gid)
    done = kept.run("run", "-c", "print('ran')")
    assert (done.returncode, done.stdout) == (0, b"ran\n")
    assert list(aim.iterdir()) == []
    assert done.stderr.startswith(b"jailpy: warning: n")


def test_folder_that_others_can_write_is_not_used(kept: Kept, caller: Caller) -> None:
    kept.state.mkdir(exist_ok=True)
    os.chown(kept.state, caller.uid, caller.gid)
    kept.state.chmod(0o777)
    done = kept.run("run", "--json", "-c", "pass")
    assert b"others can write to it" in done.stderr
    assert any("others can write to it" in warning for warning in json.loads(done.stdout)["warnings"])
    assert list(kept.state.iterdir()) == []


def test_what_cannot_be_kept_is_said(kept: Kept, caller: Caller) -> None:
    """A FIFO, and a folder where a file should be; quiet is quiet, and the report has it all the same."""
    kept.state.mkdir(mode=0o700, exist_ok=True)
    os.mkfifo(kept.state / "audit.jsonl")
    (kept.state / "reports").touch()
    for path in (kept.state, kept.state / "audit.jsonl", kept.state / "reports"):
        os.chown(path, caller.uid, caller.gid)
    done = kept.run("run", "-c", "pass")
    assert done.returncode == 0
    assert [line.partition(b": /")[0] for line in done.stderr.splitlines()] == [
        b"jailpy: warning: no report in the history",
        b"jailpy: warning: no line in the audit log",
    ]
    quiet = kept.run("run", "-q", "--json", "-c", "pass")
    assert (quiet.returncode, quiet.stderr) == (0, b"")
    assert len(json.loads(quiet.stdout)["warnings"]) == 2


def test_full_disk_leaves_no_half_line(kept: Kept, caller: Caller) -> None:
    """A file-size limit of the caller stands for a disk that is full: the line is written whole or taken back."""
    kept.state.mkdir(mode=0o700, exist_ok=True)
    log = kept.state / "audit.jsonl"
    log.write_bytes(b'{"earlier": 1}\n' * 4369)
    for path in (kept.state, log):
        os.chown(path, caller.uid, caller.gid)
    before = log.read_bytes()
    assert len(before) == (64 << 10) - 1
    shell = [
        "/bin/bash",
        "-c",
        'ulimit -f 64; exec "$@"',
        "sh",
        *kept.words("run", "--no-history", "-c", "print('ran')"),
    ]
    done = run_as(kept._caller, shell, env=kept.environment)
    assert (done.returncode, done.stdout) == (0, b"ran\n")
    assert log.read_bytes() == before
    assert done.stderr.startswith(b"jailpy: warning: no line in the audit log: ")


def test_without_a_home_nothing_is_kept_and_nothing_is_said(caller: Caller, installed: Installed, folder: Path) -> None:
    """There is no place for it; who wants to know finds it in the report, or asks with -v. Root's place is fixed."""
    if caller.kind == "root":
        return
    for home in (("-u", "HOME"), ("HOME=/nonexistent",), ("HOME=relative",), ("HOME=/dev/null",)):
        words = ["/usr/bin/env", *home, installed.command, "run"]
        done = run_as(caller, [*words, "--report", folder / "r.json", "-c", "print('ran')"])
        assert (done.returncode, done.stdout, done.stderr) == (0, b"ran\n", b"")
        assert any("has no home folder" in warning for warning in valid(folder / "r.json")["warnings"])
        assert b"has no home folder" in run_as(caller, [*words, "-v", "-c", "pass"]).stderr


def test_report_of_a_launcher_that_was_killed_is_empty(kept: Kept) -> None:
    """It says that there was a run; the audit log has whole lines only."""
    run = kept.start("run", "-c", "import os, time; os.write(1, b'up'); time.sleep(60)")
    assert run.stdout is not None
    assert run.stdout.read(2) == b"up"
    run.kill()
    run.communicate()
    (report,) = (kept.state / "reports").iterdir()
    assert report.read_bytes() == b""
    assert (kept.state / "audit.jsonl").read_bytes() == b""


def test_installation_that_only_root_can_read(caller: Caller, installed: Installed, folder: Path) -> None:
    """Root's launcher goes on as the jail's id: what it has to say at the end it has read before."""
    folder.chmod(0o700)
    copy = folder / "copy"
    subprocess.run(["cp", "-r", installed.python.parents[1], copy], check=True)
    os.chown(copy, caller.uid, caller.gid)
    command = [installed.python, "-IS", "-c", LAUNCH, next(copy.glob("lib/python3*/site-packages"))]
    for code, status, said in ENDS:
        done = run_as(caller, [*command, "run", "--timeout", "1s", "-v", "-c", code])
        assert (done.returncode, b"Traceback" in done.stderr) == (status, False), done.stderr
        assert said in done.stderr


LAUNCH = "import sys; sys.path.append(sys.argv.pop(1)); from jailpy.__main__ import main; sys.exit(main())"
ENDS = (
    ("raise SystemExit(3)", 3, b"error after"),
    ("import os; os.kill(os.getpid(), 9)", 137, b"SIGKILL"),
    ("import time; time.sleep(60)", 124, b"--limit wall=2s gives more"),
)
