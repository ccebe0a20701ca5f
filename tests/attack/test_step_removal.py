"""Every wall holds on its own, and each is needed: with it taken out, the attack that it stops succeeds."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from jailpy.kernel import landlock
from tests.attack.walls import arguments, births, calls, limits, privileges, roots, ties
from tests.attack.walls.arena import PROFILES, Attack, a_run, status
from tests.conftest import caller_of_kind
from tests.support.callers import Caller, kinds
from tests.support.installed import Installed

THEMES = (births, roots, limits, privileges, ties, calls, arguments)
ATTACKS = [attack for theme in THEMES for attack in theme.ATTACKS if attack.landlock <= landlock.version()]


CAPABILITIES = {"": None, "CAP_SETPCAP": 8, "CAP_SYS_RESOURCE": 24}


def can_start(attack: Attack) -> bool:
    """Whether the suite holds the capability that it takes to start a launcher as badly as the attack wants it."""
    number = CAPABILITIES[attack.starter]
    return number is None or bool(int(status(os.getpid(), "CapEff"), 16) & 1 << number)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each attack as each caller that can be played here; what only root can set up is tried where root is."""
    if "wall" not in metafunc.fixturenames:
        return
    only = metafunc.config.getoption("--caller")
    possible = [attack for attack in ATTACKS if can_start(attack)]
    cases = [(kind, a) for kind in ([only] if only else kinds()) for a in possible if kind in a.callers]
    metafunc.parametrize(("kind", "wall"), cases, ids=[f"{kind}-{attack.step}" for kind, attack in cases])


def test_wall_stops_an_attack_that_succeeds_without_it(
    kind: str, wall: Attack, shared_folder: Path, installed: Installed
) -> None:
    """With what shadows it removed it is refused; with the step removed too it succeeds. Both runs go to their end."""
    caller = caller_of_kind(kind, shared_folder)
    jail = partial(a_run, caller, installed.python, shared_folder, wall)
    with jail() as run:
        plan = run.plan()
    assert plan[wall.step]["wall"], "here it keeps nothing out"
    shadows = {*plan[wall.step]["shadows"], *wall.also} & plan.keys()
    with jail() as run:
        broke, saw, steps = run.go(shadows)
    assert not broke, f"{wall.step} is there and the attack succeeded: {saw}"
    assert not steps or wall.step in steps, "it went with what shadows it"
    with jail() as run:
        broke, saw, steps = run.go({*shadows, wall.step})
    assert broke, f"{wall.step} is removed and the attack was refused: {saw}"
    assert wall.step not in steps


@pytest.mark.parametrize("profile", PROFILES)
def test_every_wall_of_every_plan_has_its_attack(
    caller: Caller, profile: str, shared_folder: Path, installed: Installed
) -> None:
    """A wall that is new, or that no attack is written for, turns this red."""
    with a_run(caller, installed.python, shared_folder, Attack(step="", code="", profile=profile)) as run:
        walls = {name for name, step in run.plan().items() if step["wall"]}
    assert walls - {attack.step for attack in ATTACKS if caller.kind in attack.callers} == set()


@pytest.mark.parametrize("kind", kinds())
def test_no_attack_is_for_a_wall_that_no_plan_has(kind: str, shared_folder: Path, installed: Installed) -> None:
    caller = caller_of_kind(kind, shared_folder)
    walls: set[str] = set()
    for profile in PROFILES:
        with a_run(caller, installed.python, shared_folder, Attack(step="", code="", profile=profile)) as run:
            walls |= {name for name, step in run.plan().items() if step["wall"]}
    assert {attack.step for attack in ATTACKS if kind in attack.callers and not attack.starter} - walls == set()
