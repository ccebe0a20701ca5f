"""What looks like a secret, and what does not although it is long."""

from __future__ import annotations

import pytest

from jailpy.authoring.secret import hidden, named, why


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("X", "AKIA" + "ABCDEFGHIJ234567", "AWS"),
        ("X", "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8", "GitHub"),
        ("X", "glpat-" + "abcdefghij0123456789", "GitLab"),
        ("X", "xoxb-" + "1234567890-abcdef", "Slack"),
        ("X", "sk_live_" + "abcdefghij0123", "key of a service"),
        ("X", "-----BEGIN RSA PRIVATE KEY-----\nMII", "private key"),
        ("X", "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0In0.abc", "JWT"),
        ("DATABASE_URL", "postgres://user:pass@db/x", "password in an address"),
        ("DB_PASSWORD", "x", "its name"),
        ("db_passwd", "x", "its name"),
        ("API_KEY", "x", "its name"),
        ("APIKEY2", "x", "its name"),
        ("MY_TOKENS", "x", "its name"),
        ("X", "aB3dE5gH7jK9mN1pQ3sT5vX7", "random"),
        ("X", "0123456789abcdef" * 3, "random"),
    ],
)
def test_secret_is_seen(name: str, value: str, said: str) -> None:
    assert said in why(name, value)
    assert hidden(name, value) == "…"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LANG", "C.UTF-8"),
        ("TZ", "America/Argentina/Buenos_Aires"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("MODEL", "/srv/models/Resnet50/v2/weights.bin"),
        ("URL", "https://example.org/a/b?c=d"),
        ("GREETING", "Hello, World 123, this is a long sentence"),
        ("COMMIT", "0123456789abcdef0123456789abcdef01234567"),
        ("SOURCE_SHA256", "3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea"),
        ("ZEROS", "0" * 64),
        ("TOKEN_FILE", "/run/token"),
        ("SSH_AUTH_SOCK", "/x"),
        ("PASSWORD", ""),
        ("PWD", "/work"),
        ("AUTHOR", "me"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("MONKEY", "x"),
        ("VERSION", "3.11.2-beta.4+build.20240101"),
    ],
)
def test_what_is_none_is_left_alone(name: str, value: str) -> None:
    assert why(name, value) == ""
    assert hidden(name, value) == value


def test_names_alone_are_judged_where_there_is_no_value() -> None:
    assert named("GITHUB_TOKEN")
    assert not named("LC_ALL")
