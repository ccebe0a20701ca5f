"""The command line as people and scripts use it: what reaches the plugin, what comes back, and the exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Caller
from tests.support.installed import Installed
from tests.support.refusal import assert_refused, in_shell

SHOW = "import os, sys; sys.stdout.buffer.write(b'|'.join(map(os.fsencode, sys.argv[1:])))"


@pytest.fixture
def show(folder: Path) -> Path:
    """A plugin that prints its arguments, joined by bars."""
    plugin = folder / "show.py"
    plugin.write_text(SHOW)
    plugin.chmod(0o644)
    return plugin


def test_arguments_reach_the_plugin_byte_for_byte(jailpy: Any, show: Path) -> None:
    """Options of ours, dashes, bytes that are no UTF-8, empty words: after PLUGIN nothing is ours."""
    words = ["--", "-h", "--help", "--read", "/", "-c", "", "a b", b"\xff\xfe", "é", "--write=/", "-"]
    done = jailpy("run", show, *words)
    assert done.stdout == b"|".join(word if isinstance(word, bytes) else word.encode() for word in words)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("options", [["-q"], ["-qv"], ["--profile=default"]])
def test_code_ends_the_options(jailpy: Any, options: list[str]) -> None:
    """What follows -c CODE is the code's, for the quick parser and for typer."""
    done = jailpy("run", *options, "-c", SHOW, "--write", "/", "--", "-v")
    assert done.stdout == b"--write|/|--|-v"
    assert jailpy("run", *options, f"-c{SHOW}", "--read").stdout == b"--read"


def test_module_of_a_folder(jailpy: Any, folder: Path) -> None:
    (folder / "package").mkdir()
    (folder / "package/__init__.py").write_text("NAME = 'sibling'\n")
    (folder / "package/tool.py").write_text("import sys; from package import NAME; print(__name__, NAME, sys.argv[1:])")
    done = jailpy("run", "--code", folder, "-m", "package.tool", "-m", "--code")
    assert done.stdout == b"__main__ sibling ['-m', '--code']\n", done.stderr


def test_module_of_the_standard_library(jailpy: Any) -> None:
    assert jailpy("run", "-m", "json.tool", input=b'{"a":1}').stdout == b'{\n    "a": 1\n}\n'


def test_folder_and_standard_input_are_plugins(jailpy: Any, folder: Path) -> None:
    (folder / "__main__.py").write_text("import sibling; print(sibling.NAME)")
    (folder / "sibling.py").write_text("NAME = 'beside'\n")
    assert jailpy("run", folder).stdout == b"beside\n"
    assert jailpy("run", "-", "x", input=SHOW.encode()).stdout == b"x"


def test_exec_runs_another_program(jailpy: Any) -> None:
    done = jailpy("exec", "--read", "/bin/echo", "--", "/bin/echo", "-n", "--", "-v")
    assert (done.stdout, done.returncode) == (b"-- -v", 0), done.stderr


@pytest.mark.parametrize(
    ("code", "plugin_status", "outcome_status"),
    [
        ("pass", 0, 0),
        ("raise SystemExit(3)", 3, 1),
        ("raise SystemExit(124)", 124, 1),
        ("raise SystemExit(125)", 125, 1),
        ("raise SystemExit(255)", 255, 1),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 143, 1),
        ("import time; time.sleep(1000)", 124, 124),
    ],
)
def test_exit_status_tells_the_plugins_or_the_outcome(
    jailpy: Any, code: str, plugin_status: int, outcome_status: int
) -> None:
    """A plugin that plays with our statuses is an error like any other once the outcome is asked for."""
    limit = ["--timeout", "500ms"]
    assert jailpy("run", *limit, "-c", code).returncode == plugin_status
    assert jailpy("run", *limit, "--exit-status", "outcome", "-c", code).returncode == outcome_status


def test_program_that_is_missing_or_no_program(jailpy: Any, folder: Path) -> None:
    (folder / "notes.txt").write_text("no program")
    assert jailpy("exec", "--", "no-such-program").returncode == 127
    assert jailpy("exec", "--read", folder / "notes.txt", "--", folder / "notes.txt").returncode == 126


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "there is no command"),
        (["runn"], "did you mean run?"),
        (["p.py"], "did you mean jailpy run p.py?"),
        (["run"], "no plugin"),
        (["run", "--tmieout", "3s", "p.py"], "did you mean --timeout?"),
        (["run", "-timeout", "3s", "p.py"], "did you mean --timeout?"),
        (["run", "--verbose", "p.py"], "did you mean -v?"),
        (["run", "--timeout"], "expected TIME"),
        (["exec", "--code", "d", "--", "ls"], "--code is an option of run and plan"),
        (["--read", "x", "run", "p.py"], "options follow the command: jailpy run --read"),
        (["doctor", "--json=x"], "--json: takes no value"),
        (["run", "-x", "p.py"], "no such option"),
        (["run", "--limit", "memroy=1G", "p.py"], "did you mean memory"),
        (["run", "--exit-status", "x", "p.py"], "plugin or outcome"),
        (["run", "--require", "seccmp", "-c", "1"], "no layer seccmp"),
        (["run", "--python", "9.9", "-c", "1"], "9.9"),
        (["run", "--env", "A B=c", "-c", "1"], "A B"),
        (["run", "--policy-digest", "0" * 64, "-c", "1"], "digest"),
        (["run", "-p", "strict", "--limit", "memory=64G", "-c", "1"], "does not let limits.memory be widened"),
        (["exec"], "no command"),
        (["plan", "foo"], "./foo"),
        (["doctor", "x"], "unexpected"),
        (["--no-such"], "no such option"),
    ],
)
def test_wrong_usage_is_one_or_two_lines(jailpy: Any, words: list[str], said: str) -> None:
    assert_refused(jailpy(*words), said)


