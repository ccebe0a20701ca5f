"""A policy survives being put away, and its digest is of what it permits."""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from jailpy.model.policy import Condition, Policy
from jailpy.policy.compiled import dump, evidence, restore
from jailpy.policy.override import override
from jailpy.policy.shipped import GENERATIONS, sets_dir

Heir = Callable[[str], Policy]
Use = Callable[[str], Policy]


@pytest.mark.parametrize("name", GENERATIONS)
def test_round_trip_through_marshal_is_exact(name: str, use: Use) -> None:
    policy = use(name)
    again = restore(marshal.loads(marshal.dumps(dump(policy))))
    assert again == policy
    assert repr(again) == repr(policy), "the kinds of the records inside are the same too"


def test_conditions_come_back_as_records(use: Use) -> None:
    policy = restore(dump(use("default")))
    conditions = [test for rule in policy.seccomp.rules for _, tests in rule.conditions for test in tests]
    assert conditions
    assert {type(condition) for condition in conditions} == {Condition}


def test_digest_does_not_depend_on_names_and_files(heir: Heir, use: Use) -> None:
    assert heir("").sha256 == use("default").sha256
    assert heir('name = "other"\n').sha256 == use("default").sha256


def test_digest_depends_on_everything_else(heir: Heir, use: Use) -> None:
    texts = ("[limits]\ntasks = 63\n", '[seccomp]\nremove = ["sendfile"]\n', "[overrides]\nwiden = []\n")
    digests = {heir(text).sha256 for text in texts} | {use(name).sha256 for name in GENERATIONS}
    assert len(digests) == 6
    assert all(len(digest) == 64 for digest in digests)


def test_digest_is_that_of_the_keys_that_are_set(heir: Heir, use: Use) -> None:
    """So that the keys of a later version change none that somebody has pinned."""
    unset = '[limits]\nmemory-high = "none"\ncpu-weight = "none"\ncpus = "none"\ncgroup-parent = ""\n'
    assert heir(unset).sha256 == use("default").sha256
    for line in ('memory-high = "1M"', "cpu-weight = 1", 'cpus = "0"', 'cgroup-parent = "/a"', 'swap = "none"'):
        assert heir(f"[limits]\n{line}\n").sha256 != use("default").sha256


def test_digest_is_the_same_in_another_process(use: Use) -> None:
    """Whatever the seed of the hash is."""
    code = "from jailpy.policy.load import load; print(load('strict', uid=0, home=None, config_home=None).sha256)"
    root = os.path.dirname(sys.modules["jailpy"].__path__[0])
    environment = {"PYTHONPATH": root, "PYTHONHASHSEED": "1"}
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == use("strict").sha256


def test_digest_after_a_change_is_that_of_the_same_profile(heir: Heir, use: Use) -> None:
    policy, _ = override(use("default"), (("limits.tasks", 9),))
    assert policy.sha256 == heir("[limits]\ntasks = 9\n").sha256


def test_evidence_is_the_chain_and_the_sets(heir: Heir) -> None:
    policy = heir("")
    files = evidence(policy)
    assert files[:3] == (*policy.chain, sets_dir())
    assert len(files) > 3
    assert all(os.path.exists(path) for path in files)


def test_what_a_run_imports_is_light() -> None:
    """Each of these modules costs milliseconds of every start; a policy from the cache needs none."""
    root = os.path.dirname(sys.modules["jailpy"].__path__[0])
    code = f"""
import sys
sys.path.insert(0, {root!r})
import jailpy.policy.compiled, jailpy.policy.load, jailpy.policy.lookup, jailpy.policy.override, jailpy.policy.paths
jailpy.policy.lookup.locate("default", ())
heavy = "typing re enum dataclasses json inspect pathlib collections argparse tomllib hashlib difflib ctypes"
print(*sorted(set(heavy.split()) & set(sys.modules)))
"""
    told = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == []
