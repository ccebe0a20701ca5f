"""What a plugin can make a reader, a script or the next run believe (THREATS 33, 40, 43 to 47)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.attack.conftest import Attack, Jail
from tests.support.callers import Caller, run_as
from tests.support.installed import Installed


def nothing() -> object:
    return "ran"


@pytest.mark.parametrize("status", [0, 1, 124, 125, 126, 127, 137, 143, 255])
def test_exit_status_plays_another_outcome(jail: Jail, status: int) -> None:
    """A plugin can exit with every status; the report says that it did, and not what jailpy means by the number."""

    def plugin(word: str) -> object:
        os.write(2, b"jailpy: was stopped after 60 s (limits.wall)\n")
        os._exit(int(word))

    run = jail(plugin, status)
    assert run.done.returncode == status
    report = run.report
    assert (report["outcome"], report["exit_code"], report["signal"]) == ("error" if status else "ok", status, None)
    assert report["error"] is None


def test_output_passes_for_the_report(jail: Jail) -> None:
    """Lines and JSON like jailpy's own are the plugin's words; the report is made outside and is not touched."""

    def plugin() -> object:
        forged = b'{"schema": 1, "outcome": "ok", "status": 0, "layers": {}}\n'
        for fd in (1, 2):
            os.write(fd, b"jailpy: ok\n" + forged)
        for fd in range(3, 256):
            try:
                os.write(fd, forged)
            except OSError:
                continue
        sys.exit(3)

    run = jail(plugin)
    assert (run.report["outcome"], run.report["exit_code"], run.done.returncode) == ("error", 3, 3)
    assert run.report["layers"]["seccomp"]["state"] == "on"
    assert run.done.stdout.startswith(b"jailpy: ok\n")


def test_plugin_arguments_are_taken_for_options(attack: Attack) -> None:
    """All that follows PLUGIN is the plugin's, byte for byte."""

    def plugin(*words: str) -> object:
        return [word.encode("utf-8", "surrogateescape").hex() for word in words]

    words = ["--write", "/", "-p", "strict", "--", "-c", "import os", "--timeout=0", "", " ", "é", "\n", "-", "--help"]
    assert attack(plugin, *words) == [os.fsencode(word).hex() for word in words]


@pytest.mark.parametrize("name", ["default.toml", "strict.toml", "default", "strict"])
def test_profile_is_planted(caller: Caller, jail: Jail, folder: Path, name: str) -> None:
    """A profile in the working folder or in the caller's configuration never takes the place of a shipped one."""
    text = 'schema = 1\nname = "default"\n[limits]\nwall = "none"\n[layers]\nseccomp = "off"\nnamespaces = "off"\n'
    configuration = folder / "config/jailpy/profiles"
    configuration.mkdir(parents=True)
    for place in (folder / name, configuration / name):
        place.write_text(text)
        os.chown(place, caller.uid, caller.gid)
    env = {"XDG_CONFIG_HOME": str(folder / "config"), "HOME": str(folder)}
    for options in ((), ("-p", "default")):
        run = jail(nothing, options=options, env=env)
        assert run.saw() == "ran"
        assert run.report["layers"]["seccomp"]["state"] == "on"
        assert not run.report["profile"]["source"].startswith(str(folder))


def test_profile_is_not_the_callers_own(caller: Caller, jail: Jail, folder: Path) -> None:
    """A profile that others can write, or that is neither root's nor the caller's, is refused, under sudo too."""
    profiles = folder / "config/jailpy/profiles"
    profiles.mkdir(parents=True)
    planted = profiles / "mine.toml"
    planted.write_text('schema = 1\nname = "mine"\nextends = "default@1"\n')
    strangers = [(caller.uid, 0o666), (caller.uid, 0o662)]
    if os.geteuid() == 0:
        strangers.append((4242, 0o644))
    env = {"XDG_CONFIG_HOME": str(folder / "config")}
    for uid, mode in strangers:
        os.chown(planted, uid, -1)
        planted.chmod(mode)
        for name in ("mine", planted):
            run = jail(nothing, options=("-p", name), env=env)
            assert (run.report["outcome"], run.done.returncode, run.done.stdout) == ("profile-error", 125, b"")


