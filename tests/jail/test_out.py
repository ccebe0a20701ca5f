"""``--out``: what of /out comes to the host, whose it is, and what is left behind."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Caller, run_as
from tests.support.callers import environment
from tests.support.installed import Installed

Jailpy = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def out(folder: Path, caller: Caller) -> Path:
    """An empty folder of the caller's."""
    path = folder / "out"
    path.mkdir()
    os.chown(path, caller.uid, caller.gid)
    return path


def tree(top: Path) -> dict[str, bytes | None]:
    """Everything below a folder: the bytes of files, None for folders."""
    return {
        str(path.relative_to(top)): path.read_bytes() if path.is_file() and not path.is_symlink() else None
        for path in sorted(top.rglob("*"))
    }


def plugin(*lines: str) -> str:
    return "\n".join(("import os, socket", "os.chdir('/out')", *lines))


def test_files_and_folders_are_copied(jailpy: Jailpy, out: Path, caller: Caller) -> None:
    """Byte for byte, not executable, and the caller's."""
    code = plugin(
        "os.umask(0o077)",
        "open('data', 'wb').write(bytes(range(256)) * 10_000)",
        "open('empty', 'w')",
        "os.makedirs('a/b/c'); os.mkdir('bare')",
        "open('a/b/c/deep', 'w').write('deep'); os.chmod('a/b/c/deep', 0o700)",
        "open('grüße', 'w').write('hello')",
    )
    done = jailpy("run", "--out", out, "-c", code)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert tree(out) == {
        "data": bytes(range(256)) * 10_000, "empty": b"", "a": None, "a/b": None, "a/b/c": None, "a/b/c/deep": b"deep",
        "bare": None, "grüße": b"hello",
    }  # fmt: skip
    for path in out.rglob("*"):
        status = path.stat()
        assert (status.st_uid, status.st_gid) == (caller.uid, caller.gid)
        assert stat.S_IMODE(status.st_mode) == (0o755 if path.is_dir() else 0o644)


# how the run ends → its exit status
ENDS = {
    "exit": ("os._exit(7)", (), 7),
    "signal": ("os.kill(os.getpid(), 9)", (), 137),
    "timeout": ("__import__('time').sleep(60)", ("--timeout", "1"), 124),
    "output": ("os.write(1, bytes(100_000))", ("--limit", "output=1000"), 137),
}


@pytest.mark.parametrize("end", ENDS)
def test_files_are_copied_however_the_run_ends(jailpy: Jailpy, out: Path, end: str) -> None:
    last, options, status = ENDS[end]
    done = jailpy("run", *options, "--out", out, "-c", plugin("open('result', 'w').write('kept')", last))
    assert done.returncode == status
    assert tree(out)["result"] == b"kept"


def test_only_regular_files_are_copied_and_the_rest_is_named(jailpy: Jailpy, out: Path) -> None:
    code = plugin(
        "os.symlink('/etc/passwd', 'link'); os.symlink('/', 'root'); os.symlink('loop', 'loop')",
        "os.mkfifo('fifo'); socket.socket(socket.AF_UNIX).bind('socket')",
        "open('.profile', 'w').write('evil'); os.mkdir('.git'); open('.git/config', 'w')",
        "open('line\\nend', 'w'); open('\\x1b[2J', 'w'); open(b'\\xff', 'w'); open('\\u202egpj.exe', 'w')",
        "open('closed', 'w'); os.chmod('closed', 0)",
        "os.mkdir('blind'); open('blind/x', 'w'); os.chmod('blind', 0o400)",
        "open('good', 'w').write('good'); os.link('good', 'twin')",
    )
    done = jailpy("run", "--out", out, "--report", "report.json", "-c", code, cwd=out.parent)
    assert done.returncode == 0
    assert tree(out) == {"good": b"good", "twin": b"good", "blind": None}
    said = done.stderr.decode()
    left = (".git", ".profile", "\\x1b[2J", "blind/x", "closed", "fifo", "line\\nend", "link", "loop", "root", "socket",
            "\\u202egpj.exe", "\\udcff")  # fmt: skip
    assert {line.partition(" was not copied: ")[0] for line in said.splitlines()} == {
        f"jailpy: warning: /out/{name}" for name in left
    }
    report = json.loads((out.parent / "report.json").read_text())
    assert len([warning for warning in report["warnings"] if "was not copied" in warning]) == len(left)


