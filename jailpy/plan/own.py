"""What jailpy itself lives from: no jail may write it, and none may read what it keeps between runs."""

from __future__ import annotations

import os
import sys

from jailpy.errors import UsageError
from jailpy.model.interpreter import Mask
from jailpy.plan import cache, places
from jailpy.plan.contents import Contents
from jailpy.policy.lookup import folders
from jailpy.policy.paths import inside


def protect(contents: Contents) -> list[Mask]:
    """Refuse shares that would hand jailpy over, and cover what it keeps where that lies in one. Raises UsageError.

    Places count before they exist: a plugin that could make them would be believed by the next run.
    """
    kept = kept_places()
    needed = [*kept, *code_and_profiles()]
    covered = []
    for entry in contents.entries:
        source = entry.tree.source
        within = [place for place in kept if inside(source, place)]
        taken = [place for place in needed if entry.writable and _touch(place, source)]
        if taken or within:
            message = f"{source} cannot be shared: jailpy itself depends on {(*taken, *within)[0]}"
            raise UsageError(message, hint="share another folder, or one below it")
        target = entry.tree.target
        known = [place for place in kept if inside(place, source) and os.path.isdir(place)]
        covered += [Mask(path=target + place[len(source) :], kind="dir", module="") for place in known]
    return covered


def refuse_as_output(path: str) -> None:
    """Refuse a folder where files that a plugin named could come to be believed. Raises UsageError."""
    taken = next((place for place in (*kept_places(), *code_and_profiles()) if _touch(place, path)), "")
    if taken:
        message = f"--out {path}: jailpy itself depends on {taken}"
        raise UsageError(message, hint="name another folder, or one below it")


def kept_places() -> list[str]:
    """What is written between runs or about them: the cache, reports and audit log, the list of what runs."""
    lists = places.runtime()
    used = next((path for path in lists if os.path.isdir(os.path.dirname(path))), lists[-1])
    known = (cache.folder(), places.state(), used, *(path for path in lists if os.path.isdir(path)))
    return [os.path.realpath(place) for place in dict.fromkeys(known) if place]


def code_and_profiles() -> list[str]:
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    environment = os.path.dirname(os.path.dirname(os.path.abspath(sys.executable)))
    environments = (environment,) if os.path.exists(os.path.join(environment, "pyvenv.cfg")) else ()
    profiles = folders(os.geteuid(), os.environ.get("HOME"), os.environ.get("XDG_CONFIG_HOME"))
    code = (package, *environments, os.path.abspath(sys.argv[0]), os.path.dirname(os.__file__))
    return [os.path.realpath(place) for place in (*code, *profiles)]


def _touch(place: str, source: str) -> bool:
    return inside(place, source) or inside(source, place)
