"""Where an interpreter's OpenSSL looks for the certificates that it trusts.

OpenSSL has the folder compiled in and says so in its version text: ``OPENSSLDIR: "/usr/lib/ssl"``. It is
in libcrypto, or in the interpreter itself where that is linked statically.
"""

from __future__ import annotations

import os

from jailpy.plan.interpreter.scan import bytes_after

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"  # where it stands in the jail

_BUNDLES = (  # Debian and Arch, Fedora, SUSE, Alpine
    BUNDLE,
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_LONGEST = 512  # bytes of a folder's name
_OURS = ("proc", "sys", "dev", "tmp", "work", "plugin", "out", "run")  # the jail fills these itself


def host_bundle() -> str:
    """The host's bundle of certificates; "" where it has none."""
    return next((path for path in _BUNDLES if os.access(path, os.R_OK)), "")


def openssl_folder(programs: list[str]) -> str:
    """OPENSSLDIR of the first file that holds one; "" if none does, or if a jail cannot have a file there."""
    for program in programs:
        text, closed, _ = (bytes_after(program, b'OPENSSLDIR: "', _LONGEST) or b"").partition(b'"')
        if closed:
            folder = os.fsdecode(text)
            fits = folder.isprintable() and folder[:1] == "/" and folder == os.path.normpath(folder) != "/"
            return folder if fits and folder.split("/")[1] not in _OURS else ""
    return ""


def openssl_settings(folder: str) -> str:
    """The path of OpenSSL's settings in OPENSSLDIR; "" for a symlink to any other kind of file."""
    path = f"{folder}/openssl.cnf"
    return path if os.path.basename(os.path.realpath(path)) == "openssl.cnf" else ""
