"""The JSON Schema that ships with jailpy, and reports that must keep to it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.support.installed import CHECKOUT

SCHEMA = CHECKOUT / "jailpy/report/schema/report-1.json"


@cache
def validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def problems(report: object) -> list[str]:
    """What the schema does not allow, a line each."""
    return [f"{error.json_path}: {error.message}" for error in validator().iter_errors(report)]


def valid(text: bytes | Path) -> dict[str, Any]:
    """The report in these bytes, or in this file; it must keep to the schema."""
    report: dict[str, Any] = json.loads(text.read_bytes() if isinstance(text, Path) else text)
    assert problems(report) == []
    return report
