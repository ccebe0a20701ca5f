"""Result → the report: plain values, and their JSON."""

from __future__ import annotations

from jailpy import __version__
from jailpy.model.plan import Plan
from jailpy.model.result import Result
from jailpy.report.quote import for_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jailpy.model.request import Request


def report(
    result: Result, plan: Plan | None, request: Request | None, jail: str, caller: tuple[int, int]
) -> dict[str, object]:
    """The fields of schema 1 that are known of this run; ``caller`` is uid and pid."""
    failure = result.failure
    return {
        "schema": 1,
        "jail": jail,
        "jailpy": __version__,
        "start": "cold",
        "plugin": plan.plugin._asdict()
        if plan
        else {"name": request.plugin if request else "", "path": "", "sha256": ""},
        "caller": {"uid": caller[0], "pid": caller[1]},
        "profile": _profile(plan, request),
        "policy": _policy(plan),
        "outcome": result.outcome,
        "status": result.status,
        "exit_code": result.exit_code,
        "signal": result.signal,
        "error": failure._asdict() if failure else None,
        "started": _rfc3339(result.started),
        "wall_s": round(result.wall_s, 6),
        "usage": result.usage._asdict() if result.usage else None,
        "layers": {layer.name: {"state": layer.state, "detail": layer.detail} for layer in result.layers},
        "warnings": list(result.warnings),
    }


def as_json(value: object) -> str:
    """JSON text of plain values."""
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return for_json(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{for_json(key)}: {as_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(as_json, value)) + "]"
    raise TypeError(f"a report holds no {type(value).__name__}")


def _profile(plan: Plan | None, request: Request | None) -> dict[str, str]:
    if plan is None:
        return {"name": request.profile if request else "", "source": ""}
    return {"name": plan.policy.name, "source": plan.policy.source}


def _policy(plan: Plan | None) -> dict[str, object]:
    if plan is None:
        return {"sha256": "", "widened": []}
    widened = [{"key": key, "from": old, "to": new} for key, old, new in plan.widened]
    return {"sha256": plan.policy.sha256, "widened": widened}


def _rfc3339(seconds: float) -> str:
    from time import gmtime, strftime

    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(seconds)) + f".{int(seconds % 1 * 1e6):06d}Z"
