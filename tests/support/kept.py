"""What jailpy keeps of its runs, in folders of a test's own: root's places are fixed, so they are mounted over."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.support.callers import Caller, environment, run_as
from tests.support.installed import Installed
from tests.support.reports import valid

_MOUNTED = """
mkdir -p /var/lib/jailpy /run/jailpy
touch /run/jailpy/jails
mount --bind "$1/jailpy" /var/lib/jailpy
mount --bind "$2/jailpy/jails" /run/jailpy/jails
shift 2
exec "$@"
"""


class Kept:
    """``state`` has the reports and the audit log, ``runtime`` the list of what runs."""

    def __init__(self, caller: Caller, installed: Installed, folder: Path) -> None:
        self._caller, self._installed = caller, installed
        self.state, self.runtime = folder / "state/jailpy", folder / "runtime/jailpy"
        for place in (folder / "state", folder / "runtime"):
            place.mkdir()
            os.chown(place, caller.uid, caller.gid)
        if caller.kind == "root":
            self.state.mkdir(mode=0o700)
            self.runtime.mkdir(mode=0o755)
            (self.runtime / "jails").touch(0o600)

    def words(self, *words: object) -> list[str]:
        """The command line of jailpy with these words."""
        command = [self._installed.command, *words]
        if self._caller.kind == "root":
            start = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec", _MOUNTED, "sh"]
            command = [*start, self.state.parent, self.runtime.parent, *command]
        return [str(word) for word in command]

    @property
    def environment(self) -> dict[str, str]:
        return {"XDG_STATE_HOME": str(self.state.parent), "XDG_RUNTIME_DIR": str(self.runtime.parent)}

    def run(self, *words: object, **how: Any) -> subprocess.CompletedProcess[bytes]:
        """Run jailpy to its end."""
        env = self.environment | how.pop("env", {})
        return run_as(self._caller, self.words(*words), env=env, **how)

    def start(self, *words: object) -> subprocess.Popen[bytes]:
        """Start jailpy; the caller of this reads and ends it."""
        return self.start_words(self.words(*words))

    def start_words(self, words: list[str]) -> subprocess.Popen[bytes]:
        """The same for a whole command line."""
        rights = {"user": self._caller.uid, "group": self._caller.gid, "extra_groups": []} if os.geteuid() == 0 else {}
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            words,
            env=environment(self._caller) | self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            **rights,
        )

    def reports(self) -> list[dict[str, Any]]:
        """Those that are kept, the oldest first; each keeps to the schema."""
        return [valid(path) for path in sorted((self.state / "reports").glob("*.json"))]

    def audit(self) -> list[dict[str, Any]]:
        """The lines of the audit log; each must be whole."""
        return [json.loads(line) for line in (self.state / "audit.jsonl").read_bytes().splitlines()]
