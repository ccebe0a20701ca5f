"""``--out``: a folder /out of the jail's own, whose regular files are copied to the host when the jail is gone."""

from __future__ import annotations

import os
import stat

from jailpy.errors import UsageError
from jailpy.model.plan import Step
from jailpy.model.policy import FilesystemPolicy
from jailpy.model.record import Record
from jailpy.plan.shares import SharedTree
from jailpy.plan.steps import Section

PLACE = "/out"
_PREPARE = Section("prepare", "rootfs")
_INTO = Section("root", "rootfs", ("new-root",))
_SUPERVISE = Section("supervise", "supervision")


class Target(Record):
    """Where on the host the files go."""

    path: str
    identity: tuple[int, int]  # device and inode


def target(path: str, shares: tuple[SharedTree, ...]) -> Target:
    """Look at the folder. Raises UsageError where nothing can or may be written to it, or a share is in the way."""
    from jailpy.plan import own

    real = os.path.realpath(path)
    try:
        status = os.stat(real)
    except OSError as error:
        raise UsageError(f"--out {path}: {error.strerror}", hint=f"make it first: mkdir {path}") from error
    if not stat.S_ISDIR(status.st_mode):
        raise UsageError(f"--out {path}: is not a folder", hint="what the plugin leaves in /out is copied to a folder")
    if not os.access(real, os.W_OK | os.X_OK):
        raise UsageError(f"--out {path}: cannot be written to", hint="name a folder that you may make files in")
    own.refuse_as_output(real)
    for share in shares:
        if f"{share.tree.target}/".startswith(f"{PLACE}/"):
            message = f"--out {path}: {share.tree.source} is to appear at {share.tree.target} in the jail"
            raise UsageError(message, hint=f"show it elsewhere: {PLACE} is where the plugin leaves its files")
    return Target(path=real, identity=(status.st_dev, status.st_ino))


def steps(target: Target, filesystem: FilesystemPolicy) -> list[Step]:
    """An empty /out of the size of the other scratch folders, which the launcher has too, and what writes it out."""
    deliver = f"what the plugin leaves in {PLACE} is copied to {target.path}, by a process with its owner's rights"
    return [
        _PREPARE.build("out-delivered", deliver, "deliver", target.path, target.identity, filesystem.tmp),
        _INTO.build(f"mount-point {PLACE}", "dir", "mount-point", PLACE, "dir"),
        _INTO.build(f"scratch {PLACE}", "an empty tmpfs", "scratch", PLACE, "0755"),
        _INTO.build("out-handed", f"the launcher is sent {PLACE}", "hand-out", PLACE, needs=("out-delivered",)),
        _SUPERVISE.build("out-taken", f"the launcher has {PLACE}", "take-out", needs=("out-handed",)),
    ]
