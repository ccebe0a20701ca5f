"""Findings and differences as people, reviews and code hosts read them; what a profile chose stays in its place."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jailpy.authoring import sarif, told
from jailpy.authoring.changes import changes
from jailpy.authoring.findings import RULES, Finding
from jailpy.errors import ProfileError
from jailpy.model.policy import Policy
from jailpy.report.quote import for_json

Heir = Callable[[str], Policy]
Use = Callable[[str], Policy]
EVIL = "/srv/`a`\n## [x](http://y)\x1b[2J <img> @team"


def finding(**values: Any) -> Finding:
    given = {"rule": "path", "grade": "risk", "key": "filesystem.read[0]", "source": "/srv/p.toml", "line": 3}
    return Finding(**{**given, "message": "may read /x", "advice": "share another", **values})


def test_findings_are_told_as_compilers_do() -> None:
    lines = list(
        told.findings("/srv/p.toml", [finding(grade="escape"), finding(line=0), finding(), finding(grade="note")])
    )
    assert lines[0] == "/srv/p.toml:3: escape: filesystem.read[0]: may read /x"
    assert lines[1] == "    share another"
    assert lines[2].startswith("/srv/p.toml: risk: ")
    assert lines[-1] == "/srv/p.toml: 1 escape, 2 risks, 1 note"
    assert list(told.findings("p", [])) == ["p: nothing found"]


def test_no_name_starts_a_line_or_reaches_the_terminal(heir: Heir) -> None:
    old, new = heir(""), heir("")._replace(name="a\n+++ b\x1b[2J")
    new = new._replace(filesystem=new.filesystem._replace(read=(EVIL,)))
    for lines in (
        told.findings("x", [finding(message=EVIL, source=EVIL)]),
        told.differences(old, new, changes(old, new)),
    ):
        assert all(line.isprintable() for line in lines)


def test_markdown_has_what_a_profile_chose_in_code_spans_only(heir: Heir) -> None:
    old, new = heir(""), heir("")
    new = new._replace(filesystem=new.filesystem._replace(read=(EVIL,)))
    text = "\n".join(told.differences_in_markdown(old, new, changes(old, new)))
    (line,) = [line for line in text.splitlines() if "srv" in line]
    assert line == r"- `filesystem.read` adds ``/srv/`a`\n## [x](http://y)\x1b[2J <img> @team``"


def test_markdown_names_the_verdict_and_both_digests(heir: Heir) -> None:
    old, new = heir(""), heir('[seccomp]\nallow = ["@netlink-route"]\n')
    text = "\n".join(told.differences_in_markdown(old, new, changes(old, new)))
    assert text.startswith("### Profile `p` against `p`: **wider**\n")
    assert "- `seccomp.args.socket.domain` (risk) adds `AF_NETLINK`: CVE-2026-43284 class" in text
    assert old.sha256 in text
    assert new.sha256 in text


def test_long_lists_of_calls_are_cut_for_people_and_whole_for_programs(heir: Heir) -> None:
    old, new = (
        heir(""),
        heir('[seccomp]\nallow = ["@file-system"]\nremove = ["@file-io", "read", "@sockets", "@time"]\n'),
    )
    less = new._replace(seccomp=new.seccomp._replace(allow=("read",)))
    found = changes(old, less)
    (line,) = [line for line in told.differences(old, less, found) if "seccomp.allow: -" in line]
    assert len(line) < 400
    document = told.differences_document(old, less, found)
    (change,) = [change for change in json.loads(for_json(document))["changes"] if change["key"] == "seccomp.allow"]
    assert len(change["items"]) > 150


def results(log: dict[str, Any]) -> list[dict[str, Any]]:
    (run,) = log["runs"]
    found: list[dict[str, Any]] = run["results"]
    return found


def test_sarif_has_rule_level_place_and_what_to_do() -> None:
    log: dict[str, Any] = json.loads(for_json(sarif.document([finding(), finding(grade="escape", line=0)], [])))
    assert log["version"] == "2.1.0"
    driver = log["runs"][0]["tool"]["driver"]
    assert {rule["id"] for rule in driver["rules"]} >= set(RULES)
    first, second = results(log)
    assert driver["rules"][first["ruleIndex"]]["id"] == first["ruleId"] == "path"
    assert (first["level"], second["level"]) == ("warning", "error")
    assert first["message"]["text"] == r"filesystem.read\[0\]: may read /x. To do: share another"
    assert first["locations"][0]["physicalLocation"]["region"] == {"startLine": 3}
    assert "region" not in second["locations"][0]["physicalLocation"]
    assert log["runs"][0]["invocations"] == [{"executionSuccessful": True}]


@pytest.mark.parametrize(
    ("source", "uri"),
    [
        ("profiles/a b.toml", "profiles/a%20b.toml"),
        ("{here}/p.toml", "p.toml"),
        ("/elsewhere/é#?.toml", "file:///elsewhere/%C3%A9%23%3F.toml"),
        ("/else\udcffwhere", "file:///else%FFwhere"),
    ],
)
def test_sarif_names_files_as_code_hosts_find_them(
    source: str, uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    named = source.format(here=os.getcwd())
    (result,) = results(sarif.document([finding(source=named)], []))
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": uri}


def test_sarif_has_the_problems_of_a_profile_that_cannot_be_used() -> None:
    error = ProfileError("x", problems=("/srv/p.toml:7: limits.memry: unknown key", "and 3 more problems"))
    log = sarif.document([], [("p.toml", error)])
    first, second = results(log)
    assert (first["ruleId"], first["level"]) == ("unusable", "error")
    assert first["locations"][0]["physicalLocation"]["region"] == {"startLine": 7}
    assert second["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "p.toml"
    (run,) = log["runs"]  # type: ignore[misc]
    assert run["invocations"] == [{"executionSuccessful": False}]
