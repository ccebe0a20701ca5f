"""What the shipped profiles promise."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from jailpy.model.policy import FilesystemPolicy, LimitsPolicy, NetworkPolicy, Policy, ProcessPolicy, PythonPolicy
from jailpy.policy.schema import SETTINGS
from jailpy.policy.shipped import GENERATIONS, data_dir, shipped_path

Use = Callable[[str], Policy]


@pytest.mark.parametrize("name", GENERATIONS)
def test_shipped_profile_loads_and_says_for_whom_it_is(name: str, use: Use) -> None:
    assert use(name).name == name
    with open(shipped_path(name), encoding="utf-8") as file:
        assert file.readline().startswith("# For ")


def test_every_shipped_profile_has_a_generation() -> None:
    assert {name.removesuffix(".toml") for name in os.listdir(data_dir()) if name.endswith(".toml")} == set(GENERATIONS)


def test_default_is_what_the_model_says_too(use: Use) -> None:
    """A profile that inherits nothing then differs from default in no surprising way."""
    policy = use("default")
    assert policy.python == PythonPolicy()
    assert policy.filesystem == FilesystemPolicy()
    assert policy.network == NetworkPolicy()
    assert policy.process == ProcessPolicy()
    assert policy.limits == LimitsPolicy()
    assert policy.widen == ("*",)


def test_strict_requires_every_layer_and_lets_nothing_be_widened(use: Use) -> None:
    policy = use("strict")
    assert {state for _, state in policy.layers} == {"required"}
    assert not policy.network.loopback
    assert policy.widen == ()


def test_strict_is_narrower_than_default_in_every_setting(use: Use) -> None:
    strict, default = use("strict"), use("default")
    for key, setting in SETTINGS.items():
        table, _, name = key.partition(".")
        field = name.replace("-", "_").replace(".", "_")
        if table in ("seccomp", "layers", "overrides"):
            continue
        old, new = getattr(getattr(default, table), field), getattr(getattr(strict, table), field)
        assert not setting.wider(old, new), key
    assert set(strict.seccomp.allow) <= set(default.seccomp.allow) | {"execveat"}


@pytest.mark.parametrize("call", ["socket", "connect", "sendfile", "fork", "vfork"])
def test_strict_starts_no_process_and_no_connection(call: str, use: Use) -> None:
    assert call not in use("strict").seccomp.allow


def test_strict_kills_what_tries_to_escape(use: Use) -> None:
    killed = {call for group in use("strict").seccomp.refuse if group.otherwise == "kill" for call in group.calls}
    assert {"mount", "unshare", "ptrace", "bpf"} <= killed


def test_numeric_has_memory_threads_and_numa(use: Use) -> None:
    policy = use("numeric")
    assert (policy.limits.memory, policy.limits.tasks) == (4 << 30, 256)
    assert {"mbind", "set_mempolicy", "get_mempolicy"} <= set(policy.seccomp.allow)
    assert not {"mbind", "set_mempolicy"} & set(use("default").seccomp.allow)
