"""What the tests of profiles use serves here too."""

from __future__ import annotations

from tests.unit.policy.conftest import heir, use, write

__all__ = ["heir", "use", "write"]
