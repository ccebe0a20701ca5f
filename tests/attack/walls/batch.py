"""Attacks that need nothing of the host are made one after the other, by one process: on a slow machine that counts."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.attack.walls.arena import PROFILES, QUIET, Attack, Run, a_run, read_ending
from tests.support.callers import Caller

BARE = Attack(step="", code="")
TURN = "the next attack:\n"


def together(attacks: list[Attack]) -> Attack:
    """Attacks on one jail from which nothing is removed, each from a process of its own."""
    code = "".join(
        f"print({TURN!r}, end='', flush=True)\nchild = os.fork()\nif child == 0:\n"
        f"    exec({attack.code!r}, dict(globals()))\n    os._exit(0)\nos.waitpid(child, 0)\n"
        for attack in attacks
    )
    return BARE._replace(code=code)


Plans = dict[str, dict[str, Any]]  # profile, step


class Batches:
    """What one caller's runs came to; the first worker of the suite to ask makes them, for all."""

    def __init__(self, caller: Caller, python: Path, shared_folder: Path) -> None:
        self.caller = caller
        self.python = python
        self.folder = shared_folder

    def plans(self) -> Plans:
        """The steps of the whole plan, by name, for each profile."""

        def make() -> Plans:
            orders = [(BARE._replace(profile=profile), set[str]()) for profile in PROFILES]
            ended = self._carry_out(orders, plan=True)
            return {profile: ending["steps"] for profile, (ending, _) in zip(PROFILES, ended, strict=True)}

        plans: Plans = self._once("plans", make)
        return plans

    def runs(self, theme: str, attacks: Iterable[Attack]) -> dict[str, Any]:
        """For each step that is attacked in a quiet scene: the ending and output with it, and without it."""

        def make() -> dict[str, Any]:
            quiet = [attack for attack in attacks if attack.scene is QUIET]
            whole = [
                attack for attack in quiet if attack._replace(step="", code="") == BARE and not self.shadows(attack)
            ]
            alone = [attack for attack in quiet if attack not in whole]
            orders = [(together(whole), set[str]()), *((a, self.shadows(a)) for a in alone)]
            orders += [(attack, self.shadows(attack) | {attack.step}) for attack in quiet]
            (ending, output), *ended = self._carry_out(orders)
            held = [*((ending, text) for text in output.split(TURN)[1:]), *ended[: len(alone)]]
            fell = dict(zip((attack.step for attack in quiet), ended[len(alone) :], strict=True))
            return {a.step: [holds, fell[a.step]] for a, holds in zip((*whole, *alone), held, strict=True)}

        runs: dict[str, Any] = self._once(theme, make)
        return runs

    def shadows(self, attack: Attack) -> set[str]:
        """The steps that are removed so that the attack meets this one alone."""
        plan = self.plans()[attack.profile]
        return {*plan[attack.step]["shadows"], *attack.also} & plan.keys()

    def _carry_out(self, orders: list[tuple[Attack, set[str]]], *, plan: bool = False) -> list[tuple[Any, str]]:
        with a_run(self.caller, self.python, self.folder, BARE) as run:
            places = [str(run.folder / f"{number}") for number in range(len(orders))]
            told = []
            for place, (attack, without) in zip(places, orders, strict=True):
                order = Run(self.caller, self.python, run.folder, attack).order(without, plan=plan)
                told.append({**order, "result": f"{place}.result", "output": f"{place}.output"})
            _, errors = run.start(told).communicate(timeout=30 * len(told))
            assert not errors, errors.decode(errors="replace")
            outputs = [Path(f"{place}.output").read_text(encoding="utf-8", errors="replace") for place in places]
            return [(read_ending(Path(f"{p}.result")), output) for p, output in zip(places, outputs, strict=True)]

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        file = self.folder / f"walls-{self.caller.kind}-{name}"
        with file.open("a+") as known:
            fcntl.flock(known, fcntl.LOCK_EX)
            known.seek(0)
            text = known.read() or json.dumps(make())
            if not known.tell():
                known.write(text)
        return json.loads(text)
