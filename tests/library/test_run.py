"""What jailpy.run returns for what a plugin does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# call, outcome, status, exit code, signal, standard output
ENDINGS = {
    "well": ('code="print(1)"', "ok", 0, 0, None, "1\n"),
    "exit-code": ('code="raise SystemExit(7)"', "error", 7, 7, None, ""),
    "exit-255": ('code="import os; os._exit(255)"', "error", 255, 255, None, ""),
    "looks-like-timeout": ('code="raise SystemExit(124)"', "error", 124, 124, None, ""),
    "exception": ('code="1/0"', "error", 1, 1, None, ""),
    "signal": ('code="import os; os.kill(os.getpid(), 15)"', "signal", 143, None, 15, ""),
    "timeout": ('code="import time as t; print(1, flush=1); t.sleep(9)", timeout=0.5', "timeout", 124, None, 15, "1\n"),
    "timeout-text": ('code="import time; time.sleep(60)", timeout="500ms"', "timeout", 124, None, 15, ""),
    "wall": ('code="import time; time.sleep(60)", limits={"wall": 0.5}', "timeout", 124, None, 15, ""),
    "memory": ('code="x = b\'x\' * (1 << 29); input()", stdin=os.pipe()[0], limits={"memory": "64M"}', "memory-limit",
               137, None, None, ""),
    "arguments": ('"a b", "", "-x", code="import sys; print(sys.argv[1:])"', "ok", 0, 0, None, "['a b', '', '-x']\n"),
    "odd-bytes": ('"\\udcff", code="import os, sys; print(os.fsencode(sys.argv[1]))"', "ok", 0, 0, None, "b'\\xff'\n"),
    "module": ('"-h", module="timeit"', "ok", 0, 0, None, None),
    "stdin": ('code="print(len(input()))", stdin=b"12345"', "ok", 0, 0, None, "5\n"),
    "stdin-empty": ('code="import sys; print(sys.stdin.read() == str())"', "ok", 0, 0, None, "True\n"),
    "stdin-unread": ('code="print(2)", stdin=bytes(10_000_000)', "ok", 0, 0, None, "2\n"),
    "stdin-closed": ('code="import os; os.close(0)", stdin=bytes(10_000_000)', "ok", 0, 0, None, ""),
    "program-on-stdin": ('"-", stdin=b"print(3)"', "ok", 0, 0, None, "3\n"),
    "env": ('code="import os; print(os.environ[\'A\'])", env={"A": "b=c"}', "ok", 0, 0, None, "b=c\n"),
    "env-clean": ('code="import os; print(\'SECRET\' in os.environ)"', "ok", 0, 0, None, "False\n"),
    "descriptors": ('code="import os; print(len(os.listdir(\'/proc/self/fd\')))"', "ok", 0, 0, None, "4\n"),
    "files": ('code="import resource as r; print(r.getrlimit(r.RLIMIT_NOFILE)[0])", limits={"open-files": 99}', "ok", 0,
              0, None, "99\n"),
}  # fmt: skip


@pytest.mark.parametrize("row", ENDINGS)
def test_ending_is_told_as_it_was(answers: Callable[..., dict[str, Any]], row: str) -> None:
    _, outcome, status, code, signal, stdout = ENDINGS[row]
    found = answers({name: f"jailpy.run({call})" for name, (call, *_) in ENDINGS.items()})[row]
    said = found["stdout"] if stdout is None else stdout
    expected = {"outcome": outcome, "status": status, "exit_code": code, "signal": signal, "stdout": said}
    assert found == {**expected, "stderr": found["stderr"]}
    assert said or stdout == ""
    assert ("ZeroDivisionError" in found["stderr"]) == bool(found["stderr"]) == (row == "exception")


def test_output_is_bytes_and_streams_stay_apart(told: Callable[..., Any]) -> None:
    found = told("""
        program = "import os; os.write(1, bytes(range(256)) * 1000); os.write(2, b'jailpy: forged\\\\n')"
        result = jailpy.run(code=program)
        tell([result.stdout == bytes(range(256)) * 1000, result.stderr])
    """)
    assert found == [True, "jailpy: forged\n"]


def test_much_passes_through_unharmed(told: Callable[..., Any]) -> None:
    found = told("""
        data = os.urandom(1 << 20) * 30
        program = "import os, sys\\nwhile data := os.read(0, 1 << 16): sys.stdout.buffer.write(data)"
        result = jailpy.run(code=program, stdin=memoryview(data).cast("I"), limits={"output": None})
        tell([result.outcome, result.stdout == data])
    """)
    assert found == ["ok", True]


def test_flood_takes_no_more_memory_than_its_limit(told: Callable[..., Any]) -> None:
    found = told("""
        result = jailpy.run(code="while True: print('x' * 100_000)", limits={"output": "1M"})
        tell([result.outcome, len(result.stdout)])
    """)
    assert found[0] == "output-limit"
    assert found[1] <= (1 << 20) + (1 << 18)


def test_open_file_is_standard_input(told: Callable[..., Any], folder: Path) -> None:
    (folder / "data").write_bytes(b"from a file")
    found = told("""
        with open("data", "rb") as file:
            given = (file, os.open("data", os.O_RDONLY))
            tell([jailpy.run(code="print(input())", stdin=stdin).stdout for stdin in given])
    """)
    assert found == ["from a file\n"] * 2


def test_files_are_shared_as_asked(told: Callable[..., Any], folder: Path) -> None:
    """A path relative to the application's folder stands at the same place below /work."""
    (folder / "data").mkdir()
    (folder / "data/in.txt").write_text("inside")
    found = told("""
        from pathlib import Path
        program = "import sys; print(open(sys.argv[1]).read())"
        tell([
            jailpy.run("data/in.txt", code=program, read="data").stdout,
            jailpy.run("data/in.txt", code=program, read=[Path("data")]).stdout,
            jailpy.run("/there/in.txt", code=program, read=(f"{os.getcwd()}/data:/there",)).stdout,
        ])
    """)
    assert found == ["inside\n"] * 3


