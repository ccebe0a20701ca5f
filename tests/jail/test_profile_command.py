"""``jailpy profile`` through the installed command, as people and their scripts use it."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from jailpy.policy.shipped import GENERATIONS
from tests.conftest import Caller, run_as
from tests.support.installed import Installed
from tests.support.refusal import assert_refused
from tests.unit.test_imports import imported, is_of

Jailpy = Callable[..., subprocess.CompletedProcess[bytes]]
WEATHER = 'schema = 1\nname = "weather"\nextends = "default@1"\n\n[limits]\nwall = "5s"\n'


@pytest.fixture
def weather(caller: Caller, folder: Path) -> Path:
    """A profile of the caller's own."""
    return write(caller, folder / "weather.toml", WEATHER)


def write(caller: Caller, path: Path, text: str) -> Path:
    path.write_text(text)
    os.chown(path, caller.uid, caller.gid)
    path.chmod(0o644)
    return path


def printed(done: subprocess.CompletedProcess[bytes], status: int = 0) -> str:
    assert (done.returncode, done.stderr) == (status, b"")
    return done.stdout.decode()


def digest(jailpy: Jailpy, profile: Path | str) -> str:
    sha256: str = json.loads(printed(jailpy("profile", "show", "--effective", "--json", profile)))["sha256"]
    return sha256


def test_list_has_the_shipped_ones_and_the_users_own(
    caller: Caller, installed: Installed, folder: Path, weather: Path
) -> None:
    """Root's own are the administrator's alone."""
    own = folder / "config/jailpy/profiles"
    own.mkdir(parents=True)
    weather.rename(own / "weather.toml")
    for path in (folder / "config").rglob("*"):
        os.chown(path, caller.uid, caller.gid)
    env = {"XDG_CONFIG_HOME": f"{folder}/config"}
    listed = json.loads(printed(run_as(caller, [installed.command, "profile", "list", "--json"], env=env)))
    names = {profile["name"]: profile for profile in listed["profiles"]}
    assert set(GENERATIONS) <= set(names)
    assert ("weather" in names) == (caller.kind == "user")
    lines = printed(run_as(caller, [installed.command, "profile", "list"], env=env)).splitlines()
    assert len(lines) == len(listed["profiles"])
    assert lines[0].split()[:3] == ["default@1", "jailpy", "For"]


def test_show_prints_the_very_file(jailpy: Jailpy, weather: Path) -> None:
    assert printed(jailpy("profile", "show", weather)) == WEATHER
    told = json.loads(printed(jailpy("profile", "show", weather, "--json")))
    assert (told["text"], told["source"]) == (WEATHER, str(weather))


def test_effective_profile_names_the_file_and_line_of_each_key(jailpy: Jailpy, weather: Path) -> None:
    text = printed(jailpy("profile", "show", "--effective", weather))
    assert f'wall = "5s"  # {weather}:6\n' in text
    assert tomllib.loads(text)["limits"]["memory"] == "512M"
    told = json.loads(printed(jailpy("profile", "show", weather, "--effective", "--json")))
    rows = {row["key"]: row for row in told["effective"]}
    assert rows["limits.wall"] == {
        "key": "limits.wall",
        "value": 5.0,
        "written": '"5s"',
        "item": False,
        "note": "",
        "source": str(weather),
        "line": 6,
    }
    assert rows["seccomp.allow"]["value"] == "@python"


def test_frozen_profile_runs_under_the_digest_of_what_was_frozen(jailpy: Jailpy, folder: Path, weather: Path) -> None:
    frozen = folder / "frozen.toml"
    assert printed(jailpy("profile", "freeze", weather, "-o", frozen)) == ""
    sha256 = digest(jailpy, weather)
    done = jailpy("run", "-p", frozen, "--policy-digest", sha256, "-c", "print('ran')")
    assert (done.returncode, done.stdout) == (0, b"ran\n"), done.stderr
    assert digest(jailpy, frozen) == sha256
    assert printed(jailpy("profile", "freeze", weather)) == frozen.read_text()


@pytest.mark.parametrize("umask", ["0", "0027"])
def test_new_profile_can_be_used_at_once(caller: Caller, installed: Installed, folder: Path, umask: str) -> None:
    """Whatever the umask, it is a file that only its owner can write."""
    script = f'umask {umask}; "$0" profile new weather -o new.toml && exec "$0" run -p ./new.toml -c "print(1)"'
    done = run_as(caller, ["/bin/sh", "-c", script, installed.command], cwd=folder)
    assert (done.returncode, done.stdout) == (0, b"1\n"), done.stderr
    assert tomllib.loads((folder / "new.toml").read_text())["extends"] == "default@1"


