"""The plugins of examples/, run as their docstrings say, on real input; those of ``numeric`` are in test_numeric."""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
import sqlite3
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Caller, run_as
from tests.support.installed import CHECKOUT, Installed
from tests.support.strictly import strict

Done = subprocess.CompletedProcess[bytes]
Example = Callable[[str], Done]
EXAMPLES = sorted((CHECKOUT / "examples").glob("*.py"))
NUMERIC = ("least_squares.py", "plot.py", "sum_by_group.py")
ESCAPE = b"\x1b"


def command(example: Path) -> str:
    """The shell line of the docstring, its last."""
    return str(ast.get_docstring(ast.parse(example.read_text(encoding="utf-8")))).splitlines()[-1]


@pytest.fixture
def run(caller: Caller, installed: Installed, folder: Path, under: bool) -> Example:
    """Run an example by the line in its docstring, in a folder that has examples/ and what the test put there.

    Under strict, that line names a profile, which leaves to it what is read.
    """
    shutil.copytree(CHECKOUT / "examples", folder / "examples")

    def by_its_docstring(name: str) -> Done:
        line = command(CHECKOUT / "examples" / name)
        if under:
            line = line.replace("run ", f"run -p {strict(caller, caller.home, widen='--read' in line)[1]} ", 1)
        path = f"{installed.command.parent}:/usr/bin:/bin"
        return run_as(caller, ["/bin/sh", "-c", line], cwd=folder, env={"PATH": path})

    return by_its_docstring


def good(done: Done) -> bytes:
    """The output of one that ended well and had nothing to complain about."""
    assert (done.returncode, done.stderr) == (0, b""), done
    return done.stdout


def refusal(done: Done) -> bytes:
    """The one line with which an example refused its input."""
    assert (done.returncode, done.stdout) == (1, b""), done
    assert done.stderr.count(b"\n") == 1, done
    return done.stderr


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_docstring_says_how_to_run_it(example: Path) -> None:
    line = command(example)
    assert "jailpy run " in line
    assert f"examples/{example.name}" in line
    assert ("-p numeric" in line) == (example.name in NUMERIC)


def test_there_are_ten() -> None:
    assert len(EXAMPLES) >= 10


def test_text_statistics(run: Example, folder: Path) -> None:
    (folder / "README.md").write_text("two apples\nand two pears, ÄPFEL\n", encoding="utf-8")
    assert good(run("text_stats.py")).decode() == (
        "README.md: 2 lines, 6 words, 32 characters\n  most used: two (2), apples (1), and (1), pears (1), äpfel (1)\n"
    )


def test_text_statistics_of_what_is_no_text(run: Example, folder: Path) -> None:
    (folder / "README.md").write_bytes(b"\xff\xfe")
    assert refusal(run("text_stats.py")) == b"README.md: not UTF-8\n"


def test_csv_to_json(run: Example, folder: Path) -> None:
    (folder / "people.csv").write_text('name,age,code\nJosé,30,007\n"a ""b""\nc",1.5,\n', encoding="utf-8-sig")
    assert good(run("csv_to_json.py")) == b""
    assert json.loads((folder / "people.json").read_bytes()) == [
        {"name": "José", "age": 30, "code": "007"},
        {"name": 'a "b"\nc', "age": 1.5, "code": None},
    ]


def test_csv_with_a_field_missing(run: Example, folder: Path) -> None:
    (folder / "people.csv").write_text("name,age\nJosé\n", encoding="utf-8")
    assert refusal(run("csv_to_json.py")) == b"csv_to_json.py: line 2: 1 fields, but there are 2 columns\n"


def test_report_of_a_database(run: Example, folder: Path) -> None:
    with sqlite3.connect(folder / "shop.db") as database:
        database.execute('CREATE TABLE sale (city TEXT, "the ""sum""" REAL)')
        database.executemany("INSERT INTO sale VALUES (?, ?)", [("Oslo", 2), ("Roma", None), ("Oslo", 7.5)])
    database.close()
    assert good(run("database_report.py")).decode().splitlines() == [
        "sale: 3 rows",
        "  city TEXT: 3 filled, 2 different, from 'Oslo' to 'Roma'",
        '  the "sum" REAL: 2 filled, 2 different, from 2.0 to 7.5',
    ]


def test_report_of_what_is_no_database(run: Example, folder: Path) -> None:
    (folder / "shop.db").write_text("city,sum\n" * 200, encoding="utf-8")
    assert refusal(run("database_report.py")) == b"shop.db: file is not a database\n"


