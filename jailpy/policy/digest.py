"""SHA-256 without hashlib, which also loads OpenSSL (3 ms)."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hashlib import sha256
elif sys.version_info >= (3, 12):
    from _sha2 import sha256
else:
    from _sha256 import sha256


def digest(content: bytes) -> str:
    """The SHA-256 of ``content`` in hexadecimal."""
    return sha256(content).hexdigest()
