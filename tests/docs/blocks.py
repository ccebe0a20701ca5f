"""The blocks of code in a Markdown document, and what its author says of each in a comment above it.

<!-- file: plugin.py -->       the block is written to this file and not run
<!-- not run: needs docker --> it is only read; the reason is one of NOT_RUN, or the test that runs it
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

RUN = ("sh", "console", "python", "toml", "json", "crontab")
SHOWN = ("text",)  # what is no code: a diagram, a grammar, what a program says
NOT_RUN = (
    "needs docker",
    "needs podman",
    "needs GitHub",
    "needs GitLab",
    "needs an administrator",
    "wrong on purpose",
)
_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,})(?P<language>[\w-]*) *$")
_COMMENT = re.compile(r"^ *<!-- (?P<key>file|not run|on): (?P<value>.+?) -->$")


class Block(NamedTuple):
    document: Path
    line: int  # of its first line of code
    language: str
    code: str
    file: str  # "" for none
    not_run: str  # the reason, "" for a block that is run
    on_terminal: bool

    @property
    def place(self) -> str:
        return f"{self.document.parent.name}/{self.document.name}:{self.line}"


def blocks(document: Path) -> list[Block]:
    """Every fenced block, in order."""
    return list(_read(document, document.read_text(encoding="utf-8").splitlines()))


def _read(document: Path, lines: list[str]) -> Iterator[Block]:
    said: dict[str, str] = {}
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if comment := _COMMENT.match(line):
            said[comment["key"]] = comment["value"]
        elif opened := _FENCE.match(line):
            end = next(n for n in range(at, len(lines)) if lines[n].strip() == opened["fence"])
            code = "".join(f"{text.removeprefix(opened['indent'])}\n" for text in lines[at:end])
            yield Block(
                document, at + 1, opened["language"], code, said.get("file", ""), said.get("not run", ""), "on" in said
            )
            at, said = end + 1, {}
        elif line.strip():
            said = {}


class Exchange(NamedTuple):
    command: str
    answer: str  # in which ... stands for anything


def exchanges(console: str) -> list[Exchange]:
    """The commands of a console block, which stand behind ``$``, and what each prints; ``>`` goes on with a command."""
    found: list[Exchange] = []
    for line in console.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append(Exchange(line[2:], ""))
        elif line.startswith("> ") and not found[-1].answer:
            found[-1] = found[-1]._replace(command=found[-1].command + line[2:])
        else:
            found[-1] = found[-1]._replace(answer=found[-1].answer + line)
    return found


def matches(expected: str, printed: str) -> bool:
    """Whether this was printed; a line of ... stands for any number of lines, ... in a line for any part of it."""
    pattern = "".join(
        "(?:.*\n)*?" if line.strip() == "..." else ".*?".join(map(re.escape, line.split("..."))) + "\n"
        for line in expected.splitlines()
    )
    return re.fullmatch(pattern, printed if printed.endswith("\n") or not printed else f"{printed}\n") is not None
