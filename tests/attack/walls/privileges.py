"""Attacks on capabilities, no_new_privs, and the Landlock rights that are not of files."""

from __future__ import annotations

import socket

from tests.attack.walls.arena import Attack, Run, Scene
from tests.attack.walls.births import CONNECT, Listener

PRCTL = 'saw = call("prctl", {}, {}, 0, 0, 0)\n'
FROM_STATUS = """
with open("/proc/self/status") as file:
    saw = next(line.split()[1] for line in file if line.startswith("{}:"))
finish(int(saw, 16), saw)
"""
# execve takes the capabilities of all but pid 1, so it is pid 1 whose sets are looked at (capget(2)).
OF_PID_1 = """
data = (ctypes.c_uint32 * 6)()
saw = call("capget", (ctypes.c_uint32 * 2)(0x20080522, 1), data)
finish(saw == 0 and data[{0}] | data[{0} + 3], (saw, list(data)))
"""


class Caller(Scene):
    """Root starts the launcher with a capability that is to be inherited."""

    def prepare(self, run: Run) -> None:
        become = ["--reuid", str(run.caller.uid), "--regid", str(run.caller.gid), "--clear-groups"]
        run.prefix = ["setpriv", *become, "--inh-caps", "+net_raw", "--ambient-caps", "+net_raw"]


class Abstract(Scene):
    """A service of the host at an abstract address, which belongs to its network namespace."""

    def prepare(self, run: Run) -> None:
        run.given["ADDRESS"] = name = f"\0jailpy-{run.folder.name}"
        service = run.afterwards.enter_context(socket.socket(socket.AF_UNIX))
        service.bind(name)
        service.listen()


TO_ABSTRACT = "finish(*tried(socket.socket(socket.AF_UNIX).connect, ADDRESS))\n"
BIND = 'finish(*tried(socket.socket().bind, ("127.0.0.1", 4567)))\n'
ENTROPY = """
import fcntl
with open("/dev/urandom", "rb") as file:
    finish(*tried(fcntl.ioctl, file, 0x80045200, bytes(4)))  # RNDGETENTCNT
"""

ATTACKS = (
    # What these three give is only ever used by programs with capabilities or setuid bits, of which a jail has none.
    Attack("securebits-locked", PRCTL.format(27, 0) + "finish(saw != 0xEF, saw)\n"),
    Attack("bounding-set-empty", FROM_STATUS.format("CapBnd")),
    Attack("no-new-privileges", PRCTL.format(39, 0) + "finish(saw != 1, saw)\n"),
    Attack("capability-permitted", OF_PID_1.format(1)),
    Attack("capability-effective", OF_PID_1.format(0)),
    Attack("capability-inheritable", FROM_STATUS.format("CapInh"), Caller(), starter="CAP_SETPCAP"),
    Attack("ambient-set-empty", FROM_STATUS.format("CapAmb"), Caller(), starter="CAP_SETPCAP"),
    Attack("landlock-scope-abstract", TO_ABSTRACT, Abstract(), landlock=6),
    Attack("landlock-connect-tcp", CONNECT, Listener(), profile="offline", landlock=4),
    Attack("landlock-bind-tcp", BIND, profile="offline", landlock=4),
    Attack("landlock-ioctl-device", ENTROPY, landlock=5),
    Attack("seccomp-network-off", "finish(*tried(socket.socket))\n", profile="offline"),
)
