"""Hosts that give less: made in namespaces of the test's own, so that the machine itself stays as it is."""

from __future__ import annotations

import os
from pathlib import Path
from subprocess import CompletedProcess

from jailpy.abi.syscalls import ARCHITECTURES
from tests.support.callers import Caller, run_as
from tests.support.installed import shareable_python
from tests.support.refusal import in_shell

_START = 'exec setpriv --ambient-caps -all --inh-caps -all "$@"'
_AS_USER = "exec unshare -Um --map-current-user --keep-caps sh -ec '{setup}' sh \"$@\""
# Root keeps all ids: a map that only a process outside can write, while the one inside waits for it.
_AS_ROOT = """
mkfifo gate
unshare -Um --keep-caps sh -ec 'read _ < gate; {setup}' sh "$@" &
child=$!
until [ "$(readlink /proc/$child/ns/user)" != "$(readlink /proc/$$/ns/user)" ]; do sleep 0.01; done
echo 0 0 4294967295 > /proc/$child/uid_map
echo 0 0 4294967295 > /proc/$child/gid_map
echo > gate
wait $child
"""


def in_user_namespace(caller: Caller, folder: Path, setup: str, *words: str | Path) -> CompletedProcess[bytes]:
    """Run ``words`` in a user and a mount namespace in which the shell line ``setup`` has been run with all rights."""
    script = (_AS_ROOT if caller.kind == "root" else _AS_USER).format(setup=f"{setup}; {_START}")
    return in_shell(caller, script, *words, cwd=folder)


def in_mount_namespace(caller: Caller, setup: str, *words: str | Path) -> CompletedProcess[bytes]:
    """Run ``words`` as the caller where ``setup``, a shell line without quotes, has made other mounts.

    Root makes them for everybody. Without root there must be a user namespace too, in which folders of root seem to
    belong to nobody.
    """
    if os.geteuid() != 0:
        return in_shell(caller, _AS_USER.format(setup=f"{setup}; {_START}"), *words)
    ids = [f"--reuid={caller.uid}", f"--regid={caller.gid}", "--clear-groups"]
    script = f'{setup}; exec setpriv "$@"'
    return run_as(caller._replace(uid=0, gid=0), ["unshare", "-m", "/bin/sh", "-ec", script, "sh", *ids, *words])


_FILTER = """
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
answers = [tuple(map(int, word.split(":"))) for word in sys.argv[1].split(",")]
code = struct.pack("=HBBI", 0x20, 0, 0, 0)  # the number
for number, answer in answers:
    code += struct.pack("=HBBI", 0x15, 0, 1, number) + struct.pack("=HBBI", 0x06, 0, 0, 0x00050000 | answer)
code += struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000)
held = ctypes.create_string_buffer(code)
program = struct.pack("@HP", len(code) // 8, ctypes.addressof(held))
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
    sys.exit(os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[2], sys.argv[2:])
"""


def under_filter(caller: Caller, answers: dict[str, int], *words: str | Path) -> CompletedProcess[bytes]:
    """Run ``words`` under a seccomp filter, as a service manager or a container sets one: call name → errno."""
    numbers = ARCHITECTURES[os.uname().machine]
    given = ",".join(f"{numbers[name]}:{answer}" for name, answer in answers.items())
    return run_as(caller, [shareable_python(), "-I", "-c", _FILTER, given, *words])
