"""Short ways to write steps."""

from __future__ import annotations

from jailpy.model.plan import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Section:
    """Steps of one stage and one layer; ``needs`` is what each of them needs that does not say otherwise."""

    def __init__(self, stage: str, layer: str, needs: tuple[str, ...] = ()) -> None:
        self._given = {"stage": stage, "layer": layer, "needs": needs}

    def build(self, name: str, text: str, act: str, *arguments: object, **more: Any) -> Step:
        """A step without which there is no jail, but which keeps nothing out by itself."""
        given: dict[str, Any] = self._given | more
        return Step(name=name, text=text, act=act, arguments=arguments, **given)

    def wall(self, name: str, text: str, act: str, *arguments: object, **more: Any) -> Step:
        """A step that stops an attack; a test removes it and sees the attack succeed."""
        return self.build(name, text, act, *arguments, wall=True, **more)
