"""Bad input: a line or two with what is wrong and what to do, the status 125, and nothing started."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Caller
from tests.support.installed import Installed
from tests.support.poor_host import in_mount_namespace
from tests.support.refusal import assert_refused, in_shell
from tests.support.reports import valid


def fifo(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def looping(path: Path) -> None:
    path.symlink_to(path.name)


def folder_without_main(path: Path) -> None:
    path.mkdir()
    (path / "other.py").write_text("print('ran')")


def folder_with_a_folder_as_main(path: Path) -> None:
    (path / "__main__.py").mkdir(parents=True)


def too_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate((16 << 20) + 1)


def enormous(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def missing(_: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (fifo, "is a FIFO"),
        (a_socket, "socket"),
        (dangling, "leads nowhere"),
        (looping, "Too many levels of symbolic links"),
        (folder_without_main, "has no __main__.py"),
        (folder_with_a_folder_as_main, "has no __main__.py"),
        (too_large, "larger than 16 MiB"),
        (enormous, "larger than 16 MiB"),
        (missing, "No such file"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_plugin_that_is_no_program(jailpy: Any, folder: Path, make: Callable[[Path], None], said: str) -> None:
    """Nothing hangs on a FIFO, nothing reads a terabyte."""
    plugin = folder / "plugin.py"
    make(plugin)
    assert_refused(jailpy("run", plugin), str(plugin), said)


def test_plugin_that_is_a_device(jailpy: Any) -> None:
    assert_refused(jailpy("run", "/dev/zero"), "/dev/zero: is a device")


def test_plugin_that_cannot_be_read(jailpy: Any, caller: Caller, folder: Path) -> None:
    """Root can read every file of its own, so for root the file lies where nobody can look."""
    plugin = folder / "plugin.py"
    plugin.write_text("print('ran')")
    plugin.chmod(0)
    if caller.kind == "user":
        assert_refused(jailpy("run", plugin), "Permission denied")
    else:
        assert_refused(jailpy("run", plugin / "below.py"), "Not a directory")


@pytest.mark.parametrize("words", [["", "x"], ["--read", "", "p.py"], ["--code", "", "-m", "x"], ["-m", ""]])
def test_empty_names(jailpy: Any, words: list[str]) -> None:
    assert_refused(jailpy("run", *words), "empty")


def test_standard_input_that_is_too_large(jailpy: Any) -> None:
    assert_refused(jailpy("run", "-", input=b"#" * ((16 << 20) + 1)), "standard input: is larger than 16 MiB")


def test_code_of_a_module_that_is_no_folder(jailpy: Any, folder: Path) -> None:
    assert_refused(jailpy("run", "--code", folder / "missing", "-m", "x"), "missing: No such file")
    (folder / "file").write_text("")
    assert_refused(jailpy("run", "--code", folder / "file", "-m", "x"), "not a folder")


def test_plugin_that_grows_while_it_is_read(caller: Caller, installed: Installed, folder: Path) -> None:
    """A file that is written to at the time is not what anybody has looked at. A writer that slept gets another try."""
    plugin = folder / "plugin.py"
    script = f'(while :; do printf "#" >> {plugin}; done) & "$@"; status=$?; kill $!; exit $status'
    for _ in range(30):
        plugin.write_bytes(b"#" * (15 << 20))
        plugin.chmod(0o666)
        done = in_shell(caller, script, installed.command, "run", plugin)
        if done.returncode:
            break
    assert_refused(done, "changed while it was read")


@pytest.mark.parametrize("option", ["--read", "--write"])
def test_share_that_is_missing(jailpy: Any, folder: Path, option: str) -> None:
    assert_refused(jailpy("run", option, folder / "missing", "-c", "print('ran')"), "missing: No such file")


@pytest.mark.parametrize("make", [fifo, a_socket], ids=["fifo", "socket"])
@pytest.mark.parametrize("option", ["--read", "--write"])
def test_share_that_holds_a_way_out(jailpy: Any, folder: Path, make: Callable[[Path], None], option: str) -> None:
    """A read-only mount stops neither connect nor a write to a FIFO, so the one in the tree is named."""
    deep = folder / "a/b"
    deep.mkdir(parents=True)
    make(deep / "hole")
    assert_refused(jailpy("run", option, folder, "-c", "print('ran')"), "a/b/hole", "socket, FIFO or device")


@pytest.mark.parametrize("place", ["/", "/run", "/run/jailpy", "/run/jailpy/x", "/proc", "/dev", "/dev/shm"])
def test_share_in_a_place_of_the_jails_own(jailpy: Any, folder: Path, place: str) -> None:
    assert_refused(jailpy("run", "--read", f"{folder}:{place}", "-c", "print('ran')"), "filesystem.read[0]")


@pytest.mark.parametrize("share", ["/proc:/work/all", "/proc/self:/work/own", "/proc/1/root:/work/root"])
def test_processes_of_the_host_are_no_share(jailpy: Any, share: str) -> None:
    assert_refused(jailpy("run", "--read", share, "-c", "print('ran')"), "filesystem.read[0]")


def test_device_is_no_share(jailpy: Any) -> None:
    assert_refused(jailpy("run", "--read", "/dev/tty:/x", "-c", "1"), "socket, FIFO or device")


PROFILES = {
    "missing": (None, "No such file"),
    "not UTF-8": (b"schema = 1\nname = '\xff'\n", "UTF-8"),
    "NUL": (b"schema = 1\nname = 'a\0b'\n", ""),
    "nested deeply": (b"a = " + b"[\n" * 20_000 + b"]\n" * 20_000, "nested"),
    "unknown key": (
        b'schema = 1\nname = "x"\nextends = "default@1"\n[limits]\ntask = 3\n',
        "did you mean limits.tasks",
    ),
    "circle": (b'schema = 1\nname = "x"\nextends = "./profile.toml"\n', "a circle"),
    "relative path": (b'schema = 1\nname = "x"\nextends = "default@1"\n[filesystem]\nread = ["etc"]\n', "etc"),
    "way up": (b'schema = 1\nname = "x"\nextends = "default@1"\n[filesystem]\nread = ["/a/../etc"]\n', "/a/../etc"),
    "inside a writable path": (
        b'schema = 1\nname = "x"\nextends = "default@1"\n[filesystem]\nwrite = ["/mnt/a"]\nread = ["/mnt/a/b"]\n',
        "lies inside '/mnt/a'",
    ),
}


@pytest.mark.parametrize("kind", PROFILES)
def test_bad_profile(jailpy: Any, folder: Path, kind: str) -> None:
    content, said = PROFILES[kind]
    profile = folder / "profile.toml"
    if content is not None:
        profile.write_bytes(content)
    assert_refused(jailpy("run", "-p", profile, "-c", "print('ran')"), "profile.toml", said)


def test_profile_of_100_megabytes(jailpy: Any, folder: Path) -> None:
    profile = folder / "profile.toml"
    with profile.open("wb") as file:
        file.truncate(100 << 20)
    assert_refused(jailpy("run", "-p", profile, "-c", "print('ran')"), "profile.toml")


def test_profile_that_others_can_write(jailpy: Any, folder: Path) -> None:
    profile = folder / "profile.toml"
    profile.write_text('schema = 1\nname = "x"\nextends = "default@1"\n')
    profile.chmod(0o666)
    assert_refused(jailpy("run", "-p", profile, "-c", "print('ran')"), "profile.toml")


def test_profile_of_somebody_else(jailpy: Any, caller: Caller, installed: Installed, folder: Path) -> None:
    """Neither root's nor the caller's: whoever owns it, or a folder above it, can change what the jail lets through."""
    profile = folder / "profile.toml"
    profile.write_text('schema = 1\nname = "x"\nextends = "default@1"\n')
    words = ("run", "-p", profile, "-c", "print('ran')")
    if os.geteuid() == 0:
        os.chown(profile, 54321, 54321)
        assert_refused(jailpy(*words), "54321")
    else:  # in a user namespace of one's own, root's folders belong to somebody else
        assert_refused(in_mount_namespace(caller, "true", installed.command, *words), "owned by uid 65534")


@pytest.mark.parametrize("target", ["/no/such/folder/report", "fd:77", "fd:999999999999", "/"])
def test_report_that_cannot_be_opened(jailpy: Any, target: str) -> None:
    """Known before anything starts, not after."""
    assert_refused(jailpy("run", "--report", target, "-c", "print('ran')"), f"--report {target}")


def test_report_that_finds_no_space(jailpy: Any) -> None:
    done = jailpy("run", "--report", "/dev/full", "-c", "print('ran')")
    assert done.returncode == 125
    assert b"jailpy: --report /dev/full: No space left on device\n" in done.stderr


def test_refusals_are_reported_too(jailpy: Any, folder: Path) -> None:
    """A host application reads one place for everything that can happen."""
    report = folder / "report.json"
    for words, outcome in [
        (["--limit", "x=1", "-c", "1"], "usage-error"),
        ([folder / "missing.py"], "usage-error"),
        (["-p", "no-such-profile", "-c", "1"], "profile-error"),
    ]:
        assert jailpy("run", "--report", report, *words).returncode == 125
        told = valid(report)
        assert (told["outcome"], told["status"], told["exit_code"]) == (outcome, 125, None)
        assert told["error"]["message"]
    assert stat.S_IMODE(report.stat().st_mode) == 0o600


def test_cache_without_space_or_home(caller: Caller, installed: Installed, folder: Path) -> None:
    """What only saves time may fail: no HOME, one that cannot be written, a cache that is a file."""
    (folder / "file").write_text("")
    for home in ("/dev/full", "relative", "", str(folder / "file"), str(folder / "missing")):
        done = in_shell(caller, f'export HOME="{home}" XDG_CACHE_HOME="{home}"; exec "$@"',
                        installed.command, "run", "-c", "print('ran')")  # fmt: skip
        assert (done.stdout, done.stderr, done.returncode) == (b"ran\n", b"", 0), home
    done = in_shell(caller, 'unset HOME XDG_CACHE_HOME; exec "$@"', installed.command, "run", "-c", "print('ran')")
    assert (done.stdout, done.stderr, done.returncode) == (b"ran\n", b"", 0)
