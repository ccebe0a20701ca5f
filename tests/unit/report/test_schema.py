"""The schema says what the code can give, and the examples of each kind of report keep to it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from jailpy.api import refused
from jailpy.cli.account import new_id
from jailpy.errors import SetupError
from jailpy.model.plan import Layer
from jailpy.model.request import Request
from jailpy.model.result import OUTCOMES, Failure, Limit, Result, Usage
from jailpy.report import document
from jailpy.report.quote import for_json
from tests.support.reports import SCHEMA, problems, validator

PID = 4_194_304
USAGE = Usage(cpu_user_s=0.1, cpu_system_s=0.0, memory_peak_bytes=1 << 40, stdout_bytes=0, stderr_bytes=7)
RESULT = Result(
    outcome="killed",
    status=143,
    exit_code=None,
    signal=15,
    failure=Failure(stage="root", step="new-root", errno=28, message="step new-root: no space", hint=""),
    layers=(Layer(name="cgroup", state="fallback", detail="…"),),
    warnings=("w",),
    started=1_800_000_000.25,
    wall_s=1.5,
    usage=USAGE,
    limits=(Limit(name="tasks", limit=64, peak=None, hits=None, ended_run=False),),
)


def made(result: Result = RESULT, request: Request | None = None) -> dict[str, Any]:
    jail = new_id(result.started, PID)
    told: dict[str, Any] = json.loads(
        for_json(document.report(result, None, request, jail, document.caller(1000, PID)))
    )
    return told


def test_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(validator().schema)
    assert json.loads(SCHEMA.read_text())["$schema"].endswith("2020-12/schema")


def test_report_keeps_to_it() -> None:
    assert problems(made()) == []
    assert problems(made(request=Request(command="run", labels=(("a", "b"),)))) == []


def test_outcomes_are_those_of_the_model() -> None:
    assert validator().schema["properties"]["outcome"]["enum"] == list(OUTCOMES)


@pytest.mark.parametrize("field", sorted(made()))
def test_every_field_is_required_and_no_other_is_allowed(field: str) -> None:
    """A field that is dropped, or spelled in another way, is found."""
    report = made()
    report[f"{field}x"] = report.pop(field)
    assert len(problems(report)) == 2


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("schema", 2),
        ("jail", "1-1"),
        ("outcome", "fine"),
        ("status", 256),
        ("signal", 0),
        ("started", "2026-11-24 10:00:00"),
        ("wall_s", -1),
        ("start", "cold"),
        ("labels.bad key", "x"),
        ("usage.tasks_peak", 1.5),
        ("layers.cgroup.state", "maybe"),
        ("limits.0.hits", -1),
        ("error.message", ""),
        ("policy.sha256", "abc"),
        ("caller.uid", "root"),
        ("plugin_says.exception", "x"),
        ("output", {"stdout": "", "stderr": ""}),
    ],
)
def test_wrong_value_is_found(path: str, wrong: object) -> None:
    report = copy.deepcopy(made())
    *parents, last = path.split(".")
    at: Any = report
    for name in parents:
        at = at[int(name) if isinstance(at, list) else name]
    at[last] = wrong
    assert problems(report)


def test_refusal_keeps_to_it() -> None:
    assert problems(made(refused(SetupError("what", hint="h", stage="s", step="t", errno=1)))) == []


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
       | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_json_is_what_the_json_module_reads_back(value: object) -> None:
    text = for_json(value)
    assert json.loads(text) == value
    assert text.isascii()
    assert "\n" not in text


def test_json_takes_lone_surrogates_and_refuses_what_is_no_json() -> None:
    assert json.loads(for_json("\udcff\x1b")) == "\udcff\x1b"
    for value in (b"x", float("nan"), {1, 2}):
        with pytest.raises((TypeError, ValueError)):
            for_json(value)


def test_ids_sort_by_time_and_are_unique_per_process() -> None:
    times = [1_600_000_000.0, 1_796_000_000.001, 1_796_000_000.002, 4_000_000_000.0]
    ids = [new_id(moment, pid) for moment in times for pid in (1, 32, 4_194_304)]
    assert [one[:9] for one in ids] == sorted(one[:9] for one in ids)
    assert len(set(ids)) == len(ids)
    assert all(problems({**made(), "jail": one}) == [] for one in ids)
