"""Each kind of interpreter, started in a root that holds only what was discovered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jailpy.model.interpreter import Interpreter
from jailpy.plan.interpreter.discover import discover
from tests.unit.interpreter.roots import answer_inside, answer_outside

MODULES = (
    "ssl, sqlite3, ctypes, decimal, lzma, bz2, zlib, zoneinfo, hashlib, asyncio, multiprocessing.shared_memory, "
    "readline, curses, uuid, xml.etree.ElementTree, socket, select, mmap, unicodedata, email, pkgutil, venv, os, sys"
)
PATHS = "[sys.executable, sys.prefix, sys.base_prefix, sys.version]"
FACTS = f"""{{
    "paths": {PATHS},
    "certificates": ssl.create_default_context().cert_store_stats()["x509_ca"],
    "zone": str(zoneinfo.ZoneInfo("Europe/Paris")),
    "packages": [m.name for m in pkgutil.iter_modules([path for path in sys.path if path.endswith("-packages")])],
}}"""


def check_in_root(interpreter: Interpreter, outside: Path, packages: list[str]) -> None:
    """It has all modules, certificates and time zones, the same paths as outside, and these packages alone."""
    facts = answer_inside(interpreter, FACTS, MODULES)
    assert facts["certificates"] > 0
    assert facts["zone"] == "Europe/Paris"
    assert facts["packages"] == packages
    assert facts["paths"] == answer_outside(outside, PATHS)


def test_base_interpreter_runs(base: Path) -> None:
    found = discover(str(base))
    check_in_root(found, base, packages=[])
    assert found.executable == str(base)
    assert found.version == base.resolve().name.removeprefix("python")


@pytest.mark.parametrize("option", ["--symlinks", "--copies"])
def test_venv_runs_by_its_own_path(base: Path, make_venv: Callable[..., Path], option: str) -> None:
    python = make_venv(base, option) / "bin/python"
    check_in_root(discover(str(python)), python, packages=["in_the_venv"])


def test_venv_by_option_is_the_same_as_by_path(debian: Path, make_venv: Callable[..., Path]) -> None:
    venv = make_venv(debian)
    assert discover("auto", venv=str(venv)) == discover(str(venv / "bin/python"))


def test_venv_with_system_packages_sees_them(conda: Path, make_venv: Callable[..., Path]) -> None:
    python = make_venv(conda / "bin/python", "--system-site-packages") / "bin/python"
    check_in_root(discover(str(python)), python, packages=["in_the_venv", "installed_in_base"])


def test_venv_without_system_packages_does_not_see_them(conda: Path, make_venv: Callable[..., Path]) -> None:
    python = make_venv(conda / "bin/python") / "bin/python"
    check_in_root(discover(str(python)), python, packages=["in_the_venv"])


def test_venv_of_a_venv_reached_through_a_symlink(base: Path, make_venv: Callable[..., Path], tmp_path: Path) -> None:
    inner = make_venv(make_venv(base, name="outer") / "bin/python", name="inner")
    link = tmp_path / "link"
    link.symlink_to(inner)
    check_in_root(discover(str(link / "bin/python")), link / "bin/python", packages=["in_the_venv"])


def test_prefix_in_a_closed_folder_runs(prefix: Path) -> None:
    check_in_root(discover(str(prefix / "bin/python3")), prefix / "bin/python3", packages=[])


def test_prefix_behind_the_symlink_of_its_minor_version_runs(
    prefix: Path, make_venv: Callable[..., Path], tmp_path: Path
) -> None:
    minor = tmp_path / "cpython-3-linux-gnu"
    minor.symlink_to(prefix)
    check_in_root(discover(str(minor / "bin/python")), minor / "bin/python", packages=[])
    venv = make_venv(minor / "bin/python")
    (venv / "pyvenv.cfg").write_text(f"home = {minor}/bin\n")  # as uv writes it
    check_in_root(discover(str(venv / "bin/python")), venv / "bin/python", packages=["in_the_venv"])


def test_prefix_with_relative_library_path_runs(conda: Path) -> None:
    found = discover(str(conda / "bin/python"))
    check_in_root(found, conda / "bin/python", packages=[])
    assert f"{conda}/lib/libpython{found.version}.so.1.0" in [tree.target for tree in found.trees]


def test_whole_installation_as_environment_shows_its_packages(conda: Path) -> None:
    check_in_root(discover("auto", venv=str(conda)), conda / "bin/python", packages=["installed_in_base"])


def test_base_usr_holds_the_host_programs_but_no_packages(base: Path) -> None:
    found = discover(str(base), base="usr")
    status = "subprocess.run(['/bin/true']).returncode"
    packages = "[m.name for m in pkgutil.iter_modules([path for path in sys.path if path.endswith('-packages')])]"
    assert answer_inside(found, f"[{status}, {packages}]", f"subprocess, {MODULES}") == [0, []]
    assert not [tree for tree in found.trees if tree.target.startswith("/usr/")]


def test_base_usr_finds_certificates_in_the_folder(debian: Path) -> None:
    found = discover(str(debian), base="usr")
    count = "len(os.listdir(ssl.get_default_verify_paths().capath))"
    assert answer_inside(found, count, "ssl, os") > 10


def test_pyenv_shim_leads_to_the_version_that_pyenv_would_take(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "pyenv"
    (root / "versions").mkdir(parents=True)
    (root / "versions/3.99.1").symlink_to(base.parent.parent)
    (root / "version").write_text("# chosen by hand\n3.98\n3.99\n")
    (root / "shims").mkdir()
    shim = root / "shims/python3"
    shim.write_text("#!/bin/sh\nexit 1\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PYENV_VERSION", "3.97.1")
    found = discover(str(shim))
    assert found.executable == f"{root}/versions/3.99.1/bin/python3"
    check_in_root(found, Path(found.executable), packages=[])
