"""How an application uses the library, for the type checker: every name, every argument, every field."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal, assert_type

import jailpy
from jailpy import HostError, JailError, PluginError, ProfileError, SetupError, UsageError


def plain() -> bytes:
    result = jailpy.run("plugin.py", "argument", Path("file"))
    assert_type(result, jailpy.Result)
    assert_type(result.ok, bool)
    assert_type(result.status, int)
    assert_type(result.exit_code, int | None)
    assert_type(result.signal, int | None)
    assert_type(result.stdout, bytes)
    assert_type(result.report, dict[str, Any])
    assert_type(result.check(), jailpy.Result)
    return result.stderr


def everything() -> float:
    result = jailpy.run(
        code="print(1)",
        profile=Path("strict.toml"),
        stdin=sys.stdin.buffer,
        read=[Path("data"), "/usr/share:/data"],
        write="out",
        env={"A": "b"},
        limits={"memory": "1G", "tasks": 8, "cpu": 0.5, "output": None},
        timeout=5,
        labels={"job": "1"},
        python="3.11",
        require=("landlock",),
        policy_digest=None,
    )
    return result.wall_s


def outcome(result: jailpy.Result) -> str:
    assert_type(
        result.outcome,
        Literal["ok", "error", "signal", "timeout", "cpu-limit", "memory-limit", "output-limit", "killed", "denied"],
    )
    match result.outcome:
        case "ok":
            return "well"
        case "timeout" | "cpu-limit" | "memory-limit" | "output-limit":
            return "too much"
        case "error" | "signal" | "killed" | "denied":
            return "badly"


async def later() -> jailpy.Result:
    try:
        return await jailpy.arun(module="package", tree="folder", stdin=b"bytes", timeout="5m")
    except ProfileError as error:
        assert_type(error.problems, tuple[str, ...])
        raise
    except SetupError as error:
        assert_type(error.errno, int)
        raise
    except (HostError, UsageError, JailError) as error:
        raise SystemExit(f"{error.message}: {error.hint}") from error
    except PluginError as error:
        return error.result


def wrong() -> None:
    jailpy.run(code=b"bytes")  # type: ignore[arg-type]
    jailpy.run("plugin.py", nonsense=1)  # type: ignore[call-arg]
    jailpy.run("plugin.py", stdin="text")  # type: ignore[arg-type]
    jailpy.nonsense  # type: ignore[attr-defined]  # noqa: B018 (the type checker is asked)