def test_what_is_there_stays_as_it_is(jailpy: Jailpy, out: Path, caller: Caller) -> None:
    """Neither replaced nor added to, and no link of the host's is followed."""
    (out / "file").write_text("mine")
    (out / "folder").mkdir()
    (out / "link").symlink_to("missing")
    (out / "outside").symlink_to(out.parent)
    os.chown(out / "folder", caller.uid, caller.gid)
    code = plugin(
        "open('file', 'w').write('theirs'); open('link', 'w'); open('new', 'w').write('new')",
        "[(os.mkdir(name), open(f'{name}/added', 'w')) for name in ('folder', 'outside')]",
    )
    done = jailpy("run", "--out", out, "-c", code)
    assert done.stderr.decode().count("is there already") == 4
    assert tree(out) == {"file": b"mine", "folder": None, "link": None, "outside": None, "new": b"new"}
    assert sorted(os.listdir(out.parent)) == ["out"]


def test_no_more_is_copied_than_fits_into_out(jailpy: Jailpy, out: Path) -> None:
    """Holes take no room there, and hard links none twice."""
    code = plugin(
        "open('a', 'wb').truncate(50 << 20); open('b', 'wb').truncate(50 << 20); open('c', 'w').write('small')",
        "open('d', 'wb').write(bytes(9 << 20)); [os.link('d', f'd{n}') for n in range(20)]",
    )
    done = jailpy("run", "--out", out, "-c", code)
    assert sorted(tree(out)) == ["a", "c", "d"]
    assert done.stderr.count(b"is too large") == 20
    assert b"/out: 1 more were not copied" in done.stderr


def test_holes_are_not_copied_where_there_is_no_quota(jailpy: Jailpy, out: Path) -> None:
    """A file of a terabyte that takes no room in the jail takes none on the host either."""
    (out.parent / "wide.toml").write_text(
        'schema = 1\nextends = "default@1"\n[filesystem]\ntmp = "none"\n[limits]\nfile-size = "none"\n'
    )
    code = plugin("open('a', 'wb').write(bytes(1 << 20)); open('b', 'wb').truncate(1 << 40)")
    done = jailpy("run", "-p", out.parent / "wide.toml", "--out", out, "-c", code)
    assert tree(out) == {"a": bytes(1 << 20)}
    assert b"/out/b was not copied: is too large" in done.stderr


def test_out_has_the_quota_of_the_other_scratch_folders(jailpy: Jailpy, out: Path) -> None:
    code = plugin(
        "try: open('big', 'wb').write(bytes(65 << 20))",
        "except OSError as error: print(error.strerror)",
        "os.unlink('big')",
        "try: [os.mknod(f'{n}') for n in range(5000)]",
        "except OSError as error: print(error.strerror)",
        "[os.unlink(name) for name in os.listdir()]",
    )
    done = jailpy("run", "--limit", "file-size=none", "--out", out, "-c", code)
    assert done.stdout == b"No space left on device\n" * 2
    assert tree(out) == {}


def test_what_lies_in_out_is_counted(jailpy: Jailpy, out: Path) -> None:
    """Against the quota, in the report, and against the memory of the whole jail."""
    fill = "for n in range({}): open(f'{{n}}', 'wb').write(bytes(1 << 20))"
    done = jailpy("run", "--out", out, "--report", "fd:1", "-c", plugin(fill.format(3)))
    tmp = next(limit for limit in json.loads(done.stdout)["limits"] if limit["name"] == "tmp")
    assert 3 << 20 <= tmp["peak"] < 4 << 20
    code = plugin(fill.format(60), "__import__('time').sleep(60)")
    done = jailpy("run", "--limit", "memory=40M", "--out", out, "--report", "fd:1", "-c", code)
    assert json.loads(done.stdout)["outcome"] == "memory-limit"


@pytest.mark.parametrize("place", ["/out", "/out/below"])
def test_share_in_the_way_is_refused(jailpy: Jailpy, out: Path, place: str) -> None:
    done = jailpy("run", "--read", f"{out}:{place}", "--out", out, "-c", "print(1)")
    assert (done.returncode, done.stdout) == (125, b"")
    assert f"is to appear at {place} in the jail".encode() in done.stderr


