"""Where a plugin is when its memory runs short: in the report, as what its own process says."""

from __future__ import annotations

import signal
import time

import pytest

from tests.machine.inside.conftest import Jail, Profile, needs_kind

ASKED = '[python]\nmemory-traceback = true\n[limits]\nmemory = "64M"\n'


def hog() -> object:
    def grow(taken: list[bytes]) -> None:
        for _ in range(200):
            taken.append(b"x" * (1 << 20))
            time.sleep(0.002)

    grow([])
    return "all was taken"


def test_line_is_told_where_memory_runs_short(jail: Jail, profile: Profile) -> None:
    """In the report and on standard error; the mark is gone afterwards, so that nothing is slowed down."""
    run = jail(hog, options=profile(ASKED))
    assert run.report["outcome"] == "memory-limit", run.done.stderr
    (stack,) = run.report["plugin_says"]["at_memory_high"]
    assert [frame["function"] for frame in stack[:2]] == ["grow", "hog"]
    assert {frame["file"] for frame in stack} == {"/plugin/plugin.py"}
    assert f"it was at /plugin/plugin.py:{stack[0]['line']} in grow".encode() in run.done.stderr


@needs_kind("systemd", "root")
def test_mark_of_the_profile_is_told_as_well(jail: Jail, profile: Profile) -> None:
    """The plugin goes on, more slowly, until its time is over."""
    run = jail(hog, options=(*profile(f'{ASKED}memory-high = "40M"\n'), "--timeout", "20s"))
    assert run.report["outcome"] == "timeout", run.done.stderr
    assert run.report["plugin_says"]["at_memory_high"][0][0]["function"] == "grow"


@needs_kind("root")
@pytest.mark.parametrize("handler", [signal.SIG_DFL, signal.SIG_IGN])
def test_plugin_that_does_not_listen_is_not_asked(jail: Jail, profile: Profile, handler: signal.Handlers) -> None:
    """The signal would end it."""

    def plugin(handler: str) -> object:
        signal.signal(63, signal.Handlers(int(handler)))
        return len(bytearray(b"x") * (50 << 20))  # and 8 or so of its own: between the mark and the limit

    run = jail(plugin, int(handler), options=profile(ASKED))
    assert run.report["outcome"] == "ok", run.done.stderr
    assert run.report["plugin_says"]["at_memory_high"] is None