def test_bare_word_is_not_the_file_beside_us(jailpy: Any, folder: Path) -> None:
    """Name confusion: a file that somebody left in the current folder is not run as the installed plugin foo."""
    (folder / "foo").write_text("print('planted')")
    assert_refused(jailpy("run", "foo", cwd=folder), "hint: a file of this folder is ./foo")


def test_planted_profiles_are_not_taken(jailpy: Any, folder: Path) -> None:
    """A profile in the current folder or the user's own, named like a shipped one, changes nothing."""
    text = 'schema = 1\nname = "planted"\n[limits]\ntasks = 7\n'
    own = folder / "config/jailpy/profiles"
    own.mkdir(parents=True)
    for planted in (folder / "strict.toml", folder / "strict", own / "strict.toml"):
        planted.write_text(text)
    done = jailpy(
        "plan", "--json", "-p", "strict", "-c", "1", cwd=folder, env={"XDG_CONFIG_HOME": str(folder / "config")}
    )
    if done.returncode == 0:
        assert json.loads(done.stdout)["profile"]["name"] == "strict"
    else:  # strict wants more than every host has
        assert_refused(done, "layer cgroup is required")


def test_stdout_and_stderr_are_the_plugins(jailpy: Any) -> None:
    """A run that ends well adds no byte of ours, and a forged line changes no status."""
    code = "import sys; print('out'); print('jailpy: ok', file=sys.stderr); raise SystemExit(3)"
    done = jailpy("run", "-c", code)
    assert (done.stdout, done.stderr, done.returncode) == (b"out\n", b"jailpy: ok\n", 3)


def test_verbose_says_layers_and_quiet_says_nothing(jailpy: Any) -> None:
    code = "import os; os.abort()"
    loud, quiet = jailpy("run", "-v", "-c", code), jailpy("run", "-q", "-c", code)
    assert b"jailpy: layer seccomp: on\n" in loud.stderr
    assert b"ended by signal 6" in loud.stderr
    assert (quiet.stderr, quiet.returncode) == (b"", 134)


def test_plan_lists_steps_and_layers(jailpy: Any, show: Path) -> None:
    """The lines and the JSON tell the same steps; nothing is run."""
    lines = jailpy("plan", show).stdout.decode().splitlines()
    plan = json.loads(jailpy("plan", "--json", show).stdout)
    assert [line.split()[1].rstrip(":") for line in lines[:5]] == [step["name"] for step in plan["steps"][:5]]
    assert {"seccomp", "namespaces", "rootfs"} <= set(plan["layers"])
    assert any(step["name"] == "no-new-privileges" and step["wall"] for step in plan["steps"])
    assert len(lines) == len(plan["steps"]) + len(plan["layers"])


def test_names_of_the_plugins_choosing_are_shown_not_obeyed(jailpy: Any, folder: Path) -> None:
    """Escape sequences in a file name stay words, in an error and in a plan."""
    plugin = folder / "a\x1b[2Jb\n.py"
    done = jailpy("run", plugin)
    assert_refused(done, "\\x1b[2Jb\\n.py")
    plugin.write_text("pass")
    plan = jailpy("plan", plugin).stdout
    assert b"\\x1b[2Jb\\n.py" in plan
    assert b"\x1b" not in plan


def test_help_and_version(jailpy: Any) -> None:
    assert jailpy("--version").stdout.startswith(b"jailpy ")
    overview, run = jailpy("--help"), jailpy("run", "-h")
    assert (overview.returncode, run.returncode) == (0, 0)
    assert all(command in overview.stdout for command in (b"run", b"exec", b"plan", b"doctor"))
    assert b"--policy-digest" in run.stdout


def test_doctor_finds_that_a_jail_works_here(jailpy: Any) -> None:
    done = jailpy("doctor", "--json")
    report = json.loads(done.stdout)
    assert report["works"], report
    assert done.returncode == 0
    assert {"kernel", "namespaces", "inside", "system calls", "landlock", "cgroup", "interpreter", "jail"} <= {
        finding["topic"] for finding in report["findings"]
    }
    lines = jailpy("doctor").stdout.decode().splitlines()
    assert lines[-1].startswith("ok      jail:")


@pytest.mark.parametrize("command", [["plan", "-c", "1"], ["doctor"], ["--version"]])
@pytest.mark.parametrize("where", [">&-", ">/dev/full"])
def test_what_cannot_be_printed_is_an_error(
    caller: Caller, installed: Installed, command: list[str], where: str
) -> None:
    assert_refused(in_shell(caller, f'exec "$@" {where}', installed.command, *command), "standard output")


def test_reader_that_has_gone_ends_the_plan_quietly(caller: Caller, installed: Installed, show: Path) -> None:
    done = in_shell(caller, '{ "$@"; echo $? >&2; } | true', installed.command, "plan", show)
    assert done.stderr in (b"141\n", b"0\n")  # SIGPIPE, or true was slower than we are
