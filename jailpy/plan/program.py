"""Steps of the plugin's own process, and those by which the launcher watches it."""

from __future__ import annotations

from jailpy.model.host import Host
from jailpy.model.plan import Step
from jailpy.model.policy import Policy
from jailpy.plan.steps import build, wall

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


def steps(variables: Variables) -> list[Step]:
    """The stage plugin."""
    stage, layer = "plugin", "namespaces"
    return [
        wall(
            stage,
            layer,
            "plugin-session",
            "the plugin leads a session and a process group of its own",
            "session",
            shadows=("session-own", "landlock-scope-signal"),
        ),
        wall(stage, layer, "environment-empty", "nothing of the caller's environment", "empty-environment"),
        build(stage, layer, "environment", ", ".join(name for name, _ in variables), "environment", variables),
        wall(stage, layer, "streams-own", "standard streams are pipes to the launcher", "streams"),
        wall(stage, layer, "descriptors-closed", "every other descriptor ends at execve", "close-descriptors"),
    ]


def execution(argv: tuple[str, ...], variables: Variables) -> list[Step]:
    """execve, the last step before the plugin's first byte."""
    text = " ".join(argv)
    return [build("plugin", "namespaces", "program-executed", text, "execute", argv, dict(variables)["PATH"])]


def environment(policy: Policy, host: dict[str, str]) -> Variables:
    """The plugin's environment: ours, then what is passed on, then what the profile and the command line set."""
    passed = tuple((name, host[name]) for name in policy.process.pass_env if name in host)
    return tuple({**dict(_BASE), **dict(passed), **dict(policy.process.env)}.items())


def supervision(policy: Policy, host: Host, host_id: int) -> list[Step]:
    """What the launcher and pid 1 do while the plugin runs."""
    limits = policy.limits
    layer = "supervision"
    found = [
        wall(
            "guard",
            layer,
            "launcher-watched",
            "pid 1 ends the jail when the launcher ends",
            "watch-launcher",
            shadows=("dies-with-launcher",),
        ),
    ]
    if limits.wall is not None:
        found.append(
            wall("guard", "limits", "limit-wall", f"the run ends after {limits.wall:g} s", "wall", limits.wall)
        )
    if limits.output is not None:
        found.append(
            wall("guard", "limits", "limit-output", f"{limits.output} bytes of output", "output", limits.output)
        )
    if host.uid == 0:
        text = f"the launcher itself runs on as {host_id}, without capabilities, under the same filter"
        needs = ("host-root-left",)  # it must go on being allowed to end the jail
        found.append(wall("supervise", layer, "launcher-unprivileged", text, "step-down", host_id, needs=needs))
    return found
