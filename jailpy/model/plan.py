"""Step and Plan: how a jail is made on this host, complete before anything happens."""

from __future__ import annotations

from jailpy.model.policy import Policy
from jailpy.model.record import Record

STAGES = (
    "prepare",  # by the launcher, before the child is born
    "clone",  # the namespaces that it is born into
    "map",  # by the launcher: whose ids the child has
    "identity",  # by the child, pid 1, from here on
    "root",
    "limits",
    "close",
    "plugin",  # by pid 1 too: how the process of the plugin is born
    "guard",  # what the launcher watches
    "supervise",  # by the launcher, before the plugin starts
)


class Step(Record):
    """One thing that is done to make a jail. ``wall`` steps keep the plugin in; the others only build.

    shadows: steps that also stop the attack which this one stops; with them in place its removal does not show.
    needs: steps without which this one cannot be carried out.
    """

    name: str
    stage: str
    layer: str
    act: str  # what carries it out: a key of the tables in jailpy.launch.stages
    arguments: tuple[object, ...]
    text: str
    wall: bool = False
    shadows: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    soft: bool = False  # a refusal by the kernel is reported and does not end the run

    def describe(self) -> str:
        """One line for ``jailpy plan``."""
        return f"{self.stage:<9}{self.name}: {self.text}"


class Layer(Record):
    name: str
    state: str  # "on" | "off" | "fallback"
    detail: str


class Plugin(Record):
    name: str
    path: str  # "" for code given on the command line
    sha256: str  # "" for a folder


class Plan(Record):
    steps: tuple[Step, ...]
    policy: Policy  # in force here; its seccomp rules are steps, and stand in these alone
    plugin: Plugin
    layers: tuple[Layer, ...]
    widened: tuple[tuple[str, str, str], ...]  # key, from, to
    host_id: int  # the id outside that the jail's own id maps to
    stdin: str = ""  # the file that is the plugin's standard input; "": the caller's
    raw: bool = False  # a terminal obeys all that the plugin writes
    tty: bool = False  # the plugin has a terminal of its own
