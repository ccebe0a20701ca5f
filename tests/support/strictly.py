"""The shipped profile strict, for a caller whose jails may lack a layer that it requires."""

from __future__ import annotations

import os
from pathlib import Path

from jailpy.kernel import landlock
from jailpy.launch import placement
from tests.support.callers import Caller

COUNTED = placement.look().controllers


def controllers(kind: str) -> tuple[str, ...]:
    """What of a jail is limited as a whole. A user whom root plays has no systemd, and with it no cgroup."""
    return COUNTED if (kind == "root") == (os.geteuid() == 0) else ()


def is_whole(kind: str) -> bool:
    """Whether strict itself runs here; where not, only its other layers can be tried."""
    return landlock.version() > 0 and {"memory", "pids"} <= set(controllers(kind))


def strict(caller: Caller, folder: Path, *, widen: bool = False) -> tuple[str, str | Path]:
    """The options for strict; ``widen``: with its walls and limits, but other options may widen them."""
    if is_whole(caller.kind) and not widen:
        return ("-p", "strict")
    lines = ['schema = 1\nname = "strict-here"\nextends = "strict@1"']
    if not is_whole(caller.kind):
        lines.append('layers = { cgroup = "preferred", landlock = "preferred" }')
    if widen:
        lines.append('overrides = { widen = ["*"] }')
    profile = folder / f"strict-{os.getpid()}.toml"
    profile.write_text("\n".join([*lines, ""]), encoding="utf-8")
    os.chown(profile, caller.uid, caller.gid)
    return ("-p", profile)
