"""What this host offers, layer by layer; what is missing, and the line that enables it."""

from __future__ import annotations

import errno
import os

from jailpy.errors import HostError, UsageError
from jailpy.kernel import host_facts, host_trial
from jailpy.launch import diagnose, host_ids, placement
from jailpy.launch.placement import Placement
from jailpy.model.record import Record
from jailpy.plan.compose import HINTS, groups
from jailpy.plan.interpreter.find import Search
from jailpy.report import cgroups
from jailpy.report.quote import for_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jailpy.kernel.host_trial import Trial
    from jailpy.model.host import Host
    from jailpy.model.plan import Layer

_PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_CALLS = "the kernel is older than 5.14, or a container's seccomp profile refuses it"


class Finding(Record):
    """state "ok": there; "missing": not there; "note": worth knowing, changes nothing; "risk": weakens a jail."""

    topic: str
    state: str
    text: str
    fix: str = ""


def examine(host: Host) -> tuple[Finding, ...]:
    """Everything but a whole jail. SIGCHLD must have its default action, and the process one thread."""
    namespaces = host_trial.each_namespace()
    return (
        Finding(topic="kernel", state="ok", text=f"Linux {host.release} on {host.architecture}"),
        *_namespaces(namespaces),
        *(() if namespaces[0].number else _inside(host)),
        *_tried("system calls", host_trial.system_calls(), _CALLS),
        _landlock(host),
        *_cgroup(host),
        *_settings(),
        *_interpreters(),
    )


def lines(findings: tuple[Finding, ...]) -> list[str]:
    """A line for each finding, and one for what enables it."""
    said = []
    for finding in findings:
        said.append(f"{finding.state:<8}{finding.topic}: {finding.text}")
        if finding.fix:
            said.append(f"{'':<8}→ {finding.fix}")
    return [for_terminal(line) for line in said]


def _inside(host: Host) -> list[Finding]:
    """What a jail of this caller does first, tried."""
    if host.uid:
        return [*_tried("inside", host_trial.inside(host.uid, host.gid), ""), _groups(host)]
    try:
        first, last = host_ids.configured()
    except HostError as error:
        return [Finding(topic="host ids", state="missing", text=error.message, fix=error.hint)]
    text = f"jails that root starts run as an id from {first} to {last}"
    return [*_tried("inside", host_trial.inside(first, first), ""), Finding(topic="host ids", state="ok", text=text)]


def _namespaces(trials: tuple[Trial, ...]) -> list[Finding]:
    refused = [trial for trial in trials if trial.number]
    given = ", ".join(trial.name for trial in trials if not trial.number)
    found = [Finding(topic="namespaces", state="ok", text=given)] if given else []
    for trial in refused:
        state = "note" if trial.name == "time" else "missing"
        fix = "" if trial.name == "time" else diagnose.blocked_by(host_facts.sysctl) or diagnose.CONTAINER
        found.append(Finding(topic="namespaces", state=state, text=_refusal(trial), fix=fix))
    return found


def _tried(topic: str, trials: tuple[Trial, ...], fix: str) -> list[Finding]:
    given = ", ".join(trial.name for trial in trials if not trial.number)
    found = [Finding(topic=topic, state="ok", text=given)] if given else []
    return found + [
        Finding(topic=topic, state=_weight(trial), text=_refusal(trial), fix=fix or _fix(trial))
        for trial in trials
        if trial.number
    ]


def _weight(trial: Trial) -> str:
    return "note" if trial.name in ("session keyring", "Landlock", "memfd_create", "seccomp notify") else "missing"


def _fix(trial: Trial) -> str:
    if trial.name == "proc":
        return diagnose.PROC
    if trial.name == "session keyring":
        return (
            "the jail keeps the caller's, and its filter refuses all use of it" if trial.number == errno.EDQUOT else ""
        )
    return diagnose.blocked_by(host_facts.sysctl) or diagnose.CONTAINER


def _refusal(trial: Trial) -> str:
    return f"{trial.name}: {os.strerror(trial.number)}"


def _landlock(host: Host) -> Finding:
    if host.landlock:
        return Finding(topic="landlock", state="ok", text=f"ABI {host.landlock}")
    return Finding(
        topic="landlock", state="note", text="the kernel has it not, or has it switched off", fix=HINTS["landlock"]
    )


def _cgroup(host: Host) -> list[Finding]:
    """What a jail of this caller gets, and each controller that it does not."""
    place = Placement(kind="none", note=host.cgroup_note) if host.cgroup_note else placement.look()
    state, names = ("ok", ", ".join(place.controllers)) if place.controllers else ("note", "none for a jail")
    found = [Finding(topic="cgroup", state=state, text=f"{place.note}: {names}")]
    gaps = cgroups.gaps(host_facts.tree(), place, host.uid)
    return [*found, *(Finding(topic="cgroup", state="note", text=text, fix=fix) for text, fix in gaps)]


def _groups(host: Host) -> Finding:
    kept = groups(host)
    if kept.state == "on":
        return Finding(topic="groups", state="ok", text=kept.detail)
    text = f"{kept.detail}; a plugin reads what these may read, where it is shared with it"
    return Finding(topic="groups", state="risk", text=text, fix="run jailpy as a user without them")


def _settings() -> list[Finding]:
    names = (*(setting for setting, _, _ in diagnose.SETTINGS), "kernel.yama.ptrace_scope")
    values = {name: host_facts.sysctl(name) for name in names}
    found = [
        Finding(topic="setting", state="note", text=f"{name} = {value}") for name, value in values.items() if value
    ]
    pattern = host_facts.sysctl("kernel.core_pattern")
    if pattern.startswith("|"):
        text = f"crashes are piped to {pattern[1:].split()[0]}; jails have RLIMIT_CORE = 1, which keeps them out"
        found.append(Finding(topic="setting", state="note", text=text))
    return found


def _interpreters() -> list[Finding]:
    found = []
    for wanted in ("auto", *_PYTHONS):
        try:
            found.append(f"{wanted} is {Search().program(wanted)}")
        except UsageError as error:
            if wanted == "auto":
                return [Finding(topic="interpreter", state="missing", text=error.message, fix=error.hint)]
    return [Finding(topic="interpreter", state="ok", text="; ".join(found))]


def of_failure(message: str, hint: str) -> Finding:
    """Why a jail under the default profile cannot be had here."""
    return Finding(topic="jail", state="missing", text=f"jailpy run fails: {message}", fix=hint)


def of_success(layers: tuple[Layer, ...], looked: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """That one works; and before it, where it had another cgroup than was found by looking, which."""
    promised = [finding.text for finding in looked if finding.topic == "cgroup" and finding.state == "ok"]
    had = [layer.detail for layer in layers if layer.name == "cgroup" and promised and layer.detail not in promised]
    found = [
        Finding(topic="cgroup", state="note", text=f"but a jail had another: {detail}", fix=cgroups.ANEW)
        for detail in had
    ]
    return (*found, Finding(topic="jail", state="ok", text="jailpy run works with the default profile"))
