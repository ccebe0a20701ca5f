"""Result → the report: plain values. Its schema is schema/report-1.json beside this file."""

from __future__ import annotations

from jailpy import __version__
from jailpy.model.plan import Plan
from jailpy.model.record import Record
from jailpy.model.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jailpy.model.request import Request

START = "cold: this version has no pools"


class Caller(Record):
    """Who asked for a run, as the kernel sees it."""

    uid: int
    pid: int  # of the launcher
    login_uid: int | None  # who logged in, whatever sudo made of it since (proc(5), loginuid)


def report(result: Result, plan: Plan | None, request: Request | None, jail: str, caller: Caller) -> dict[str, object]:
    """All fields of schema 1; what is not known of this run is null or empty."""
    failure = result.failure
    return {
        "schema": 1,
        "jail": jail,
        "jailpy": __version__,
        "start": START,
        "plugin": _plugin(plan, request),
        "caller": caller._asdict(),
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
        "plugin_says": {"exception": None},
        "warnings": list(result.warnings),
    }


_AUDITED = ("jail", "jailpy", "caller", "plugin", "profile", "policy", "labels", "outcome", "status", "wall_s")


def audit(report: dict[str, object]) -> dict[str, object]:
    """The line of the audit log: who ran what under which policy, and how it ended."""
    error = report["error"]
    message = error["message"] if isinstance(error, dict) else None
    return {"time": report["started"], **{field: report[field] for field in _AUDITED}, "error": message}


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
