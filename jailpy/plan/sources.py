"""Where a plan's two inputs come from: the profile and the interpreter, worked out or remembered."""

from __future__ import annotations

import os
import sys

from jailpy.model.host import Host
from jailpy.model.interpreter import Interpreter
from jailpy.model.policy import Policy
from jailpy.plan import cache
from jailpy.plan.interpreter import stored
from jailpy.policy import compiled, shipped


def policy(name: str, host: Host) -> Policy:
    """The effective policy of a profile. Shipped ones are remembered; of others trust is looked at each time."""
    key = place(name) if name.partition("@")[0] in shipped.GENERATIONS else ""
    known = cache.load(key) if key else None
    if known is not None:
        return compiled.restore(known)
    from jailpy.policy.load import load

    found = load(name, uid=host.uid, home=os.environ.get("HOME"), config_home=os.environ.get("XDG_CONFIG_HOME"))
    if key:
        cache.store(key, compiled.dump(found), compiled.evidence(found))
    return found


def place(name: str) -> str:
    """The key under which the policy of a shipped profile is remembered."""
    return cache.key("policy", name, shipped.data_dir())


def evidence(policy: Policy, interpreter: Interpreter) -> tuple[str, ...]:
    """The files that both came from."""
    return (*compiled.evidence(policy), *interpreter.evidence)


def interpreter(wanted: str, policy: Policy) -> Interpreter:
    """The interpreter that a run uses, ``wanted`` before the profile's."""
    python = policy.python
    name = wanted or python.interpreter
    base = getattr(sys, "_base_executable", sys.executable)
    asked = (name, python.venv, python.without, policy.filesystem.base)
    place = cache.key("interpreter", asked, base, os.environ.get("PATH"), os.environ.get("HOME"), os.geteuid())
    known = cache.load(place)
    if known is not None:
        return stored.restore(known)
    from jailpy.plan.interpreter.discover import discover

    found = discover(name, venv=python.venv, without=python.without, base=policy.filesystem.base)
    cache.store(place, stored.dump(found), found.evidence)
    return found