def test_contents_of_a_clean_archive(run: Example, folder: Path) -> None:
    with zipfile.ZipFile(folder / "upload.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "text")
        archive.writestr("folder/b.txt", "more")
    assert good(run("zip_contents.py")).decode().splitlines() == [
        "         4 'a.txt'",
        "         4 'folder/b.txt'",
        "2 names, 0 with something wrong",
    ]


def test_contents_of_a_hostile_archive(run: Example, folder: Path) -> None:
    """A bomb, a path that leads out, a symbolic link, an escape sequence in a name, and a member that is damaged."""
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(folder / "upload.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(10_000_000))
        archive.writestr("../../etc/cron.d/x", "text")
        archive.writestr(link, "/etc/passwd")
        archive.writestr("\x1b[2J", "text")
        archive.writestr(zipfile.ZipInfo("damaged"), "IN ONE PIECE")
    whole = (folder / "upload.zip").read_bytes()
    (folder / "upload.zip").write_bytes(whole.replace(b"IN ONE PIECE", b"IN TWO PARTS"))
    done = run("zip_contents.py")
    assert (done.returncode, done.stderr) == (1, b"")
    lines = done.stdout.decode().splitlines()
    assert [line.partition("! ")[2] for line in lines] == [
        "grows too much",
        "leads out of its folder",
        "symbolic link",
        "",
        "damaged: Bad CRC-32 for file 'damaged'",
        "",
    ]
    assert ESCAPE not in done.stdout


def test_contents_of_what_is_no_archive(run: Example, folder: Path) -> None:
    (folder / "upload.zip").write_bytes(b"no archive")
    assert refusal(run("zip_contents.py")) == b"upload.zip: File is not a zip file\n"


def test_markdown_to_html(run: Example, folder: Path) -> None:
    """Raw HTML and a script's address stay text."""
    text = (
        "# Title\n\nOne *soft* and **strong**\nparagraph, `a < b`.\n\n- [docs](docs/)\n- [x](javascript:alert)\n\n"
        "```sh\n# no title\n```\n<script>\n"
    )
    (folder / "README.md").write_text(text, encoding="utf-8")
    assert good(run("markdown_to_html.py")) == b""
    assert (folder / "README.html").read_text(encoding="utf-8").splitlines() == [
        "<h1>Title</h1>",
        "<p>One <em>soft</em> and <strong>strong</strong> paragraph, <code>a &lt; b</code>.</p>",
        '<ul><li><a href="docs/">docs</a></li>',
        "<li>[x](javascript:alert)</li>",
        "</ul>",
        "<pre><code>",
        "# no title",
        "</code></pre>",
        "<p>&lt;script&gt;</p>",
    ]


def test_summary_of_a_log(run: Example, folder: Path) -> None:
    entry = '{} - - [24/Nov/2026:10:00:00 +0000] "{}" {} {} "-" "curl"\n'
    lines = [entry.format("192.0.2.1", "GET / HTTP/1.1", 200, 512)] * 3
    lines += [entry.format("192.0.2.2", "GET /\x1b[2J HTTP/1.1", 404, "-"), "no line of a log\n"]
    (folder / "access.log").write_text("".join(lines), encoding="utf-8")
    assert good(run("log_summary.py")).decode().splitlines() == [
        "4 requests, 1536 bytes, 1 lines not understood",
        "2xx: 3",
        "4xx: 1",
        "client '192.0.2.1': 3",
        "client '192.0.2.2': 1",
        r"failed '404 GET /\x1b[2J HTTP/1.1': 1",
    ]


def test_summary_of_an_empty_log(run: Example, folder: Path) -> None:
    (folder / "access.log").write_bytes(b"")
    assert refusal(run("log_summary.py")) == b"log_summary.py: there is no line of an access log\n"


def test_checksums_of_a_folder(run: Example, folder: Path) -> None:
    """More files than the pipeline holds at once, in order."""
    (folder / "photos/deep").mkdir(parents=True)
    expected = []
    for number in range(150):
        content = f"{number}".encode() * 1000
        path = folder / f"photos/deep/{number:03}"
        path.write_bytes(content)
        expected.append(f"{hashlib.sha256(content).hexdigest()}  photos/deep/{number:03}")
    assert good(run("checksums.py")) == b""
    assert (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines() == expected


def test_primes(run: Example, under: bool) -> None:
    """It needs processes, of which strict lets it start none."""
    done = run("primes.py")
    if under:
        assert (done.returncode, done.stdout) == (1, b"")
        assert done.stderr.splitlines()[-1] == b"PermissionError: [Errno 1] Operation not permitted"
    else:
        assert good(done) == b"78498\n"
