"""Every block of code in the documents is run, in the order of the document, as a reader would."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

from jailpy.policy.load import load
from tests.conftest import Caller, must_have, run_as
from tests.docs.blocks import NOT_RUN, RUN, SHOWN, Block, blocks, exchanges, matches
from tests.support.installed import CHECKOUT, Installed

DOCUMENTS = [path for where in ("*.md", "docs/*.md", "contrib/**/*.md") for path in sorted(CHECKOUT.glob(where))]
BLOCKS = [block for document in DOCUMENTS for block in blocks(document)]
ON_TERMINAL = (CHECKOUT / "tests/support/on_terminal.py").read_text(encoding="utf-8")
PARENT = 'schema = 1\nextends = "default@1"\n'  # of a block that shows a part of a profile


class Reader:
    """Somebody who has jailpy and the examples, reads a document, and does what it says, from top to bottom."""

    def __init__(self, caller: Caller, installed: Installed, folder: Path) -> None:
        self.caller, self.installed, self.folder = caller, installed, folder
        self.environment = {"PATH": f"{installed.command.parent}:/usr/bin:/bin", "HOME": str(folder)}

    def follow(self, block: Block) -> None:
        """Do what one block says."""
        if block.file:
            self.write(block)
        if block.not_run:
            return
        if block.language == "toml":
            self.check_profile(block)
        elif not block.file and block.language in RUN:
            getattr(self, f"run_{block.language}")(block)

    def write(self, block: Block) -> None:
        path = self.folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.code, encoding="utf-8")
        path.chmod(0o755 if block.code.startswith("#!") else 0o644)
        for made in (path, *path.relative_to(self.folder).parents):
            os.chown(self.folder / made, self.caller.uid, self.caller.gid)

    def run(self, block: Block, *command: str | Path, **options: object) -> subprocess.CompletedProcess[bytes]:
        options = {"cwd": self.folder, "env": self.environment, "timeout": 300, **options}
        done = run_as(self.caller, command, **options)  # type: ignore[arg-type]
        assert done.returncode == 0, f"{block.place} as {self.caller.kind}: {done}"
        return done

    def run_sh(self, block: Block) -> None:
        self.run(block, "/bin/bash", "-euo", "pipefail", "-c", block.code)

    def run_console(self, block: Block) -> None:
        """Each command must print what the document says; both streams, as on a terminal."""
        mark = f"mark-{uuid.uuid4().hex}"
        asked = exchanges(block.code)
        after = f"(s=$?; echo {mark}; exit $s)\n"  # leaves $? as it was
        start = "" if block.on_terminal else "exec 2>&1 </dev/null\n"
        script = start + "".join(f"{exchange.command}\n{after}" for exchange in asked) + "exit 0\n"
        command: tuple[str, ...] = ("/bin/bash", "-c", script)
        if block.on_terminal:
            command = (str(self.installed.python), "-c", ON_TERMINAL, *command)
        printed = self.run(block, *command).stdout.decode().replace("\r", "").split(f"{mark}\n")
        assert printed[-1] == "", printed
        for exchange, answer in zip(asked, printed[:-1], strict=True):
            where = f"{block.place} as {self.caller.kind}: {exchange.command}"
            assert matches(exchange.answer, answer), f"{where} expected\n{exchange.answer}\nprinted\n{answer}"

    def run_python(self, block: Block) -> None:
        self.run(block, self.installed.python, "-c", block.code)

    def run_json(self, block: Block) -> None:
        json.loads(block.code)

    def run_crontab(self, block: Block) -> None:
        """Each line's command, in the environment that cron(8) gives it; a line NAME=VALUE sets a variable."""
        environment = {**self.environment, "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}
        for line in filter(None, block.code.splitlines()):
            if variable := re.fullmatch(r"(\w+)=(.*)", line):
                environment[variable[1]] = variable[2].replace("/usr/local/bin", str(self.installed.command.parent))
            elif not line.startswith("#"):
                self.run(block, "/bin/sh", "-c", line.split(maxsplit=5)[5], cwd=self.folder, env=environment)

    def check_profile(self, block: Block) -> None:
        path = self.folder / (block.file or f"profile-{block.line}.toml")
        if not block.file:
            self.write(
                block._replace(file=path.name, code=block.code if "schema = 1" in block.code else PARENT + block.code)
            )
        load(str(path), uid=self.caller.uid, home=str(self.folder), config_home=None)


@pytest.fixture
def reader(caller: Caller, installed: Installed, folder: Path) -> Reader:
    shutil.copytree(CHECKOUT / "examples", folder / "examples")
    shutil.copy(CHECKOUT / "README.md", folder)
    for path in folder.rglob("*"):
        os.chown(path, caller.uid, caller.gid)
    return Reader(caller, installed, folder)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_what_the_document_says_works(reader: Reader, document: Path) -> None:
    for block in blocks(document):
        reader.follow(block)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_a_block_is_run_or_says_why_not(block: Block) -> None:
    """In a language that the tests can run; if it is not run, another test does, or the reason is a good one."""
    if block.not_run.startswith("run by "):
        assert (CHECKOUT / block.not_run.removeprefix("run by ")).exists()
    elif block.not_run:
        assert block.not_run in NOT_RUN
    else:
        assert block.language in (*RUN, *SHOWN) or block.file


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "sh"], ids=lambda block: block.place)
def test_shellcheck_finds_nothing(block: Block, tmp_path: Path) -> None:
    script = tmp_path / "block.sh"
    script.write_text(block.code if block.code.startswith("#!") else f"#!/bin/bash\n{block.code}", encoding="utf-8")
    done = subprocess.run([must_have("shellcheck"), script], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_no_block_hides_by_being_indented(document: Path) -> None:
    """Markdown takes four blanks for code too, and such a block has no language."""
    outside = re.sub(r"^ *```.*?^ *```$", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"^\n {4}.*", outside, flags=re.MULTILINE) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_links_lead_somewhere(document: Path) -> None:
    """Files and headings of the project; addresses of the Internet are not asked for."""
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        if target.startswith(("https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name) if name else document
        assert path.exists(), f"{document.name}: {target}"
        if anchor:
            assert anchor in anchors(path), f"{document.name}: {target}"


def anchors(document: Path) -> set[str]:
    """What a heading can be named by in a link."""
    heads = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("a\n", "a\n", True),
        ("a\n", "b\n", False),
        ("a...c\n", "abc\n", True),
        ("a...c\n", "ab\nc\n", False),
        ("a\n...\nc\n", "a\nb\nb\nc\n", True),
        ("a\n...\nc\n", "a\nb\n", False),
        ("", "a\n", False),
    ],
)
def test_dots_stand_for_anything(expected: str, printed: str, same: bool) -> None:
    assert matches(expected, printed) == same


def test_every_folder_of_the_project_is_explained() -> None:
    text = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    packages = [f"jailpy/{path.parent.name}" for path in CHECKOUT.glob("jailpy/*/__init__.py")]
    suites = [path.name for path in CHECKOUT.glob("tests/*/") if any(path.glob("test_*.py"))]
    assert [name for name in (*packages, *suites) if f"`{name}" not in text] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_lines_fit_a_screen(document: Path) -> None:
    """Tables and code aside."""
    text = re.sub(r"^ *```.*?^ *```$", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert [line for line in text.splitlines() if len(line) > 120 and not line.startswith("|")] == []


def test_both_documents_start_the_same_container() -> None:
    shown = [block.code for block in BLOCKS if block.not_run == "needs docker"]
    assert len(shown) == 2
    assert len(set(shown)) == 1
