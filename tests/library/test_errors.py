"""What jailpy.run raises: only for what jailpy could not do, and what was asked wrongly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jailpy.errors import JailError
from jailpy.library.result import conclude

# call, exception, a part of its message
REFUSED = {
    "nothing": ("", "UsageError", "there is no plugin to run"),
    "missing": ('"./missing.py"', "UsageError", "./missing.py: No such file or directory"),
    "bare-word": ('"word"', "UsageError", "no plugin of that name is installed"),
    "folder": ("Path()", "UsageError", "the folder has no __main__.py"),
    "two-programs": ('code="1", tree="."', "UsageError", "needs the module to run"),
    "limit": ('code="1", limits={"memry": 1}', "UsageError", "did you mean memory?"),
    "limit-value": ('code="1", limits={"tasks": "many"}', "UsageError", "--limit tasks"),
    "timeout": ('code="1", timeout=0', "UsageError", "--timeout"),
    "timeout-nan": ('code="1", timeout=float("nan")', "UsageError", "--timeout"),
    "env-name": ('code="1", env={"A=B": "c"}', "UsageError", "env: 'A=B' is not a name"),
    "env-refused": ('code="1", env={"LD_PRELOAD": "c"}', "UsageError", "LD_PRELOAD"),
    "read": ('code="1", read="/missing"', "UsageError", "/missing: No such file or directory"),
    "nul": ('"a\\0b", code="1"', "UsageError", "has a NUL character"),
    "surrogate": ('"\\ud800", code="1"', "UsageError", "that no file name or argument can have"),
    "long-code": ('code="#" * (128 << 10)', "UsageError", "code: is longer than 131071 bytes"),
    "label": ('code="1", labels={"": "x"}', "UsageError", "labels: '' is not a name"),
    "empty": ('code="1", python=""', "UsageError", "python"),
    "profile": ('code="1", profile="missing"', "ProfileError", "there is no profile missing"),
    "profile-file": ('code="1", profile=Path("missing.toml")', "ProfileError", "missing.toml"),
    "digest": ('code="1", policy_digest="0" * 64', "ProfileError", "its digest is"),
    "wider": ('code="1", profile="strict", limits={"memory": None}', "ProfileError", "widened"),
    "layer": ('code="1", require="nonsense"', "ProfileError", "there is no layer nonsense"),
    "host": ('code="1", python="/missing/python3"', "JailError", "/missing/python3"),
    "type-code": ("code=b'1'", "TypeError", "code: expected str, found bytes"),
    "type-argument": ('1, code="1"', "TypeError", "an argument: expected str, found int"),
    "type-stdin": (
        'code="1", stdin="text"',
        "TypeError",
        "stdin: expected bytes, an open file or a descriptor, found str",
    ),
    "type-stdin-in-memory": ('code="1", stdin=__import__("io").BytesIO()', "TypeError", "descriptor, found BytesIO"),
    "stdin-closed": ('code="1", stdin=999', "UsageError", "stdin: the descriptor 999 is not open"),
    "stdin-folder": ('code="1", stdin=os.open(".", os.O_RDONLY)', "UsageError", "folder"),
    "type-limit": ('code="1", limits={"tasks": True}', "TypeError", "expected a number, a string or None, found bool"),
    "type-env": ('code="1", env={"A": 1}', "TypeError", "env['A']: expected str, found int"),
    "option": ('code="1", nonsense=1', "TypeError", "unexpected keyword argument 'nonsense'"),
}


@pytest.mark.parametrize("row", REFUSED)
def test_refusal_names_what_and_where(answers: Callable[..., dict[str, Any]], row: str) -> None:
    _, kind, part = REFUSED[row]
    classes, message = answers({name: f"jailpy.run({call})" for name, (call, *_) in REFUSED.items()})[row]
    assert kind in classes
    assert part in message
    assert ("JailError" in classes) == (kind != "TypeError")


def test_every_problem_of_a_profile_is_told(told: Callable[..., Any], folder: Path) -> None:
    (folder / "bad.toml").write_text('schema = 1\nextends = "default@1"\nfoo = 1\n[limits]\nmemory = true\n')
    problems, hint = told("""
        try:
            jailpy.run(code="1", profile="./bad.toml")
        except jailpy.ProfileError as error:
            tell([error.problems, error.hint])
    """)
    assert len(problems) == 2
    assert "foo" in problems[0]
    assert "limits.memory" in problems[1]
    assert "correct it" in hint


def test_layer_that_the_host_lacks_is_its_fault(told: Callable[..., Any]) -> None:
    found = told("""
        try:
            jailpy.run(code="1", require=["cgroup", "landlock"])
        except jailpy.HostError as error:
            tell([str(error), error.hint])
    """)
    assert "layer cgroup is required" in found[0]
    assert found[1] != ""


def test_refused_run_runs_nothing(told: Callable[..., Any], folder: Path) -> None:
    (folder / "out").mkdir()
    assert (
        told("""
        try:
            jailpy.run(code="open('/work/out/ran', 'w')", write="out", require="nonsense")
        except jailpy.ProfileError:
            tell(os.listdir("out"))
    """)
        == []
    )


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(("outcome", "error", "stage")), inner),
    max_leaves=12,
)


@given(st.binary(max_size=40) | _JSON.map(lambda value: json.dumps(value).encode()) | st.just(b"[" * 100_000))
def test_report_that_is_none_is_an_error_of_the_set_up(report: bytes) -> None:
    """What a launcher sends that is not itself any more."""
    with pytest.raises(JailError):
        conclude(report, b"", b"")
