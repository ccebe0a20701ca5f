"""From a Request to a Result: the one way that everything takes."""

from __future__ import annotations

import os
import time

from jailpy.errors import JailError, ProfileError, SetupError
from jailpy.kernel import host_probe
from jailpy.launch import launcher
from jailpy.model.host import Host
from jailpy.model.plan import Plan
from jailpy.model.request import Request
from jailpy.model.result import Failure, Result
from jailpy.plan import remembered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def plan(request: Request, *, host_id: int | None = None, without: frozenset[str] = frozenset()) -> Plan:
    """What ``run`` would do here. Raises JailError when it could not.

    ``host_id`` is the id that a jail of host root has; without one, the first of the range stands for it.
    """
    host = host_probe.look()
    if host_id is None:
        host_id = host.uid or _first_id()
    place = "" if without else remembered.place(request, host)
    known = remembered.recall(place, request, host_id) if place else None
    made = known or _composed(request, host, host_id, place, without)
    if request.stdin or request.raw or request.tty:
        return made._replace(stdin=request.stdin, raw=request.raw, tty=request.tty)
    return made


def _composed(request: Request, host: Host, host_id: int, place: str, without: frozenset[str]) -> Plan:
    """A plan that is made from the profile and the interpreter, and remembered at ``place``."""
    from jailpy.plan import compose, intake, sources

    policy = sources.policy(request.profile, host)
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
        ready = plan(request, without=without)
        return ready, launcher.run(ready, born)
    from jailpy.launch import host_ids

    host_id, held = host_ids.claim()
    try:
        ready = plan(request, host_id=host_id, without=without)
        return ready, launcher.run(ready, born)
    finally:
        os.close(held)


def refused(error: JailError) -> Result:
    """The Result of a run that never started."""
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
