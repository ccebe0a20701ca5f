"""Steps of the plugin's own process, and those by which the launcher watches it."""

from __future__ import annotations

from jailpy.model.host import Host
from jailpy.model.plan import Step
from jailpy.model.policy import Policy
from jailpy.model.request import Request
from jailpy.plan.birth import INSIDE_ID
from jailpy.plan.steps import Section

_PLUGIN = Section("plugin", "namespaces")
_GUARD = Section("guard", "supervision")
_LIMITS = Section("guard", "limits")
_SUPERVISE = Section("supervise", "supervision")

TYPE_CHECKING = False
if TYPE_CHECKING:
    Variables = tuple[tuple[str, str], ...]

_BASE = (
    ("PATH", "/usr/local/bin:/usr/bin:/bin"),
    ("HOME", "/work"),
    ("TMPDIR", "/tmp"),
    ("USER", "plugin"),
    ("LOGNAME", "plugin"),
    ("LANG", "C.UTF-8"),
)


def steps(variables: Variables, *, terminal: bool) -> list[Step]:
    """The stage plugin."""
    streams = "a terminal of the jail's own" if terminal else "pipes to the launcher"
    taken = [_PLUGIN.build("terminal-taken", "it is the plugin's controlling terminal", "take-terminal")]
    return [
        _PLUGIN.wall(
            "plugin-session",
            "the plugin leads a session and a process group of its own",
            "own-session",
            shadows=("session-own", "landlock-scope-signal"),
        ),
        *(taken if terminal else ()),
        _PLUGIN.wall("environment-empty", "nothing of the caller's environment", "empty-environment"),
        _PLUGIN.build("environment", ", ".join(name for name, _ in variables), "environment", variables),
        _PLUGIN.wall("streams-own", f"standard streams are {streams}", "streams"),
        _PLUGIN.wall("descriptors-closed", "every other descriptor ends at execve", "close-descriptors"),
    ]


def environment(policy: Policy, host: dict[str, str], request: Request) -> Variables:
    """The plugin's environment: ours, then what is passed on, then what the profile and the command line set."""
    terminal = {"TERM": host.get("TERM", "dumb") if request.raw else "dumb"} if request.tty else {}
    passed = tuple((name, host[name]) for name in policy.process.pass_env if name in host)
    return tuple({**dict(_BASE), **terminal, **dict(passed), **dict(policy.process.env)}.items())


def supervision(policy: Policy, host: Host, host_id: int, leashes: tuple[int, ...] = ()) -> list[Step]:
    """What the launcher and pid 1 do while the plugin runs."""
    limits = policy.limits
    found = [
        _GUARD.wall(
            "launcher-watched",
            "pid 1 ends the jail when the launcher ends",
            "watch-launcher",
            shadows=("dies-with-launcher",),
        )
    ]
    if leashes:
        text = "the jail ends when the application that asked for it ends or gives it up"
        found.append(_GUARD.build("host-watched", text, "leash", leashes))
    if limits.wall is not None:
        found.append(_LIMITS.wall("limit-wall", f"the run ends after {limits.wall:g} s", "wall", limits.wall))
    if limits.cpu is not None:
        text = f"{limits.cpu:g} s of processor time for all processes together, looked at from outside"
        found.append(_LIMITS.wall("limit-cpu-whole", text, "cpu", limits.cpu))
    if limits.memory is not None and "memory" not in host.cgroup:  # there the kernel looks
        text = f"{limits.memory} bytes of memory for all processes together, looked at from outside"
        found.append(_LIMITS.wall("limit-memory", text, "memory", limits.memory))
    if limits.output is not None:
        more = "end the run" if limits.output_then == "kill" else "are dropped"
        text = f"{limits.output} bytes of output, more {more}"
        found.append(_LIMITS.wall("limit-output", text, "output", limits.output, limits.output_then))
    if host.uid == 0:
        text = f"the launcher itself runs on as {host_id}, without capabilities, under the same filter, splice aside"
        needs = ("host-root-left", "user-namespace-kept")  # it must go on ending the jail, and watching it
        found.append(_SUPERVISE.wall("launcher-unprivileged", text, "step-down", INSIDE_ID, INSIDE_ID, needs=needs))
    return found