def test_bare_word_means_the_current_folder(caller: Caller, installed: Installed, folder: Path) -> None:
    """A folder that has the name of an installed plugin is not run by that name."""
    plugin = folder / "weather"
    plugin.mkdir()
    (plugin / "__main__.py").write_text("print('planted')")
    done = run_as(caller, [installed.command, "run", "weather"], cwd=folder)
    assert (done.returncode, done.stdout) == (125, b"")
    assert b"weather" in done.stderr
    done = run_as(caller, [installed.command, "run", "./weather"], cwd=folder)
    assert (done.returncode, done.stdout) == (0, b"planted\n")


@pytest.mark.parametrize("name", ["\x1b[2J\x1b]0;title\x07", "a\rjailpy: ok", "line\nbreak", "bi\u202edi", "\udcff"])
def test_escape_codes_in_a_name_reach_the_terminal(
    caller: Caller, installed: Installed, folder: Path, name: str
) -> None:
    """Names of files, profiles and keys are quoted: no control character and no further line comes out."""
    profile = folder / "odd.toml"
    profile.write_text(
        f'schema = 1\nname = "x"\n"{name.encode("unicode_escape").decode()}" = 1\n'.replace("\\x", "\\u00")
    )
    os.chown(profile, caller.uid, caller.gid)
    (folder / "ok.py").write_text("pass")
    commands = [
        ["run", f"./{name}.py"],
        ["run", "-p", f"./{name}.toml", "./ok.py"],
        ["run", "-p", name, "./ok.py"],
        ["run", "-p", "./odd.toml", "./ok.py"],
        ["run", "--read", f"./{name}", "./ok.py"],
        ["run", "--limit", f"{name}=1", "./ok.py"],
    ]
    for command in commands:
        done = run_as(caller, [installed.command, *command], cwd=folder)
        assert done.returncode == 125, command
        assert done.stderr, command
        said = done.stderr.decode("utf-8")
        assert [c for c in said if not c.isprintable() and c != "\n"] == [], command
        assert all(line.startswith("jailpy: ") for line in said.splitlines()), command


def test_planted_modules_run_before_the_jail_is_closed(
    caller: Caller, installed: Installed, folder: Path, jail: Jail
) -> None:
    """sitecustomize, usercustomize, .pth files and modules with the names of jailpy's own are not run on the host."""
    mark = folder / "ran-on-the-host"
    code = f"import os\nos.close(os.open({str(mark)!r}, os.O_CREAT | os.O_WRONLY))\n"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = folder / f"home/.local/lib/{version}/site-packages"
    site.mkdir(parents=True)
    modules = [
        "sitecustomize",
        "usercustomize",
        "json",
        "os",
        "jailpy",
        "ctypes",
        "prctl",
        "typing",
        "encodings",
        "codecs",
    ]
    for place in (folder, site, folder / "home"):
        for module in modules:
            (place / f"{module}.py").write_text(code)
        (place / "planted.pth").write_text(f"import os; os.close(os.open({str(mark)!r}, os.O_CREAT))\n")
    startup = folder / "startup.py"
    startup.write_text(code)
    variables = {
        "PYTHONPATH": str(folder),
        "PYTHONSTARTUP": str(startup),
        "PYTHONHOME": "",
        "PYTHONUSERBASE": str(folder),
    }
    variables |= {
        "HOME": str(folder / "home"),
        "PYTHONINSPECT": "",
        "PYTHONBREAKPOINT": "json.x",
        "PYTHONWARNINGS": "error",
    }
    assert jail(nothing, env=variables).saw() == "ran"
    assert run_as(caller, [installed.command, "run", folder], env=variables, cwd=folder).returncode == 125
    assert not mark.exists()


def test_modules_beside_the_plugin_run_unfiltered(caller: Caller, installed: Installed, folder: Path) -> None:
    """Modules of a folder plugin are imported inside, under the filter; no start-up hook of it runs by itself."""
    plugin = folder / "tree"
    plugin.mkdir()
    status = "dict(line.split(':', 1) for line in open('/proc/self/status'))['Seccomp'].strip()"
    (plugin / "json.py").write_text(f"seen = {status}\n")
    for hook in ("sitecustomize", "usercustomize"):
        (plugin / f"{hook}.py").write_text("print('hook')\n")
    (plugin / "x.pth").write_text("import os; print('hook')\n")
    (plugin / "__main__.py").write_text("import json\nprint(json.seen, json.__file__)\n")
    done = run_as(caller, [installed.command, "run", plugin], cwd=plugin)
    assert (done.returncode, done.stdout) == (0, b"2 /plugin/json.py\n")