def test_plugin_is_a_file_a_folder_or_a_module_of_a_tree(told: Callable[..., Any], folder: Path) -> None:
    (folder / "one.py").write_text("print('one')")
    (folder / "tree").mkdir()
    (folder / "tree/__main__.py").write_text("import other; print(other.word)")
    (folder / "tree/other.py").write_text("word = 'two'\nif __name__ == '__main__': print('three')")
    found = told("""
        from pathlib import Path
        plugins = ("./one.py", "one.py", Path("one.py"), Path("tree"), "./tree")
        tell([jailpy.run(plugin).stdout for plugin in plugins] + [jailpy.run(module="other", tree="tree").stdout])
    """)
    assert found == ["one\n", "one\n", "one\n", "two\n", "two\n", "three\n"]


def test_result_has_the_whole_report(told: Callable[..., Any]) -> None:
    found = told("""
        result = jailpy.run(code="print(12345)", labels={"job": "7", "who": "me"})
        tell({
            "report": result.report, "jail": result.jail, "wall_s": result.wall_s, "usage": result.usage,
            "limits": result.limits, "layers": result.layers, "denials": result.denials, "warnings": result.warnings,
            "ok": result.ok, "checked": result.check() is result, "repr": repr(result),
        })
    """)
    report = found["report"]
    assert {name: found[name] for name in ("jail", "wall_s", "usage", "limits", "layers", "denials", "warnings")} == {
        name: report[name] for name in ("jail", "wall_s", "usage", "limits", "layers", "denials", "warnings")
    }
    assert report["labels"] == {"job": "7", "who": "me"}
    assert found["usage"]["stdout_bytes"] == 6
    assert found["layers"]["seccomp"]["state"] == "on"
    assert found["ok"] is found["checked"] is True
    assert found["repr"].startswith("<Result ok: status=0, stdout=6 bytes, stderr=0 bytes, wall_s=0.")


def test_check_raises_with_the_result_and_the_last_words(told: Callable[..., Any]) -> None:
    """What the plugin wrote is quoted: a message ends up on terminals."""
    found = told("""
        def checked(**asked):
            result = jailpy.run(**asked)
            try:
                result.check()
            except jailpy.PluginError as error:
                return [str(error), error.result is result, isinstance(error, jailpy.JailError)]

        tell([checked(code="raise ValueError('\\\\x1b[2J')"), checked(code="import os; os.kill(os.getpid(), 9)")])
    """)
    assert found == [
        ["-c: error (exit code 1); it said last: ValueError: \\x1b[2J", True, False],
        ["-c: signal (signal 9)", True, False],
    ]


def test_names_are_there_when_they_are_asked_for(told: Callable[..., Any]) -> None:
    """``import jailpy`` itself imports nothing that the command line would pay for."""
    found = told("""
        heavy = [name for name in sys.modules if name.startswith("jailpy.")]
        from jailpy import HostError, JailError, PluginError, ProfileError, Result, SetupError, UsageError, arun, run
        try:
            jailpy.nonsense
        except AttributeError as error:
            tell([heavy, str(error), "run" in dir(jailpy), sorted(set(jailpy.__all__) - set(dir(jailpy)))])
    """)
    assert found == [[], "module 'jailpy' has no attribute 'nonsense'", True, []]


def test_results_and_errors_pass_between_processes(told: Callable[..., Any]) -> None:
    """As a pool of processes would pass them."""
    found = told("""
        import pickle
        result = jailpy.run(code="print(1); raise SystemExit(3)")
        errors = []
        for asked in ({"read": "/missing"}, {"profile": "missing"}, {"require": "cgroup"}):
            try:
                jailpy.run(code="", **asked)
            except jailpy.JailError as error:
                errors.append(error)
        try:
            result.check()
        except jailpy.PluginError as error:
            errors.append(error)
        again = pickle.loads(pickle.dumps([result, *errors]))
        tell([again[0] == result, [[type(error).__name__, str(error)] for error in again[1:]]
              == [[type(error).__name__, str(error)] for error in errors], [error.hint for error in again[1:4]]])
    """)
    assert found[:2] == [True, True]
    assert all(found[2])
