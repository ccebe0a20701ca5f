"""The setting that keeps users from user namespaces is named, whichever it is."""

from __future__ import annotations

import errno

import pytest

from jailpy.launch.diagnose import SETTINGS, UNIT, blocked_by, diagnose
from jailpy.model.plan import Step


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, value, _ in SETTINGS])
def test_setting_that_blocks_is_named(name: str, value: str) -> None:
    hint = blocked_by(lambda asked: value if asked == name else "")
    assert f"sysctl {name}=" in hint


def test_settings_that_allow_are_not_named() -> None:
    allowing = {"kernel.apparmor_restrict_unprivileged_userns": "0", "kernel.unprivileged_userns_clone": "1"}
    assert blocked_by(lambda asked: allowing.get(asked, "15000")) == ""


@pytest.mark.parametrize(
    ("act", "stage", "number"),
    [
        ("namespace", "clone", errno.ENOSYS),
        ("deny-setgroups", "map", errno.EROFS),
        ("host-name", "identity", errno.EPERM),
        ("loopback", "identity", errno.EAFNOSUPPORT),
    ],
)
def test_a_unit_of_systemd_is_named_where_there_is_one(
    act: str, stage: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Step(name=act, stage=stage, layer="namespaces", act=act, arguments=(), text="")
    monkeypatch.delenv("INVOCATION_ID", raising=False)
    assert diagnose(step, number) != UNIT
    monkeypatch.setenv("INVOCATION_ID", "of a unit")
    assert diagnose(step, number) == UNIT
    assert diagnose(step, errno.EIO) != UNIT
