"""The setting that keeps users from user namespaces is named, whichever it is."""

from __future__ import annotations

import pytest

from jailpy.launch.diagnose import SETTINGS, blocked_by


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, value, _ in SETTINGS])
def test_setting_that_blocks_is_named(name: str, value: str) -> None:
    hint = blocked_by(lambda asked: value if asked == name else "")
    assert f"sysctl {name}=" in hint


def test_settings_that_allow_are_not_named() -> None:
    allowing = {"kernel.apparmor_restrict_unprivileged_userns": "0", "kernel.unprivileged_userns_clone": "1"}
    assert blocked_by(lambda asked: allowing.get(asked, "15000")) == ""