def test_many_and_deep_are_counted(jailpy: Jailpy, out: Path) -> None:
    code = plugin(
        "[os.symlink('x', f'{n:03}') for n in range(50)]",
        "for n in range(40): os.mkdir('d'); os.chdir('d')",
    )
    done = jailpy("run", "--out", out, "-c", code)
    assert len(tree(out)) == 31
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 21
    assert lines[-1] == "jailpy: warning: /out: 31 more were not copied"


@pytest.mark.parametrize(("path", "part"), [("missing", "No such file"), ("file", "is not a folder"),
                                            ("closed", "cannot be written to")])  # fmt: skip
def test_bad_folder_is_refused_before_anything_runs(
    jailpy: Jailpy, folder: Path, caller: Caller, path: str, part: str
) -> None:
    (folder / "file").write_text("")
    (folder / "closed").mkdir(mode=0o555)
    if caller.kind == "root" and path == "closed":
        assert jailpy("run", "--out", folder / path, "-c", "").returncode == 0  # nothing is closed to root
        return
    done = jailpy("run", "--out", folder / path, "-c", "print(1)")
    assert (done.returncode, done.stdout) == (125, b"")
    assert part in done.stderr.decode()


def test_places_of_jailpy_are_refused(jailpy: Jailpy, installed: Installed, caller: Caller) -> None:
    """A file of the plugin's there would be believed by the next run."""
    profiles = caller.home / ".config/jailpy/profiles"
    profiles.mkdir(parents=True, exist_ok=True)
    for path in (profiles, *(part for part in profiles.parents if part.is_relative_to(caller.home))):
        os.chown(path, caller.uid, caller.gid)
    places = {"user": (profiles, caller.home), "root": ("/etc", installed.command.parent)}[caller.kind]
    for place in places:
        done = jailpy("run", "--out", place, "-c", "open('/out/x', 'w')")
        assert done.returncode == 125
        assert "jailpy itself depends on" in done.stderr.decode()


def test_without_the_option_there_is_no_out(jailpy: Jailpy) -> None:
    assert jailpy("run", "-c", "import os; print(os.path.exists('/out'))").stdout == b"False\n"


@pytest.mark.parametrize("profile", ["default", "numeric"])
def test_root_writes_with_the_rights_of_the_owner(jailpy: Jailpy, out: Path, caller: Caller, profile: str) -> None:
    """Where it is another's folder, the files are that other's; nothing is written that the owner could not write."""
    if caller.kind != "root":
        out.chmod(0o777)
        assert jailpy("run", "--out", out, "-c", "open('/out/x', 'w')").returncode == 0
        assert (out / "x").stat().st_uid == caller.uid
        return
    os.chown(out, 54321, 54322)
    done = jailpy("run", "-p", profile, "--out", out, "-c", "open('/out/x', 'w').write('x')")
    assert done.returncode == 0, done.stderr
    assert ((out / "x").stat().st_uid, (out / "x").stat().st_gid) == (54321, 54322)
    os.chmod(out, 0o555)
    done = jailpy("run", "-p", profile, "--out", out, "-c", "open('/out/y', 'w').write('y')")
    assert b"/out/y was not copied: Permission denied" in done.stderr
    assert sorted(tree(out)) == ["x"]


def test_interrupt_still_copies(caller: Caller, installed: Installed, out: Path) -> None:
    """Told to end, jailpy passes that on, copies, and ends by the same signal."""
    code = plugin("open('x', 'w').write('x'); print(1, flush=True); __import__('time').sleep(60)")
    rights = {"user": caller.uid, "group": caller.gid, "extra_groups": []} if os.geteuid() == 0 else {}
    run = subprocess.Popen(
        [installed.command, "run", "--out", out, "-c", code], env=environment(caller), cwd=caller.home,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True, **rights,
    )  # fmt: skip
    with run:
        assert run.stdout is not None
        run.stdout.readline()
        os.killpg(run.pid, signal.SIGINT)
    assert run.returncode == -signal.SIGINT
    assert tree(out) == {"x": b"x"}


def test_library_has_it_too(caller: Caller, installed: Installed, out: Path) -> None:
    script = "import jailpy, sys; r = jailpy.run(code=sys.argv[2], out=sys.argv[1]); print(r.outcome, len(r.warnings))"
    code = plugin("open('x', 'w').write('x'); os.symlink('x', 'y')")
    done = run_as(caller, [installed.python, "-I", "-c", script, out, code])
    assert done.stdout == b"ok 1\n"
    assert tree(out) == {"x": b"x"}
