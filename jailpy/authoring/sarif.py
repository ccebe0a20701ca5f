"""Findings in SARIF 2.1.0 (OASIS), which code hosts show beside the line that they are about."""

from __future__ import annotations

import os
from urllib.parse import quote

from jailpy import __version__
from jailpy.authoring.findings import RULES
from jailpy.report.quote import for_sarif

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jailpy.authoring.findings import Finding
    from jailpy.errors import ProfileError

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"escape": "error", "risk": "warning", "note": "note"}
_UNUSABLE = "unusable"  # the rule of profiles that cannot be loaded


def document(found: list[Finding], unusable: list[tuple[str, ProfileError]]) -> dict[str, object]:
    """The whole log; ``unusable`` are the files that could not be checked."""
    rules = {**RULES, _UNUSABLE: "a profile that no run would take"}
    driver = {
        "name": "jailpy",
        "version": __version__,
        "rules": [{"id": rule, "shortDescription": {"text": text}} for rule, text in rules.items()],
    }
    ids = list(rules)
    results = [_finding(finding, ids) for finding in found]
    results += [
        _result(ids, _UNUSABLE, "error", line, *_place(path, line))
        for path, error in unusable
        for line in (error.problems or (error.message,))
    ]
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": not unusable}],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _finding(finding: Finding, ids: list[str]) -> dict[str, object]:
    text = f"{finding.key}: {finding.message}. To do: {finding.advice}"
    return _result(ids, finding.rule, _LEVELS[finding.grade], text, finding.source, finding.line)


def _result(ids: list[str], rule: str, level: str, text: str, source: str, line: int) -> dict[str, object]:
    location: dict[str, object] = {"artifactLocation": {"uri": _uri(source)}}
    if line:
        location["region"] = {"startLine": line}
    return {
        "ruleId": rule,
        "ruleIndex": ids.index(rule),
        "level": level,
        "message": {"text": for_sarif(text)},
        "locations": [{"physicalLocation": location}],
    }


def _place(path: str, problem: str) -> tuple[str, int]:
    """The file and line with which a problem of a profile begins; the file that was named where it has none."""
    source, _, rest = problem.partition(":")
    line = rest.partition(":")[0]
    return (source, int(line)) if source.startswith("/") and line.isdecimal() else (path, 0)


def _uri(path: str) -> str:
    """Below the current folder a relative reference, as code hosts want it, else a file URI (RFC 8089)."""
    folder = os.path.join(os.getcwd(), "")
    whole = os.path.join(folder, path)
    encoded = os.fsencode(whole.removeprefix(folder))
    return quote(encoded) if whole.startswith(folder) else f"file://{quote(encoded)}"
