"""A host without a network, and without a compiler: all that pip needs comes from a bundle."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Caller
from tests.support.installing import lines, shell, tools_without_compiler

# A network namespace of its own, and none of pip's settings: nothing but the bundle is left.
OFFLINE = "env -u PIP_FIND_LINKS -u PIP_EXTRA_INDEX_URL -u PIP_INDEX_URL PIP_CONFIG_FILE=/dev/null unshare {} --net"


def offline(caller: Caller) -> str:
    return OFFLINE.format("" if caller.kind == "root" else "--user --map-current-user")


def test_bundle_installs_where_there_is_no_network(caller: Caller, checkout: Path, folder: Path) -> None:
    """The bundle holds python-prctl already built; what is installed from it runs a plugin."""
    done = shell(
        caller,
        checkout,
        f"""
        ./install.sh bundle wheels; ls wheels | grep -c '^python_prctl-.*-linux_.*[.]whl'
        export PATH={tools_without_compiler(folder)}
        {offline(caller)} ./install.sh --wheelhouse wheels run -c 'print("inside")'
        """,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert lines(done.stdout) == ["1", "inside"]


def test_incomplete_bundle_is_refused(caller: Caller, checkout: Path) -> None:
    """Nothing is fetched instead, and nothing half-made counts as installed."""
    install = f"{offline(caller)} ./install.sh --wheelhouse wheels"
    done = shell(caller, checkout, f'mkdir wheels; {install} || echo $?; find "$PREFIX" -name complete')
    assert lines(done.stdout) == ["125"]
    assert "the bundle must have been made from this version" in done.stderr.decode()


def test_bundle_that_is_not_there_is_refused(caller: Caller, checkout: Path) -> None:
    done = shell(caller, checkout, "./install.sh --wheelhouse nowhere || echo $?; ./install.sh bundle || echo $?")
    assert lines(done.stdout) == ["125", "125"]
    assert lines(done.stderr)[0] == "jailpy: --wheelhouse needs a folder of wheels"