def test_new_profile_builds_on_a_file_beside_it(caller: Caller, installed: Installed, folder: Path) -> None:
    (folder / "sub").mkdir(mode=0o755)
    write(caller, folder / "sub/base.toml", WEATHER)
    os.chown(folder / "sub", caller.uid, caller.gid)
    words = ["profile", "new", "x", "--extends", "./base.toml", "-o", "sub/x.toml"]
    assert printed(run_as(caller, [installed.command, *words], cwd=folder)) == ""
    done = run_as(caller, [installed.command, "profile", "show", "--effective", "--json", "sub/x.toml"], cwd=folder)
    assert json.loads(printed(done))["chain"][1] == str(folder / "sub/base.toml")


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("[overrides]\nwiden = []\n", 0, "nothing found"),
        ('[limits]\nwall = "5m"\n[overrides]\nwiden = []\n', 0, "1 note"),
        ('[seccomp]\nallow = ["bpf"]\n', 1, ":4: escape: seccomp.allow[1]: allows bpf"),
        ('[filesystem]\nread = ["/srv/a"]\nwrite = ["/srv"]\n', 1, ":4: risk: filesystem.read[0]: "),
    ],
)
def test_check_exits_with_what_it_found(
    jailpy: Jailpy, caller: Caller, folder: Path, text: str, status: int, said: str
) -> None:
    path = write(caller, folder / "p.toml", f'schema = 1\nextends = "default@1"\n{text}')
    assert said in printed(jailpy("profile", "check", path), status)
    document = json.loads(printed(jailpy("profile", "check", "--json", path), status))
    grades = {finding["grade"] for finding in document["profiles"][0]["findings"]}
    assert bool(grades - {"note"}) == bool(status)
    log = json.loads(printed(jailpy("profile", "check", "--sarif", path), status))
    levels = {result["level"] for result in log["runs"][0]["results"]}
    assert levels == {{"escape": "error", "risk": "warning"}.get(grade, grade) for grade in grades}


@pytest.mark.parametrize("name", GENERATIONS)
def test_shipped_profile_passes_the_check(jailpy: Jailpy, name: str) -> None:
    assert name in printed(jailpy("profile", "check", name))


def test_check_warns_of_a_folder_that_this_caller_must_not_hand_over(
    jailpy: Jailpy, caller: Caller, folder: Path
) -> None:
    cache = "/var/cache/jailpy" if caller.kind == "root" else f"{caller.home}/.cache/jailpy"
    for place in (cache, str(caller.home)):
        path = write(
            caller, folder / "p.toml", f'schema = 1\nextends = "default@1"\n[filesystem]\nwrite = ["{place}"]\n'
        )
        assert "escape: filesystem.write[0]: " in printed(jailpy("profile", "check", path), 1)


def test_one_profile_that_cannot_be_used_keeps_no_other_from_being_checked(
    jailpy: Jailpy, caller: Caller, folder: Path, weather: Path
) -> None:
    broken = write(caller, folder / "broken.toml", 'schema = 1\nextends = "default@1"\n[limits]\nmemry = 1\n')
    for option in ("", "--json", "--sarif"):
        done = jailpy(*filter(None, ["profile", "check", option, broken, weather]))
        assert done.returncode == 2
        assert f"{broken}:4: limits.memry: unknown key" in done.stderr.decode()
        assert "overrides.widen" in done.stdout.decode()  # of the other
        assert ("memry" in done.stdout.decode()) == bool(option)


@pytest.mark.parametrize(
    ("old", "new", "status", "said"),
    [
        ("default", "default", 0, "no difference"),
        ("default", "strict", 0, "Narrower:\n"),
        ("strict", "default", 1, "Wider:\n"),
        ("default", "{weather}", 0, "limits.wall: 1m → 5s"),
        ("{weather}", "numeric", 1, "note: limits.memory: 512M → 4G"),
    ],
)
def test_diff_exits_with_its_verdict(jailpy: Jailpy, weather: Path, old: str, new: str, status: int, said: str) -> None:
    words = ["profile", "diff", old.format(weather=weather), new.format(weather=weather)]
    assert said in printed(jailpy(*words), status)
    document = json.loads(printed(jailpy(*words, "--json"), status))
    assert (document["verdict"] == "wider") == bool(status)
    assert printed(jailpy(*words, "--markdown"), status).startswith("### Profile `")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check"], "profile check: expected NAME|FILE"),
        (["check", "no-such"], "there is no profile no-such"),
        (["check", "--json", "--sarif", "strict"], "--sarif and --json do not go together"),
        (["check", "--bogus", "strict"], "no such option: --bogus"),
        (["diff", "strict"], "profile diff: expected OLD NEW"),
        (["diff", "strict", "./missing.toml"], "No such file"),
        (["diff", "strict", "default", "default"], "profile diff: expected OLD NEW"),
        (["diff", "--json", "--markdown", "strict", "default"], "--markdown and --json do not go together"),
        (["diff", "", "strict"], "a name is empty"),
    ],
)
def test_trouble_has_a_status_of_its_own(jailpy: Jailpy, words: list[str], said: str) -> None:
    """A script must not take it for a verdict."""
    done = jailpy("profile", *words)
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 2
    assert said in lines[0]
    assert len(lines) <= 2
    assert all(line.startswith("jailpy: ") for line in lines)


