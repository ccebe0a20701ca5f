"""Short ways to write steps."""

from __future__ import annotations

from jailpy.model.plan import Step


def build(stage: str, layer: str, name: str, text: str, act: str, *arguments: object, **more: object) -> Step:
    """A step without which there is no jail, but which keeps nothing out by itself."""
    return Step(name=name, stage=stage, layer=layer, act=act, arguments=arguments, text=text, **more)  # type: ignore[arg-type]


def wall(stage: str, layer: str, name: str, text: str, act: str, *arguments: object, **more: object) -> Step:
    """A step that stops an attack; a test removes it and sees the attack succeed."""
    return build(stage, layer, name, text, act, *arguments, wall=True, **more)
