"""Result → the lines that jailpy itself writes on standard error."""

from __future__ import annotations

import _signal as signal  # the module around it builds enumerations, 3 ms

from jailpy.errors import JailError, ProfileError
from jailpy.model.plan import Plan
from jailpy.model.result import Result
from jailpy.policy.schema import covers
from jailpy.policy.values import size_text
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
    elif not quiet:
        said += [f"warning: {warning}" for warning in result.left]  # a file that is missed is no matter of taste
    if verbose or (terminal and not quiet):
        shown = [layer for layer in result.layers if verbose or layer.state == "fallback"]
        said += [f"layer {layer.name}: {layer.state}{layer.detail and ', '}{layer.detail}" for layer in shown]
    if verbose:
        said.append(f"{result.outcome} after {result.wall_s:.3f} s")
    return [for_terminal(line) for line in said]


def _ending(result: Result, plan: Plan) -> list[str]:
    """How the plugin ended that did not end well; with an exit status of its own it has said so itself."""
    name = plan.plugin.name
    for hit in result.limits:
        if hit.ended_run:
            text = _STOPPED[hit.name].format(_measure(hit.name, hit.limit))
            where = _where(result) if hit.name == "memory" else []
            return [*_told(f"{name} was stopped {text} (limits.{hit.name})", _more(hit.name, hit.limit, plan)), *where]
    said = [f"{name} was ended by signal {result.signal}{_named(result.signal)}"] if result.outcome == "signal" else []
    if result.outcome in ("error", "signal"):
        for hit in result.limits:
            if hit.hits:
                text = f"{name} ran into a limit: {hit.name} = {_measure(hit.name, hit.limit)}"
                said += _told(text, _more(hit.name, hit.limit, plan))
    return said


def _where(result: Result) -> list[str]:
    """Where it says that it was shortly before; of each thread the last call that is not of a library."""
    tops = [
        next((frame for frame in stack if not frame.file.startswith("/usr/")), stack[0])
        for stack in result.at_memory_high[:_THREADS]
    ]
    return [f"it was at {frame.file}:{frame.line} in {frame.function} when memory ran short" for frame in tops]


_THREADS = 3  # that are told of
_STOPPED = {
    "wall": "after {}",
    "cpu": "after {} of processor time",
    "memory": "at {} of memory",
    "output": "after {} of output",
    "write": "after {} in the folders that it may write, or what it hid there",
    "write-files": "after {} files in the folders that it may write",
}
_SECONDS = ("wall", "cpu")
_BYTES = ("memory", "output", "write", "file-size", "tmp")
_IN_FILESYSTEM = {"tmp": '[filesystem] tmp = "{}"', "tmp-files": "[filesystem] tmp-files = {}"}


def _measure(key: str, value: float) -> str:
    """A limit's value with its unit, as ``--limit`` takes it."""
    if key in _SECONDS:
        return f"{value:g}s"
    return size_text(int(value)) if key in _BYTES else str(int(value))


def _more(key: str, value: float, plan: Plan) -> str:
    """How to give twice as much."""
    twice = _measure(key, 2 * value)
    if key in _IN_FILESYSTEM:
        return f"a profile gives more: {_IN_FILESYSTEM[key].format(twice)}"
    if not any(covers(pattern, f"limits.{key}") for pattern in plan.policy.widen):
        return f"the profile {plan.policy.name} lets no option give more; one that extends it can"
    return f"--limit {key}={twice} gives more"


def _named(number: int | None) -> str:
    """The signal's name in brackets; nothing for a real-time one."""
    names = (name for name in dir(signal) if name.startswith("SIG") and not name.startswith("SIG_"))
    return next((f" ({name})" for name in names if getattr(signal, name) == number), "")


def of_error(error: JailError) -> list[str]:
    """Message and hint of an error, a line each; of a profile every problem. A line end in a name starts no line."""
    told = list(error.problems) if isinstance(error, ProfileError) and error.problems else [error.message]
    return [for_terminal(line) for line in (*told[:-1], *_told(told[-1], error.hint))]


def _told(message: str, hint: str) -> list[str]:
    return [message, f"hint: {hint}"] if hint else [message]
