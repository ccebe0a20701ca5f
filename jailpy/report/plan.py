"""Plan → what ``jailpy plan`` prints."""

from __future__ import annotations

from jailpy.model.plan import Plan
from jailpy.report.quote import for_terminal


def lines(plan: Plan) -> list[str]:
    """A line for each step, in the order in which ``run`` takes them, then one for each layer."""
    steps = [step.describe() for step in plan.steps]
    layers = [f"layer    {layer.name}: {layer.state}{layer.detail and ', '}{layer.detail}" for layer in plan.layers]
    widened = [f"widened  {key}: from {old} to {new}" for key, old, new in plan.widened]
    return [for_terminal(line) for line in (*steps, *layers, *widened)]


def document(plan: Plan) -> dict[str, object]:
    """The same as plain values, for JSON."""
    return {
        "schema": 1,
        "plugin": plan.plugin._asdict(),
        "profile": {"name": plan.policy.name, "source": plan.policy.source},
        "policy": {
            "sha256": plan.policy.sha256,
            "widened": [{"key": key, "from": old, "to": new} for key, old, new in plan.widened],
        },
        "layers": {layer.name: {"state": layer.state, "detail": layer.detail} for layer in plan.layers},
        "steps": [
            {"name": step.name, "stage": step.stage, "layer": step.layer, "text": step.text, "wall": step.wall}
            for step in plan.steps
        ],
    }
