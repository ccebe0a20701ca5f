"""Which interpreter is meant, and what is said when there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jailpy.errors import UsageError
from jailpy.plan.interpreter.discover import discover
from jailpy.plan.interpreter.stored import dump, restore

MAKE_VENV = "make the environment anew"


def refused(wanted: Path | str, **options: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        discover(str(wanted), **options)
    assert "\n" not in caught.value.message
    return caught.value


def fake(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def venv_with(folder: Path, config: str, debian: Path) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(config)
    (folder / "bin/python").symlink_to(debian)
    return folder / "bin/python"


def test_auto_is_the_base_interpreter_and_no_environment() -> None:
    found = discover("auto")
    assert os.path.realpath(found.executable) == os.path.realpath(sys._base_executable)  # type: ignore[attr-defined]
    assert found.version == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert not [tree for tree in found.trees if tree.target.startswith(sys.prefix) and sys.prefix != sys.base_prefix]


def test_auto_from_an_environment_is_the_base_interpreter(debian: Path, make_venv: Callable[..., Path]) -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1])\n"
    code += "from jailpy.plan.interpreter.discover import discover; print(discover('auto').executable)"
    python = make_venv(debian) / "bin/python"
    done = subprocess.run([python, "-I", "-c", code, os.getcwd()], capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()).resolve() == debian.resolve()
    assert done.stdout.startswith("/usr/bin/")


def test_version_is_looked_up_on_path_first(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f".:relative:/nowhere:{prefix}/bin")
    name = next(path.name for path in (prefix / "bin").iterdir() if "." in path.name)
    assert discover(name.removeprefix("python")).executable == f"{prefix}/bin/{name}"


@pytest.mark.parametrize("place", [".pyenv/versions/{}", ".local/share/uv/python/cpython-{}-linux-gnu"])
def test_version_is_looked_up_where_pyenv_and_uv_put_it(
    prefix: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    name = "python3.98"  # one that no machine has
    for patch in (9, 10, 2):
        folder = tmp_path / place.format(f"3.98.{patch}")
        (folder / "bin").mkdir(parents=True)
        (folder / "lib" / name).mkdir(parents=True)
        (folder / "lib" / name / "os.py").write_text("")
        (folder / "bin" / name).write_bytes((prefix / "bin/python3").read_bytes())
        (folder / "bin" / name).chmod(0o755)
    assert discover("3.98").executable == f"{tmp_path}/{place.format('3.98.10')}/bin/{name}"
    assert discover("3.98.2").executable == f"{tmp_path}/{place.format('3.98.2')}/bin/{name}"
    assert "no python3.98.3" in refused("3.98.3").message


def test_working_folder_never_decides(debian: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "python3").symlink_to(debian)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ".::/usr/bin")
    assert discover("python3").executable == "/usr/bin/python3"


def test_relative_path_is_taken_from_the_working_folder(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(prefix / "lib")
    assert discover("../bin/python3").executable == f"{prefix}/bin/python3"


@pytest.mark.parametrize(
    "wanted", ["", "3.x", "4.1", "pypy3", "py\0thon", "2.7", "3.97", "3.1.2.3", "3.", "python.", "-c"]
)
def test_what_is_no_version_or_not_there_is_refused(wanted: str) -> None:
    assert refused(wanted).hint


def test_files_that_are_no_interpreter_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "python", 0o755)
    assert "not an executable file" in refused(tmp_path / "python").message
    assert "not an executable file" in refused(tmp_path).message
    assert "a script" in refused(fake(tmp_path / "script")).message
    assert "No such file" in refused(tmp_path / "missing").message
    assert "not a Python interpreter" in refused("/bin/ls").message
    assert "not a Python interpreter" in refused(fake(tmp_path / "text", "hello")).message


def test_symlinks_that_lead_nowhere_are_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("missing")
    assert "symbolic links" in refused(tmp_path / "loop").message
    assert "No such file" in refused(tmp_path / "dangling").message


def test_paths_in_proc_are_refused() -> None:
    assert "/proc" in refused(f"/proc/{os.getpid()}/exe").message


def test_damaged_program_is_refused(debian: Path, tmp_path: Path) -> None:
    name = debian.resolve().name
    fake(tmp_path / "lib" / name / "os.py", "")
    assert "not a program for" in refused(fake(tmp_path / "bin" / name, "\x7fELF rubbish")).message


def test_standard_library_that_leads_out_of_its_prefix_is_refused(debian: Path, tmp_path: Path) -> None:
    name = debian.resolve().name
    fake(tmp_path / "private/os.py", "")
    (tmp_path / "prefix/lib").mkdir(parents=True)
    (tmp_path / "prefix/lib" / name).symlink_to(tmp_path / "private")
    assert "leads out of" in refused(fake(tmp_path / "prefix/bin" / name, "\x7fELF")).message


def test_old_pythons_are_refused(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "lib/python3.10").mkdir(parents=True)
    (tmp_path / "lib/python3.10/os.py").write_text("")
    (tmp_path / "bin").mkdir()
    old = tmp_path / "bin/python3.10"
    old.write_bytes((prefix / "bin/python3").read_bytes())
    old.chmod(0o755)
    assert "too old" in refused(old).message


def test_lone_binary_without_a_library_is_refused(debian: Path, tmp_path: Path) -> None:
    copy = tmp_path / "python3.99"
    copy.write_bytes(debian.read_bytes())
    copy.chmod(0o755)
    assert "no standard library" in refused(copy).message


def test_shim_of_a_version_that_lacks_the_program_names_one_that_has_it(prefix: Path, tmp_path: Path) -> None:
    root = tmp_path / "pyenv"
    shim = fake(root / "shims/python3")
    (root / "version").write_text("3.97.1\n")
    (root / "versions").mkdir()
    (root / "versions/3.98.1").symlink_to(prefix)
    assert "versions/3.98.1/bin/python3" in refused(shim).hint


def test_shim_ignores_versions_that_are_paths(prefix: Path, tmp_path: Path) -> None:
    root = tmp_path / "pyenv"
    shim = fake(root / "shims/python3")
    (root / "versions").mkdir()
    (root / "version").write_text(f"../../{prefix.name}\n{prefix}\n")
    assert "no version" in refused(shim).message


@pytest.mark.parametrize("home", ["relative/bin", "", "/nonexistent/bin", "/usr/\0bin"])
def test_environment_with_a_wrong_home_is_refused(debian: Path, tmp_path: Path, home: str) -> None:
    python = venv_with(tmp_path / "venv", f"home = {home}\n", debian)
    python.unlink()
    python.write_bytes(debian.read_bytes())  # a copy: no symlink tells more than home does
    python.chmod(0o755)
    assert refused(python).hint.endswith(MAKE_VENV)


def test_environments_in_a_circle_are_refused(debian: Path, tmp_path: Path) -> None:
    first = venv_with(tmp_path / "a", f"home = {tmp_path}/b/bin\n", debian)
    venv_with(tmp_path / "b", f"home = {tmp_path}/a/bin\n", debian)
    assert "circle" in refused(first).message


def test_environment_that_is_not_text_is_refused(debian: Path, tmp_path: Path) -> None:
    python = venv_with(tmp_path / "venv", "", debian)
    (tmp_path / "venv/pyvenv.cfg").write_bytes(b"home = \xff\n")
    assert "cannot be read" in refused(python).message


@pytest.mark.parametrize("lead", ["pyvenv.cfg", "lib/{name}/site-packages"])
def test_environment_that_leads_out_of_itself_is_refused(
    debian: Path, make_venv: Callable[..., Path], tmp_path: Path, lead: str
) -> None:
    venv = make_venv(debian)
    inside = venv / lead.format(name=debian.resolve().name)
    private = tmp_path / "private"
    inside.rename(private)
    inside.symlink_to(private)
    assert "leads out of" in refused(venv / "bin/python").message


def test_environment_of_another_interpreter_is_refused(
    debian: Path, prefix: Path, make_venv: Callable[..., Path]
) -> None:
    venv = make_venv(debian)
    error = refused(prefix / "bin/python3", venv=str(venv))
    assert str(debian.resolve()) in error.message
    version = debian.resolve().name.removeprefix("python")
    assert discover(version, venv=str(venv)) == discover("auto", venv=str(venv))


def test_folder_that_is_no_environment_is_refused(tmp_path: Path) -> None:
    assert "bin/python" in refused("auto", venv=str(tmp_path)).message


def test_nothing_of_the_interpreter_is_executed(prefix: Path) -> None:
    trace = "import os, sys; sys.path.insert(0, sys.argv[1])\nfrom jailpy.plan.interpreter.discover import discover\n"
    trace += "seen = []\nsys.addaudithook(lambda event, _: seen.append(event))\ndiscover(sys.argv[2])\n"
    trace += "print([e for e in seen if e.split('.')[0] in ('subprocess', 'import') or 'exec' in e or 'fork' in e])"
    command = [sys.executable, "-I", "-c", trace, os.getcwd(), prefix / "bin/python3"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_heavy_modules_are_not_imported() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from jailpy.plan.interpreter.discover import discover\ndiscover('auto')\n"
    )
    code += "print(sorted(set(sys.modules) & {'typing', 're', 'enum', 'pathlib', 'collections', 'json', 'difflib'}))"
    command = [os.path.realpath(sys.executable), "-I", "-S", "-c", code, os.getcwd()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_result_survives_being_kept(debian: Path) -> None:
    import marshal

    found = discover(str(debian), without=("sqlite3",))
    assert restore(marshal.loads(marshal.dumps(dump(found)))) == found


@pytest.mark.parametrize("plain", [None, (), ("a",) * 5, ("a", "b", 1, (), (), ())])
def test_what_is_no_kept_result_is_refused(plain: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        restore(plain)


def test_evidence_names_all_that_decided(debian: Path, make_venv: Callable[..., Path]) -> None:
    venv = make_venv(debian)
    name = debian.resolve().name
    evidence = discover(str(venv / "bin/python")).evidence
    for path in (f"{venv}/bin/python", f"{venv}/pyvenv.cfg", f"/usr/lib/{name}", f"/usr/lib/{name}/lib-dynload"):
        assert path in evidence
    assert {"/etc/ld.so.cache", f"{venv}/lib/{name}/site-packages"} <= set(evidence)
