"""One chain of profiles becomes one set of values: tables by key, some lists add, everything else replaces."""

from __future__ import annotations

from jailpy.model.policy import Origin
from jailpy.policy.schema import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jailpy.policy.document import Document


class Merged:
    """The effective values by dotted key, and where each came from; items of lists that add are ``key[n]``."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self.origins: dict[str, Origin] = {}

    def lay(self, document: Document, values: dict[str, object]) -> None:
        """Put an heir's values over what is there."""
        for key, value in values.items():
            if key in SETTINGS and SETTINGS[key].adds:
                self._add(document, key, value)  # type: ignore[arg-type]  # its check gives a tuple
            else:
                self.values[key] = value
                self._note(document, key, key)

    def _add(self, document: Document, key: str, items: tuple[str, ...]) -> None:
        have: tuple[str, ...] = self.values.get(key, ())  # type: ignore[assignment]  # as above
        for item in items:
            if item not in have:
                self._note(document, f"{key}[{len(have)}]", key, item)
                have = (*have, item)
        self.values[key] = have

    def _note(self, document: Document, place: str, key: str, item: str = "") -> None:
        self.origins[place] = Origin(key=place, source=document.path, line=document.line(key), item=item)

    def origin(self, key: str) -> Origin | None:
        """Where a key, an item ``key[n]`` of one, or a table around it came from."""
        while key:
            item = f"{key}[0]"
            if key in self.origins or item in self.origins:
                return self.origins.get(key) or self.origins[item]
            key = key.rpartition("[" if key.endswith("]") else ".")[0]
        return None

    def table(self, name: str) -> dict[str, object]:
        """The values of one table, by the rest of their keys."""
        return {key.removeprefix(f"{name}."): value for key, value in self.values.items() if key.startswith(f"{name}.")}
