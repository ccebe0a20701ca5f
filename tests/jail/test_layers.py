"""What a profile says of layers and limits is done, refused, or named in the report: nothing is dropped silently."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from jailpy.kernel import landlock
from tests.conftest import Caller, must_run
from tests.support.reports import valid

Jailpy = Callable[..., subprocess.CompletedProcess[bytes]]


def profile(caller: Caller, folder: Path, *lines: str) -> Path:
    path = caller.home / f"{folder.name}.toml"
    path.write_text("\n".join(['schema = 1\nname = "mine"\nextends = "default@1"', *lines]))
    return path


@pytest.mark.parametrize("layer", ["namespaces", "rootfs", "capabilities", "no-new-privs", "seccomp"])
def test_layer_that_cannot_be_switched_off_is_not_reported_as_off(
    jailpy: Jailpy, caller: Caller, folder: Path, layer: str
) -> None:
    run = jailpy("run", "-p", profile(caller, folder, "[layers]", f'{layer} = "off"'), "-c", "print(1)")
    assert (run.returncode, run.stdout) == (125, b"")
    assert layer.encode() in run.stderr


@pytest.mark.parametrize(("require", "state"), [((), "off"), (("--require", "landlock"), "on")])
def test_layer_that_is_required_is_on_though_the_profile_has_it_off(
    jailpy: Jailpy, caller: Caller, folder: Path, require: tuple[str, ...], state: str
) -> None:
    """The report says the same as the steps that are carried out, which ``plan`` lists."""
    must_run(landlock.version() > 0, "this kernel has Landlock")
    mine = profile(caller, folder, "[layers]", 'landlock = "off"')
    report = folder / "report.json"
    assert jailpy("run", "-p", mine, *require, "--report", report, "-c", "pass").returncode == 0
    assert valid(report)["layers"]["landlock"]["state"] == state
    steps = jailpy("plan", "-p", mine, *require, "-c", "pass").stdout
    assert (b"landlock-enforced" in steps) == (state == "on")


def test_limits_that_nothing_enforces_are_named(jailpy: Jailpy, caller: Caller, folder: Path) -> None:
    mine = profile(caller, folder, "[limits]", 'cpu-quota = "50%"')
    report = folder / "report.json"
    assert jailpy("run", "-p", mine, "--report", report, "-c", "pass").returncode == 0
    told = valid(report)
    assert "swap is not limited; cpu-quota is not limited" in told["layers"]["cgroup"]["detail"]
