"""The man page keeps up with the command line."""

from __future__ import annotations

import re
import subprocess

from jailpy.cli.options import OPTIONS
from tests.conftest import must_have
from tests.support.installed import CHECKOUT


def test_every_option_stands_in_the_man_page() -> None:
    page = [must_have("mandoc"), "-T", "ascii", CHECKOUT / "man/jailpy.1"]
    text = re.sub(".\b", "", subprocess.run(page, capture_output=True, text=True, check=True).stdout)
    words = set(re.findall(r"(?<!\S)--?[a-z][a-z-]*", text))
    assert {flag for option in OPTIONS for flag in option.flags} - words == set()
