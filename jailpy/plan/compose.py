"""Policy, Request and Host become a Plan: every step, in order, before anything happens."""

from __future__ import annotations

import os

from jailpy.errors import HostError, ProfileError
from jailpy.model.host import Host
from jailpy.model.interpreter import Interpreter
from jailpy.model.plan import Layer, Plan, Step
from jailpy.model.policy import Policy, SeccompPolicy
from jailpy.model.request import Request
from jailpy.plan import birth, command, compiled, group, intake, narrowing, plugin, privilege, program, root


def compose(
    policy: Policy,
    request: Request,
    host: Host,
    interpreter: Interpreter,
    what: intake.Program,
    *,
    host_id: int,
    widened: tuple[tuple[str, str, str], ...] = (),
    without: frozenset[str] = frozenset(),
) -> Plan:
    """The Plan; ``without`` names steps that are left out, with all that need them (tests show what each is for)."""
    policy = compiled.in_force(with_required(policy, request), terminal=request.tty, counted="memory" in host.cgroup)
    layers = judge_layers(policy, host)
    traced = what.kind != "program" and group.is_traced(policy, host)
    what = what._replace(files=(*what.files, *narrowing.files(policy.seccomp, traced=traced)), terminal=request.tty)
    if request.out:
        from jailpy.plan import out

        what = what._replace(out=out.target(request.out, what.shares))
    argv = command.command(what, policy, interpreter, host)
    environment = program.environment(policy, dict(os.environ), request)
    writable = (*(share.tree.target for share in what.shares if share.writable), *(("/out",) if what.out else ()))
    steps = [
        *group.steps(policy, host, traced=traced),
        *birth.steps(policy, host, host_id),
        *root.steps(policy, host, host_id, interpreter, what),
        *privilege.steps(policy, host, writable),
        *compiled.steps(policy),
        *program.steps(environment, terminal=request.tty),
        plugin.execution(argv, dict(environment)["PATH"]),
        *program.supervision(policy, host, host_id, request.leashes),
    ]
    steps = compiled.with_programs(prune(steps, without), policy, host, terminal=request.tty)
    return Plan(
        steps=tuple(steps),
        policy=policy._replace(seccomp=SeccompPolicy(), origins=()),  # the rules are steps by now
        plugin=what.plugin,
        layers=layers,
        widened=widened,
        host_id=host_id,
    )


def prune(steps: list[Step], without: frozenset[str]) -> list[Step]:
    """The steps less the named ones and all that need those."""
    gone = set(without)
    while True:
        more = {step.name for step in steps if gone.intersection(step.needs)} - gone
        if not more:
            return [step for step in steps if step.name not in gone]
        gone |= more


def with_required(policy: Policy, request: Request) -> Policy:
    """The policy with what --require asks for: a layer that the profile has switched off is on again."""
    unknown = [name for name in request.require if name not in dict(policy.layers)]
    if unknown:
        raise ProfileError(
            f"--require: there is no layer {unknown[0]}", hint=f"the layers are {', '.join(dict(policy.layers))}"
        )
    wanted = {**dict(policy.layers), **dict.fromkeys(request.require, "required")}
    return policy._replace(layers=tuple(wanted.items()))


def judge_layers(policy: Policy, host: Host) -> tuple[Layer, ...]:
    """What this host gives of each layer; a required one that is missing ends the run here."""
    found = []
    for name, will in policy.layers:
        if will == "off" and name not in _OPTIONAL:
            message = f"the profile {policy.name} switches {name} off, which this version cannot do"
            raise ProfileError(message, hint=f"only {' and '.join(_OPTIONAL)} can be switched off")
        layer = _layer(name, will, policy, host)
        if layer.state != "on" and will == "required":
            raise HostError(
                f"layer {name} is required and this host does not give it: {layer.detail}", hint=HINTS.get(name, "")
            )
        found.append(layer)
    found.append(groups(host))
    return tuple(found)


_OPTIONAL = ("landlock", "cgroup")
HINTS = {
    "landlock": "boot with lsm=landlock,… (the kernel needs CONFIG_SECURITY_LANDLOCK), or ask for it as preferred",
    "cgroup": "jailpy doctor prints the line that gives it; or ask for it as preferred, and read what does not hold",
}


def _layer(name: str, will: str, policy: Policy, host: Host) -> Layer:
    if will == "off":
        return Layer(name=name, state="off", detail="switched off by the profile")
    if name == "landlock":
        if host.landlock == 0:
            return Layer(name=name, state="off", detail="the kernel has it not, or has it switched off")
        return Layer(name=name, state="on", detail=f"ABI {host.landlock}")
    return _cgroup(policy, host) if name == "cgroup" else Layer(name=name, state="on", detail="")


WATCHED = ("memory", "tasks")  # what other layers limit where no cgroup does


def _cgroup(policy: Policy, host: Host) -> Layer:
    """What of the jail as a whole the kernel limits, and what it does not."""
    missing = {key: needs for key, needs in group.wanted(policy.limits).items() if needs not in host.cgroup}
    unlimited = "".join(
        f"; {key} is not limited{f' (no controller {needs})' if host.cgroup else ''}"
        for key, needs in missing.items()
        if key not in WATCHED
    )
    if policy.python.memory_traceback and "memory" not in host.cgroup:
        unlimited += "; no traceback when memory runs short"
    if "memory" in host.cgroup and not missing:
        return Layer(name="cgroup", state="on", detail=f"{host.cgroup_note}: {', '.join(host.cgroup)}")
    if "memory" in host.cgroup:
        unwatched = "; tasks are limited by user namespace (no controller pids)" if "tasks" in missing else ""
        detail = f"{host.cgroup_note}: {', '.join(host.cgroup)}{unwatched}{unlimited}"
        return Layer(name="cgroup", state="fallback", detail=detail)
    detail = "limits of each process, and a watch that looks at the whole jail from time to time and does not see"
    unseen = "memory of pipes, sockets and the kernel, nor shared memory that no process maps or has open"
    return Layer(name="cgroup", state="fallback", detail=f"{host.cgroup_note}; {detail} {unseen}{unlimited}")


def groups(host: Host) -> Layer:
    """Whether a jail keeps groups of its caller: an ordinary user cannot leave any behind."""
    others = [number for number in host.groups if number != host.gid]
    if host.uid == 0 or not others:
        return Layer(name="groups", state="on", detail="no supplementary group")
    import grp

    names = []
    for number in others:
        try:
            names.append(grp.getgrgid(number).gr_name)
        except KeyError:
            names.append(str(number))
    return Layer(name="groups", state="fallback", detail=f"kept: {', '.join(names)}")
