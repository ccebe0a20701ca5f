"""Variables that look as if they held a secret: by their names, and by what known kinds of keys look like."""

from __future__ import annotations

import math
import re

_NAMES = re.compile(
    r"(^|_)(PASSW(OR)?D|PASSPHRASE|PWD|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|(PRIVATE|SIGNING|ENCRYPTION|MASTER|SSH)_?KEY|CREDENTIALS?|AUTH)(S|_|$|\d)",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(
    r"^(OLD)?PWD$|(^|_)(SHA\d*|DIGEST|HASH|CHECKSUM|COMMIT|REVISION|REV|ID|UUID|SOCK|FILE|PATH|DIR)$"
)
_KINDS = (
    (re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"), "an access key of AWS"),
    (re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,})"), "a token of GitHub"),
    (re.compile(r"\bglpat-[\w-]{18,}"), "a token of GitLab"),
    (re.compile(r"\bxox[abprs]-[\w-]{10,}"), "a token of Slack"),
    (re.compile(r"\b(sk|rk)[-_](live|test|proj|ant)[-_][\w-]{10,}"), "a key of a service"),
    (re.compile(r"\bAIza[\w-]{30,}"), "a key of Google"),
    (re.compile(r"\bpypi-[\w-]{30,}"), "a token of PyPI"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"), "a private key"),
    (re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]*"), "a signed token (JWT)"),
    (re.compile(r"://[^/\s:@]+:[^/\s@]+@"), "a password in an address"),
)
_RANDOM = re.compile(r"[A-Za-z0-9+/_=.-]{20,}")
_HEX = re.compile(r"[0-9a-fA-F]{32,}")
_ENTROPY = 4.0  # bits a character; English has less, and base64 of random bytes more


def named(name: str) -> bool:
    """Whether a variable's name says that it holds a secret."""
    return bool(_NAMES.search(name)) and not _NO_SECRET.search(name.upper())


def why(name: str, value: str) -> str:
    """What makes a variable look like a secret, in words; "" where nothing does."""
    for pattern, kind in _KINDS:
        if pattern.search(value):
            return f"it looks like {kind}"
    if named(name) and value:
        return "its name says that it is a secret"
    if not _NO_SECRET.search(name.upper()) and _is_random(value):
        return "it looks random, as keys do"
    return ""


def hidden(name: str, value: str) -> str:
    """The value, or three dots where it may be a secret: findings and diffs are read by many."""
    return "…" if why(name, value) else value


def _is_random(value: str) -> bool:
    if _HEX.fullmatch(value):
        return len(set(value.lower())) > 8
    mixed = any(c.isdigit() for c in value) and any(c.isupper() for c in value) and any(c.islower() for c in value)
    return bool(_RANDOM.fullmatch(value)) and mixed and value.count("/") < 3 and _entropy(value) >= _ENTROPY


def _entropy(text: str) -> float:
    """Shannon's, in bits a character."""
    shares = [text.count(letter) / len(text) for letter in set(text)]
    return -sum(share * math.log2(share) for share in shares)
