"""What this host says of itself fits together as the kernel promises."""

from __future__ import annotations

import os

from jailpy.kernel import host_facts


def test_a_controller_is_in_one_version_of_cgroups_only() -> None:
    tree = host_facts.tree()
    assert set(tree.version_1) & set(tree.controllers) == set()


def test_this_process_is_somewhere_in_the_tree() -> None:
    tree = host_facts.tree()
    assert os.path.isdir(f"{tree.mount}{tree.own}/")
