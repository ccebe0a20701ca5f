"""What jailpy itself lives from: no jail may write it, and none may read what it keeps between runs."""

from __future__ import annotations

import os
import sys

from jailpy.errors import UsageError
from jailpy.model.interpreter import Mask
from jailpy.plan import cache
from jailpy.plan.contents import Contents
from jailpy.policy.lookup import folders
from jailpy.policy.paths import inside


def protect(contents: Contents) -> list[Mask]:
    """Refuse shares that would hand jailpy over, and cover its cache where it lies in one. Raises UsageError.

    Places count before they exist: a plugin that could make them would be believed by the next run.
    """
    kept = os.path.realpath(cache.folder()) if cache.folder() else ""
    places = [kept, *_code_and_profiles()]
    covered = []
    for entry in contents.entries:
        source = entry.tree.source
        taken = next((place for place in places if place and entry.writable and _touch(place, source)), "")
        if taken or (kept and inside(source, kept)):
            message = f"{source} cannot be shared: jailpy itself depends on {taken or kept}"
            raise UsageError(message, hint="share another folder, or one below it")
        if kept and inside(kept, source) and os.path.isdir(kept):
            covered.append(Mask(path=entry.tree.target + kept[len(source) :], kind="dir", module=""))
    return covered


def _code_and_profiles() -> list[str]:
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    environment = os.path.dirname(os.path.dirname(os.path.abspath(sys.executable)))
    environments = (environment,) if os.path.exists(os.path.join(environment, "pyvenv.cfg")) else ()
    profiles = folders(os.geteuid(), os.environ.get("HOME"), os.environ.get("XDG_CONFIG_HOME"))
    code = (package, *environments, os.path.abspath(sys.argv[0]), os.path.dirname(os.__file__))
    return [os.path.realpath(place) for place in (*code, *profiles)]


def _touch(place: str, source: str) -> bool:
    return inside(place, source) or inside(source, place)
