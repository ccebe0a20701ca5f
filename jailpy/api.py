"""From a Request to a Result: the one way that everything takes."""

from __future__ import annotations

import time

from jailpy import system as os
from jailpy.errors import JailError, ProfileError, SetupError
from jailpy.kernel import host_probe
from jailpy.launch import launcher
from jailpy.model.host import Host
from jailpy.model.plan import Plan
from jailpy.model.request import Request
from jailpy.plan import remembered
from jailpy.policy import shipped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from jailpy.launch.group import Group
    from jailpy.launch.placement import Placement
    from jailpy.model.policy import Policy
    from jailpy.model.result import Result

_PARENT = "limits.cgroup-parent"


def plan(request: Request, *, host_id: int | None = None, without: frozenset[str] = frozenset()) -> Plan:
    """What ``run`` would do here. Raises JailError when it could not.

    ``host_id`` is the id that a jail of host root has; without one, the first of the range stands for it.
    """
    host = host_probe.look()
    policy = _policy(request, host)
    place = _place(request, host, policy)
    if place is not None:
        host = host._replace(cgroup=place.controllers, cgroup_note=place.note)
    return _planned(request, host, policy, host.uid or _first_id() if host_id is None else host_id, without)


def _planned(request: Request, host: Host, policy: Policy | None, host_id: int, without: frozenset[str]) -> Plan:
    place = "" if without else remembered.place(request, host)
    known = remembered.recall(place, request, host_id) if place else None
    made = known or _composed(request, host, policy, host_id, place, without)
    if request.stdin or request.raw or request.tty:
        return made._replace(stdin=request.stdin, raw=request.raw, tty=request.tty)
    return made


def _policy(request: Request, host: Host) -> Policy | None:
    """The policy, where it may say something of the jail's cgroup; shipped ones want a group and name no parent."""
    if request.profile.partition("@")[0] in shipped.GENERATIONS:
        return None
    from jailpy.plan import sources

    return sources.policy(request.profile, host)


def _place(request: Request, host: Host, policy: Policy | None) -> Placement | None:
    """Where the jail's cgroup could be; None where there can be none. Raises HostError for a parent that cannot be."""
    parent = str(dict(request.changes).get(_PARENT, ""))
    if policy is not None:
        from jailpy.plan import compose

        if dict(compose.with_required(policy, request).layers)["cgroup"] == "off":
            return None
        parent = parent or policy.limits.cgroup_parent
    if host.cgroup_note and not parent:
        return None
    from jailpy.launch import placement

    return placement.look(parent)


def _with_group(request: Request, host: Host, policy: Policy | None) -> tuple[Host, Group | None]:
    """The host as this run finds it, and the jail's cgroup, which is made before there is a plan."""
    place = _place(request, host, policy)
    if place is None or place.kind == "none":
        return (host if place is None else host._replace(cgroup_note=place.note)), None
    from jailpy.launch import placement

    try:
        group = placement.make(place)
    except OSError as error:
        return host._replace(cgroup_note=f"no group could be made {place.note}: {error.strerror}"), None
    if not group.controllers:
        group.remove()
        return host._replace(cgroup_note=f"{place.note} no controller is handed down"), None
    return host._replace(cgroup=group.controllers, cgroup_note=group.note), group


def _composed(
    request: Request, host: Host, policy: Policy | None, host_id: int, place: str, without: frozenset[str]
) -> Plan:
    """A plan that is made from the profile and the interpreter, and remembered at ``place``."""
    from jailpy.plan import compose, intake, sources

    policy = policy or sources.policy(request.profile, host)
    if request.policy_digest and request.policy_digest != policy.sha256:
        message = f"profile {request.profile}: its digest is {policy.sha256}, not {request.policy_digest}"
        raise ProfileError(message, hint="the profile has changed since the digest was taken")
    widened: tuple[tuple[str, object, object], ...] = ()
    if request.changes:
        from jailpy.policy.override import override

        policy, widened = override(policy, request.changes)
    interpreter = sources.interpreter(request.python, policy)
    what = intake.program(request, policy.filesystem)
    made = compose.compose(
        policy,
        request,
        host,
        interpreter,
        what,
        host_id=host_id,
        widened=tuple((key, str(old), str(new)) for key, old, new in widened),
        without=without,
    )
    if place:
        remembered.remember(place, made, what, sources.evidence(policy, interpreter))
    return made


def _first_id() -> int:
    from jailpy.launch import host_ids

    return host_ids.configured()[0]


def execute(
    request: Request, *, without: frozenset[str] = frozenset(), born: Callable[[], None] | None = None
) -> tuple[Plan, Result]:
    """Run to the end; ``born`` is called when there is a jail. Raises JailError for what is wrong before that."""
    launcher.stand_on_descriptors()
    if os.geteuid() != 0:
        return _run(request, os.geteuid(), without, born)
    from jailpy.launch import host_ids

    host_id, held = host_ids.claim()
    try:
        return _run(request, host_id, without, born)
    finally:
        os.close(held)


def _run(
    request: Request, host_id: int, without: frozenset[str], born: Callable[[], None] | None
) -> tuple[Plan, Result]:
    host = host_probe.look()
    policy = _policy(request, host)
    host, group = _with_group(request, host, policy)
    try:
        ready = _planned(request, host, policy, host_id, without)
        return ready, launcher.run(ready, born, group)
    finally:
        if group is not None:
            group.remove()


def refused(error: JailError) -> Result:
    """The Result of a run that never started."""
    from jailpy.model.result import Failure, Result

    stage, step, number = (error.stage, error.step, error.errno) if isinstance(error, SetupError) else ("", "", 0)
    problems = error.problems if isinstance(error, ProfileError) else ()
    message = "\n".join(problems) or error.message
    failure = Failure(stage=stage, step=step, errno=number, message=message, hint=error.hint)
    return Result(
        outcome=error.outcome,
        status=125,
        exit_code=None,
        signal=None,
        failure=failure,
        layers=(),
        warnings=(),
        started=time.time(),
        wall_s=0.0,
        usage=None,
    )
