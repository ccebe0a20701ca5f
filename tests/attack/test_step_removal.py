"""Every wall holds on its own, and each is needed: with it taken out, the attack that it stops succeeds."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from jailpy.kernel import landlock
from tests.attack.walls import arguments, births, calls, cgroups, limits, privileges, roots, ties
from tests.attack.walls.arena import PROFILES, QUIET, Attack, a_run, judged, status
from tests.attack.walls.batch import Batches
from tests.conftest import caller_of_kind
from tests.support.callers import kinds
from tests.support.installed import Installed
from tests.support.strictly import controllers

CAPABILITIES = {"": None, "CAP_SETPCAP": 8, "CAP_SYS_RESOURCE": 24}
HERE = landlock.version()
THEMES = {
    module.__name__.rpartition(".")[2]: [attack for attack in module.ATTACKS if attack.landlock <= HERE]
    for module in (births, roots, limits, cgroups, privileges, ties, calls, arguments)
}
ATTACKS = {attack.step: (theme, attack) for theme, attacks in THEMES.items() for attack in attacks}


def can_start(attack: Attack) -> bool:
    """Whether the suite can set up what the attack wants: swap, or a launcher that is started badly."""
    number = CAPABILITIES[attack.starter]
    capable = number is None or int(status(os.getpid(), "CapEff"), 16) & 1 << number
    return bool(capable) and attack.swap <= free_swap()


def free_swap() -> int:
    """Bytes of swap that nobody uses."""
    lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("SwapFree:"))) << 10


def meets(kind: str, attack: Attack) -> bool:
    """Whether this caller's jails have such a step."""
    return kind in attack.callers and (not attack.controller or attack.controller in controllers(kind))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each step as each caller that can be played here; what only root can set up is tried where root is."""
    only = metafunc.config.getoption("--caller")
    played = [only] if only else kinds()
    if "step" not in metafunc.fixturenames:
        metafunc.parametrize("kind", played)
        return
    possible = [attack for _, attack in ATTACKS.values() if can_start(attack)]
    cases = [(kind, attack.step) for kind in played for attack in possible if meets(kind, attack)]
    metafunc.parametrize(("kind", "step"), cases)


@pytest.fixture
def batches(kind: str, shared_folder: Path, installed: Installed) -> Batches:
    """What this caller's runs came to."""
    return Batches(caller_of_kind(kind, shared_folder), installed.python, shared_folder)


def test_wall_stops_an_attack_that_succeeds_without_it(step: str, batches: Batches) -> None:
    """With what shadows it removed it is refused; with the step removed too it succeeds. Both runs go to their end."""
    theme, attack = ATTACKS[step]
    trial = tried_in_batch if attack.scene is QUIET else tried_alone
    (broke, saw, steps), (broke_without, saw_without, steps_without) = trial(batches, theme, attack)
    assert not broke, f"{step} is there and the attack succeeded: {saw}"
    assert broke_without, f"{step} is removed and the attack was refused: {saw_without}"
    assert not steps or step in steps, "it went with what shadows it"
    assert step not in steps_without


def tried_in_batch(batches: Batches, theme: str, attack: Attack) -> list[Any]:
    """The attack among others of its theme."""
    met = [each for each in THEMES[theme] if meets(batches.caller.kind, each)]
    runs = batches.runs(theme, met)[attack.step]
    with a_run(batches.caller, batches.python, batches.folder, attack) as run:
        return [judged(run, *ended) for ended in runs]


def tried_alone(batches: Batches, _: str, attack: Attack) -> list[Any]:
    """The attack in a scene of its own."""
    jail = partial(a_run, batches.caller, batches.python, batches.folder, attack)
    if attack.starter:  # how badly the launcher is started decides whether the step is a wall
        with jail() as run:
            assert run.plan()[attack.step]["wall"]
    ended = []
    for without in (batches.shadows(attack), batches.shadows(attack) | {attack.step}):
        with jail() as run:
            ended.append(run.go(without))
    return ended


def test_every_wall_of_every_plan_has_its_attack(kind: str, batches: Batches) -> None:
    """A wall that is new, or that no attack is written for, turns this red; so does an attack on what is none."""
    walls = {name for steps in batches.plans().values() for name, step in steps.items() if step["wall"]}
    attacked = {step for step, (_, attack) in ATTACKS.items() if meets(kind, attack)}
    assert walls - attacked == set()
    assert {step for step in attacked - walls if not ATTACKS[step][1].starter} == set()
    assert len(PROFILES) == len(batches.plans())
