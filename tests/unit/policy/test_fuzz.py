"""Whatever bytes a profile has, it is a policy or a ProfileError."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jailpy.errors import ProfileError
from jailpy.model.policy import Policy
from jailpy.policy.compiled import dump, restore
from jailpy.policy.load import load
from jailpy.policy.schema import LAYERS, SETTINGS

words = st.sampled_from(
    ["none", "1M", "5m", "50%", "/a", "/a:/b", "read", "required", "kill", "@python", "limits.*", "*"]
)
scalars = words | st.integers(-(1 << 70), 1 << 70) | st.booleans() | st.floats() | st.text(max_size=8)
keys = st.sampled_from(
    [
        *SETTINGS,
        "process.env.A",
        "seccomp.args.socket.domain",
        "seccomp.args.socket.else",
        "seccomp.args.ioctl.cmd",
        "name",
        "extends",
        "schema",
        "x.y",
    ]
)


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        plain = value.encode("utf-8", "replace").decode()
        return '"' + "".join(c if c.isalnum() or c in "/:@.*% " else f"\\U{ord(c):08x}" for c in plain) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return str(value)


def attempt(path: Path, data: bytes) -> Policy | ProfileError:
    path.write_bytes(data)
    path.chmod(0o644)
    try:
        return load(str(path), uid=os.geteuid(), home=None, config_home=None)
    except ProfileError as error:
        return error


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "p.toml"


def sound(outcome: Policy | ProfileError) -> None:
    if isinstance(outcome, ProfileError):
        assert outcome.message.isprintable()
        assert all(line.isprintable() for line in outcome.problems)
        return
    assert restore(dump(outcome)) == outcome
    assert tuple(layer for layer, _ in outcome.layers) == LAYERS


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_arbitrary_bytes(data: bytes, path: Path) -> None:
    sound(attempt(path, data))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(changes=st.dictionaries(keys, scalars | st.lists(scalars, max_size=3), max_size=5))
def test_any_value_for_any_key(changes: dict[str, object], path: Path) -> None:
    values = {"schema": 1, "extends": "default@1", **changes}
    sound(attempt(path, "".join(f"{key} = {toml(value)}\n" for key, value in values.items()).encode()))