def test_secret_of_a_profile_is_not_printed(jailpy: Jailpy, caller: Caller, folder: Path) -> None:
    text = 'schema = 1\nextends = "default@1"\n[process.env]\nDB_PASSWORD = "hunter2"\n'
    path = write(caller, folder / "p.toml", text)
    for words in (
        ["check"],
        ["check", "--json"],
        ["check", "--sarif"],
        ["diff", "default"],
        ["diff", "--markdown", "default"],
    ):
        done = jailpy("profile", *words, path)
        assert done.returncode == 1
        assert b"DB_PASSWORD" in done.stdout
        assert b"hunter2" not in done.stdout


def test_nothing_is_overwritten(jailpy: Jailpy, folder: Path, weather: Path) -> None:
    link = folder / "link.toml"
    link.symlink_to("nowhere.toml")
    for target in (weather, link):
        for words in (["new", "x"], ["freeze", "strict"]):
            assert_refused(jailpy("profile", *words, "-o", target), f"-o {target}: is there already")
    assert weather.read_text() == WEATHER
    assert not (folder / "nowhere.toml").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["profile"], "there is no command"),
        (["profile", "shwo"], "did you mean show?"),
        (["profile", "show"], "profile show: expected NAME|FILE"),
        (["profile", "show", "a", "b"], "profile show: expected NAME|FILE"),
        (["profile", "show", ""], "a name is empty"),
        (["profile", "show", "no-such"], "there is no profile no-such"),
        (["profile", "show", "./no-such.toml"], "No such file"),
        (["profile", "show", "/dev/zero"], "can be written by others"),
        (["profile", "list", "x"], "x"),
        (["profile", "freeze", "strict", "-o", "/no/such/x"], "-o /no/such/x: No such file"),
        (["profile", "freeze", "strict", "-o", "/dev/full"], "-o /dev/full: is there already"),
        (["profile", "new", "default"], "is the name of a profile that comes with jailpy"),
        (["profile", "new", "a b"], "expected a name of letters"),
        (["profile", "new", "x", "--extends", "strict@9"], "neither a generation of a profile nor a file"),
        (["profile", "new", "x", "--extends", "./missing.toml"], "No such file"),
        (["profile", "list", "--effective"], "--effective is an option of profile show"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line_or_two(jailpy: Jailpy, words: list[str], said: str) -> None:
    assert_refused(jailpy(*words), said)


def test_profile_that_others_could_write_is_not_shown(jailpy: Jailpy, weather: Path) -> None:
    weather.chmod(0o666)
    for command in ("show", "freeze"):
        assert_refused(jailpy("profile", command, weather), "can be written by others")


def test_name_does_not_reach_the_terminal(jailpy: Jailpy, caller: Caller, folder: Path) -> None:
    """A file name, and what stands in the file, is its author's choice."""
    path = write(
        caller, folder / "\x1b]52;c;x\x07.toml", 'schema = 1\nextends = "default@1"\n[process.env]\nA = "\\u001b[2J"\n'
    )
    for words in (["show", "--effective"], ["freeze"], ["check"]):
        assert "\x1b" not in printed(jailpy("profile", *words, path))
    for words in (["diff", "default"], ["diff", "--markdown", "default"]):
        assert "\x1b" not in printed(jailpy("profile", *words, path), 1)


def test_command_does_not_import_what_runs_jails(caller: Caller, installed: Installed) -> None:
    found = imported(caller, installed, "profile", "list")
    assert "jailpy.authoring.shelf" in found
    assert not {module for module in found if is_of(module, "jailpy.launch") or is_of(module, "jailpy.kernel")}


def test_run_imports_nothing_that_is_for_authors(caller: Caller, installed: Installed, weather: Path) -> None:
    found = imported(caller, installed, "run", "-p", weather, "-c", "pass")
    assert "jailpy.policy.load" in found
    assert not {module for module in found if is_of(module, "jailpy.authoring")}
