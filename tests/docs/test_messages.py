"""Every message of an error that jailpy raises stands in docs/troubleshooting.md, with its cause and its cure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from jailpy.launch import diagnose
from jailpy.report import words
from tests.support.installed import CHECKOUT

ERRORS = ("UsageError", "ProfileError", "HostError", "SetupError", "JailError")
PACKAGE = sorted(CHECKOUT.glob("jailpy/**/*.py"))
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split(" | ")]
    for line in (CHECKOUT / "docs/troubleshooting.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| .*`", line)
]
TEXTS = [text for row in ROWS for text in re.findall(r"`([^`]+)`", row[0])]
LISTED = set(TEXTS)

STOPPED = {f"… was stopped {text.format('…')} (limits.{key})" for key, text in words._STOPPED.items()}


def raised() -> Iterator[tuple[str, str]]:
    """Place and message of each error that is made, with … for what is filled in."""
    for path in PACKAGE:
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                for call in ast.walk(function):
                    if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ERRORS and call.args:
                        place = f"{path.relative_to(CHECKOUT)}:{call.lineno}"
                        yield from ((place, text) for text in messages(call.args[0], function))


def messages(node: ast.expr, function: ast.FunctionDef) -> list[str]:
    """What an expression may be: a string, or a variable that the function gives one."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
        return ["".join(map(str, parts))]
    if isinstance(node, ast.Name):
        set_here = (n for n in ast.walk(function) if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name))
        return [text for n in set_here if n.targets[0].id == node.id for text in messages(n.value, function)]  # type: ignore[attr-defined]
    return []


def plain(message: str) -> str:
    """With one … for several, and without the file and line before it."""
    return re.sub(r"^…:…: ", "…: ", re.sub("…+", "…", message))


def is_listed(message: str) -> bool:
    """Words of the system about a path need no row of their own."""
    return plain(message) in LISTED or not re.search("[a-z]{3}", plain(message))


def test_every_message_has_its_cause_and_its_cure() -> None:
    missing = [f"{place}: {plain(text)}" for place, text in raised() if not is_listed(text)]
    assert missing == []


def test_no_message_is_listed_twice() -> None:
    assert sorted(TEXTS) == sorted(LISTED)


def test_every_limit_that_ends_a_run_is_there() -> None:
    assert STOPPED <= LISTED


def test_every_hint_about_a_host_is_there() -> None:
    hints = [hint for _, _, hint in diagnose.SETTINGS]
    assert {*hints, diagnose.CONTAINER, diagnose.PROC, diagnose.ROOT, diagnose.LIMIT} <= LISTED


def test_a_good_share_of_the_errors_is_found() -> None:
    """An error that is made in another way would not be looked for."""
    calls = sum(Path(path).read_text(encoding="utf-8").count(f"{name}(") for path in PACKAGE for name in ERRORS)
    assert len(list(raised())) > 0.7 * calls


def test_no_row_is_about_what_is_gone() -> None:
    """A message that jailpy itself would give is still somewhere in its code."""
    code = "".join(path.read_text(encoding="utf-8") for path in PACKAGE)
    told = {text: [part for part in text.split("…") if re.search("[a-z]{3}", part)] for text in LISTED - STOPPED}
    ours = {text: parts for text, parts in told.items() if not re.match(r"\w+Error: |Name or service", text)}
    code = re.sub(r'"\s*\n?\s*f?"', "", code)
    assert [text for text, parts in ours.items() if any(part.strip(": ") not in code for part in parts)] == []
