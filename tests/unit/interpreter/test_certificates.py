"""Where OpenSSL looks, as the file that holds it says, even if that lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from jailpy.plan.interpreter.certificates import openssl_folder, openssl_settings
from jailpy.plan.interpreter.scan import bytes_after


def folder_of(tmp_path: Path, text: bytes) -> str:
    (tmp_path / "libcrypto.so").write_bytes(b"\x7fELF" + text)
    return openssl_folder([str(tmp_path / "missing"), str(tmp_path / "libcrypto.so")])


def test_folder_is_what_the_library_says(tmp_path: Path) -> None:
    assert folder_of(tmp_path, b'\0OPENSSLDIR: "/opt/ssl"\0') == "/opt/ssl"


@pytest.mark.parametrize(
    "text",
    [
        b'"/plugin"',
        b'"/tmp/ssl"',
        b'"/proc/1"',
        b'"relative"',
        b'"/a/../b"',
        b'"/"',
        b'""',
        b'"/a\nb"',
        b'"/endless',
        b"",
    ],
)
def test_folder_that_a_jail_cannot_have_is_passed_over(tmp_path: Path, text: bytes) -> None:
    assert folder_of(tmp_path, b"OPENSSLDIR: " + text) == ""


def test_mark_across_the_border_of_two_reads_is_found(tmp_path: Path) -> None:
    for offset in ((4 << 20) - 5, 4 << 20, (4 << 20) + 7):
        (tmp_path / "large").write_bytes(bytes(offset) + b"MARK and more")
        assert bytes_after(str(tmp_path / "large"), b"MARK ", 3) == b"and"
    assert bytes_after(str(tmp_path / "large"), b"MARKED", 3) is None


def test_settings_that_are_a_symlink_to_something_else_stay_out(tmp_path: Path) -> None:
    (tmp_path / "openssl.cnf").write_text("")
    assert openssl_settings(str(tmp_path)) == str(tmp_path / "openssl.cnf")
    (tmp_path / "hostile").mkdir()
    (tmp_path / "hostile/openssl.cnf").symlink_to("/etc/passwd")
    assert openssl_settings(str(tmp_path / "hostile")) == ""
