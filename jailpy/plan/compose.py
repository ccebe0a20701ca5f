"""Policy, Request and Host become a Plan: every step, in order, before anything happens."""

from __future__ import annotations

import os

from jailpy.errors import HostError, ProfileError
from jailpy.model.host import Host
from jailpy.model.interpreter import Interpreter
from jailpy.model.plan import Layer, Plan, Step
from jailpy.model.policy import Policy
from jailpy.model.request import Request
from jailpy.plan import birth, command, compiled, intake, narrowing, privilege, program, root


def compose(
    policy: Policy,
    request: Request,
    host: Host,
    interpreter: Interpreter,
    *,
    host_id: int,
    widened: tuple[tuple[str, str, str], ...] = (),
    without: frozenset[str] = frozenset(),
) -> Plan:
    """The Plan; ``without`` names steps that are left out, with all that need them (tests show what each is for)."""
    layers = judge_layers(policy, request, host)
    policy = compiled.in_force(policy)
    what = intake.program(request, policy)
    what = what._replace(files=(*what.files, *narrowing.files(policy.seccomp)))
    argv = command.command(what, policy, interpreter, host)
    environment = program.environment(policy, dict(os.environ))
    writable = tuple(share.tree.target for share in what.shares if share.writable)
    steps = [
        *birth.steps(policy, host, host_id),
        *root.steps(policy, host, host_id, interpreter, what),
        *privilege.steps(policy, host, writable),
        *compiled.steps(policy),
        *program.steps(environment),
        *program.execution(argv, environment),
        *program.supervision(policy, host, host_id),
    ]
    steps = compiled.with_programs(prune(steps, without), policy, host)
    return Plan(steps=tuple(steps), policy=policy, plugin=what.plugin, layers=layers, widened=widened, host_id=host_id)


def prune(steps: list[Step], without: frozenset[str]) -> list[Step]:
    """The steps less the named ones and all that need those."""
    gone = set(without)
    while True:
        more = {step.name for step in steps if gone.intersection(step.needs)} - gone
        if not more:
            return [step for step in steps if step.name not in gone]
        gone |= more


def judge_layers(policy: Policy, request: Request, host: Host) -> tuple[Layer, ...]:
    """What this host gives of each layer; a required one that is missing ends the run here."""
    wanted = {**dict(policy.layers), **dict.fromkeys(request.require, "required")}
    unknown = [name for name in request.require if name not in dict(policy.layers)]
    if unknown:
        raise ProfileError(
            f"--require: there is no layer {unknown[0]}", hint=f"the layers are {', '.join(dict(policy.layers))}"
        )
    found = []
    for name, will in wanted.items():
        layer = _layer(name, will, host)
        if layer.state != "on" and will == "required":
            raise HostError(
                f"layer {name} is required and this host does not give it: {layer.detail}", hint=HINTS.get(name, "")
            )
        found.append(layer)
    found.append(groups(host))
    return tuple(found)


HINTS = {
    "landlock": "boot with lsm=landlock,… (the kernel needs CONFIG_SECURITY_LANDLOCK), or ask for it as preferred",
    "cgroup": "ask for it as preferred: limits of single processes are then what holds",
}


def _layer(name: str, will: str, host: Host) -> Layer:
    if will == "off":
        return Layer(name=name, state="off", detail="switched off by the profile")
    if name == "landlock":
        if host.landlock == 0:
            return Layer(name=name, state="off", detail="the kernel has it not, or has it switched off")
        return Layer(name=name, state="on", detail=f"ABI {host.landlock}")
    if name == "cgroup":
        detail = "not used by this version: limits hold for each process, tasks for the whole jail, memory for neither"
        return Layer(name=name, state="fallback", detail=detail)
    return Layer(name=name, state="on", detail="")


def groups(host: Host) -> Layer:
    """Whether a jail keeps groups of its caller: an ordinary user cannot leave any behind."""
    others = [group for group in host.groups if group != host.gid]
    if host.uid == 0 or not others:
        return Layer(name="groups", state="on", detail="no supplementary group")
    import grp

    names = []
    for group in others:
        try:
            names.append(grp.getgrgid(group).gr_name)
        except KeyError:
            names.append(str(group))
    return Layer(name="groups", state="fallback", detail=f"kept: {', '.join(names)}")
