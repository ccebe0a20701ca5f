"""Findings and changes put into words: for a person, for a program, for a review."""

from __future__ import annotations

from jailpy.authoring import changes, risks
from jailpy.report.quote import for_markdown, for_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpy.authoring.changes import Change
    from jailpy.authoring.findings import Finding
    from jailpy.model.policy import Policy

_HEADINGS = {changes.WIDER: "Wider", changes.NARROWER: "Narrower", changes.OTHER: "Neither wider nor narrower"}
_MOST = 12  # names of system calls that are written out


def findings(source: str, found: list[Finding]) -> Iterator[str]:
    """Two lines for each finding, as compilers write them, and one for the whole file."""
    for finding in found:
        place = f"{finding.source}:{finding.line}" if finding.line else finding.source
        yield for_terminal(f"{place}: {finding.grade}: {finding.key}: {finding.message}")
        yield for_terminal(f"    {finding.advice}")
    counts = [(grade, sum(finding.grade == grade for finding in found)) for grade in reversed(risks.GRADES)]
    said = ", ".join(f"{count} {grade}{'s' if count > 1 else ''}" for grade, count in counts if count)
    yield for_terminal(f"{source}: {said or 'nothing found'}")


def findings_document(policy: Policy, found: list[Finding]) -> dict[str, object]:
    """The same of one profile, as plain values."""
    return {**_identity(policy), "findings": [finding._asdict() for finding in found]}


def differences(old: Policy, new: Policy, found: list[Change]) -> Iterator[str]:
    """A line for each difference under the heading of its direction."""
    yield for_terminal(f"--- {old.name}  {old.source}")
    yield for_terminal(f"+++ {new.name}  {new.source}")
    if not found:
        yield "no difference in what they come to"
    for direction, heading in _HEADINGS.items():
        chosen = [change for change in found if change.direction == direction]
        if chosen:
            yield f"{heading}:"
        for change in chosen:
            grade = f"{change.grade}: " if direction == changes.WIDER else ""
            yield for_terminal(f"  {grade}{changes.words(_shortened(change))}")


def differences_document(old: Policy, new: Policy, found: list[Change]) -> dict[str, object]:
    """The same as plain values."""
    return {
        "schema": 1,
        "old": _identity(old),
        "new": _identity(new),
        "verdict": changes.verdict(found),
        "changes": [change._asdict() for change in found],
    }


def differences_in_markdown(old: Policy, new: Policy, found: list[Change]) -> Iterator[str]:
    """The same for a pull request: all that a profile has chosen stands in code spans."""
    yield f"### Profile {for_markdown(new.name)} against {for_markdown(old.name)}: {_VERDICTS[changes.verdict(found)]}"
    for direction, heading in _HEADINGS.items():
        chosen = [change for change in found if change.direction == direction]
        if chosen:
            yield from ("", f"**{heading}**", "")
        for change in map(_shortened, chosen):
            grade = f" ({change.grade})" if direction == changes.WIDER and change.grade != "note" else ""
            values = " → ".join(map(for_markdown, filter(None, (change.old, change.new))))
            sign = "" if change.old and change.new else "adds " if change.new else "takes away "
            meaning = f": {change.meaning}" if change.meaning else ""
            yield f"- {for_markdown(change.key)}{grade} {sign}{values}{meaning}"
    yield from ("", f"Policy {for_markdown(old.sha256)} → {for_markdown(new.sha256)}")


_VERDICTS = {
    "same": "the same policy",
    changes.WIDER: "**wider**",
    changes.NARROWER: "narrower",
    changes.OTHER: "neither wider nor narrower",
}


def _shortened(change: Change) -> Change:
    """With the first of many names only."""

    def short(text: str) -> str:
        names = text.split(", ")
        many = len(names) > _MOST and change.items
        return f"{', '.join(names[:_MOST])} and {len(names) - _MOST} more" if many else text

    return change._replace(old=short(change.old), new=short(change.new))


def _identity(policy: Policy) -> dict[str, object]:
    return {"name": policy.name, "source": policy.source, "sha256": policy.sha256}
