"""Result → the report: plain values. Its schema is schema/report-1.json beside this file."""

from __future__ import annotations

from jailpy import __version__
from jailpy import system as os
from jailpy.model.plan import Plan
from jailpy.model.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jailpy.model.request import Request

_LOGIN_UID_UNSET = 0xFFFFFFFF
_LONGEST = 4096
START = "cold: this version has no pools"


def report(
    result: Result, plan: Plan | None, request: Request | None, jail: str, caller: dict[str, int | None]
) -> dict[str, object]:
    """All fields of schema 1; what is not known of this run is null or empty."""
    failure = result.failure
    return {
        "schema": 1,
        "jail": jail,
        "jailpy": __version__,
        "start": START,
        "plugin": _plugin(plan, request),
        "caller": caller,
        "labels": dict(request.labels) if request else {},
        "profile": _profile(plan, request),
        "policy": _policy(plan),
        "outcome": result.outcome,
        "status": result.status,
        "exit_code": result.exit_code,
        "signal": result.signal,
        "error": failure._asdict() if failure else None,
        "started": rfc3339(result.started),
        "wall_s": round(result.wall_s, 6),
        "usage": result.usage._asdict() if result.usage else None,
        "limits": [limit._asdict() for limit in result.limits],
        "layers": {layer.name: {"state": layer.state, "detail": layer.detail} for layer in result.layers},
        "denials": [],
        "net": [],
        "plugin_says": {"exception": None, "at_memory_high": _stacks(result)},
        "warnings": list(result.warnings),
    }


_AUDITED = ("jail", "jailpy", "caller", "plugin", "profile", "policy", "labels", "outcome", "status", "wall_s")


def audit(report: dict[str, object]) -> dict[str, object]:
    """The line of the audit log: who ran what under which policy, and how it ended."""
    error = report["error"]
    message = error["message"] if isinstance(error, dict) else None
    return {"time": report["started"], **{field: report[field] for field in _AUDITED}, "error": message}


def entry(request: Request, jail: str, pid: int) -> dict[str, object]:
    """What the list of living runs has of one; names that are longer than any path are cut off."""
    from time import time

    words = {"jail": jail, "pid": pid, "started": rfc3339(time()), "profile": request.profile[:_LONGEST]}
    return {**words, "plugin": program(request)[:_LONGEST], "labels": dict(request.labels)}


def caller(uid: int, pid: int) -> dict[str, int | None]:
    """Who asked for a run: ``pid`` is the launcher's; who logged in stays the same whatever sudo makes of the uid."""
    return {"uid": uid, "pid": pid, "login_uid": _login_uid()}


def _login_uid() -> int | None:
    """Of /proc/self/loginuid (proc(5)); None where nobody logged in, or the kernel does not know."""
    try:
        fd = os.open("/proc/self/loginuid", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # a kernel without audit
        return None
    try:
        uid = int(os.read(fd, 16))
    except (OSError, ValueError):
        return None
    finally:
        os.close(fd)
    return None if uid == _LOGIN_UID_UNSET else uid


def _stacks(result: Result) -> list[list[dict[str, object]]] | None:
    return [[frame._asdict() for frame in stack] for stack in result.at_memory_high] or None


def _plugin(plan: Plan | None, request: Request | None) -> dict[str, object]:
    if plan is None:
        return {"name": program(request) if request else "", "version": None, "path": "", "sha256": ""}
    plugin = plan.plugin
    return {"name": plugin.name, "version": None, "path": plugin.path, "sha256": plugin.sha256}


def program(request: Request) -> str:
    """What a request runs, as far as its words tell."""
    if request.command == "exec":
        return request.arguments[0]
    return "-c" if request.code is not None else request.plugin or request.module


def _profile(plan: Plan | None, request: Request | None) -> dict[str, str]:
    if plan is None:
        return {"name": request.profile if request else "", "source": ""}
    return {"name": plan.policy.name, "source": plan.policy.source}


def _policy(plan: Plan | None) -> dict[str, object]:
    if plan is None:
        return {"sha256": "", "widened": []}
    widened = [{"key": key, "from": old, "to": new} for key, old, new in plan.widened]
    return {"sha256": plan.policy.sha256, "widened": widened}


def rfc3339(seconds: float) -> str:
    """A time in UTC, with microseconds."""
    from time import gmtime, strftime

    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(seconds)) + f".{int(seconds % 1 * 1e6):06d}Z"
