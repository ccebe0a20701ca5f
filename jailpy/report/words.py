"""Result → the lines that jailpy itself writes on standard error."""

from __future__ import annotations

from jailpy.errors import JailError, ProfileError
from jailpy.model.plan import Plan
from jailpy.model.result import Result
from jailpy.report.quote import for_terminal


def lines(result: Result, plan: Plan, *, verbose: bool, quiet: bool, terminal: bool) -> list[str]:
    """What a person wants to know about how a run ended; nothing about one that ended well, unless ``verbose``.

    Layers that the host gives in part, and warnings, are told on a ``terminal``; ``quiet`` keeps to what went wrong
    with jailpy itself.
    """
    failure = result.failure
    said = _told(failure.message, failure.hint) if failure else [] if quiet else _ending(result, plan)
    if verbose or (terminal and not quiet):
        said += [f"warning: {warning}" for warning in result.warnings]
        shown = [layer for layer in result.layers if verbose or layer.state == "fallback"]
        said += [f"layer {layer.name}: {layer.state}{layer.detail and ', '}{layer.detail}" for layer in shown]
    if verbose:
        said.append(f"{result.outcome} after {result.wall_s:.3f} s")
    return [for_terminal(line) for line in said]


def _ending(result: Result, plan: Plan) -> list[str]:
    limits = plan.policy.limits
    if result.outcome == "timeout":
        return [f"{plan.plugin.name} was stopped after {limits.wall:g} s (limits.wall)"]
    if result.outcome == "output-limit":
        return [f"{plan.plugin.name} was stopped: more than {limits.output} bytes of output (limits.output)"]
    if result.outcome == "signal":
        return [f"{plan.plugin.name} was ended by signal {result.signal}"]
    return []


def of_error(error: JailError) -> list[str]:
    """Message and hint of an error, a line each; of a profile every problem. A line end in a name starts no line."""
    told = list(error.problems) if isinstance(error, ProfileError) and error.problems else [error.message]
    return [for_terminal(line) for line in (*told[:-1], *_told(told[-1], error.hint))]


def _told(message: str, hint: str) -> list[str]:
    return [message, f"hint: {hint}"] if hint else [message]
