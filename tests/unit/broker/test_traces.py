"""Tracebacks that the plugin's process writes: what faulthandler says is understood, and nothing else does harm."""

from __future__ import annotations

import faulthandler
import os
import threading

from hypothesis import given
from hypothesis import strategies as st

from jailpy.broker.traces import Traces, hears
from jailpy.model.result import Frame

_LINE = b'  File "/plugin/x.py", line 3 in f\n'


def collected(text: bytes) -> Traces:
    """What is made of these bytes."""
    here, there = os.pipe()
    traces = Traces(here)
    with os.fdopen(there, "wb", buffering=0) as pipe:
        while text and traces.fd >= 0:
            text = text[pipe.write(text[:4096]) :]
            traces.read()
    if traces.fd >= 0:
        traces.read()
    traces.close()
    return traces


def test_what_faulthandler_writes_is_understood() -> None:
    ready, done = threading.Event(), threading.Event()

    def other() -> None:
        ready.set()
        done.wait()

    thread = threading.Thread(target=other)
    thread.start()
    ready.wait()
    here, there = os.pipe()
    faulthandler.dump_traceback(there, all_threads=True)
    done.set()
    thread.join()
    os.close(there)
    traces = Traces(here)
    traces.read()
    traces.close()
    current, *others = traces.stacks()
    assert (current[0].file, current[0].function) == (__file__, "test_what_faulthandler_writes_is_understood")
    assert any(frame.function == "other" for stack in others for frame in stack)


def test_current_thread_comes_first_and_our_own_code_not_at_all() -> None:
    ours = b'  File "/run/jailpy/bootstrap.py", line 9 in run\n'
    text = b"Thread 0x1 (most recent call first):\n" + _LINE + b"\nCurrent thread 0x2 (most recent call first):\n"
    text += _LINE.replace(b"3", b"4") + ours
    frames = [Frame(file="/plugin/x.py", line=number, function="f") for number in (4, 3)]
    assert collected(text).stacks() == ((frames[0],), (frames[1],))


@given(st.lists(st.sampled_from([b"Thread x\n", b"Current thread x\n", _LINE, b'  File "', b'", line 1', b" in \xff\n"])
                | st.binary(max_size=200)).map(b"".join))  # fmt: skip
def test_any_bytes_give_some_frames_or_none(text: bytes) -> None:
    for stack in collected(text).stacks():
        assert stack
        assert all(frame.line >= 0 and "\n" not in frame.file + frame.function for frame in stack)


def test_no_more_is_kept_than_a_report_can_hold() -> None:
    """A plugin that writes on and on is not read on."""
    for text in (b"Thread x\n" + _LINE * 10_000, (b"Thread x\n" + _LINE) * 10_000, b"x" * (1 << 20)):
        traces = collected(text)
        stacks = traces.stacks()
        assert len(stacks) <= 16
        assert all(len(stack) <= 64 for stack in stacks)
    long = collected(b'Thread x\n  File "' + b"a" * 10_000 + b'", line 3 in ' + b"b" * 10_000).stacks()
    assert [len(text) for text in (long[0][0].file, long[0][0].function)] == [512, 512]


def test_signal_is_heard_by_a_process_that_handles_it_alone() -> None:
    """Of others the signal would be the end."""
    heard, here = os.pipe(), os.pipe()
    first = os.fork()
    if first == 0:
        plugin = os.fork()
        if plugin == 0:
            faulthandler.register(63, chain=False)
            os.write(here[1], b"1")
        os.read(heard[0], 1)
        os._exit(0)
    os.read(here[0], 1)
    assert hears(first, 63)
    assert not hears(first, 62)
    os.write(heard[1], b"11")
    os.waitpid(first, 0)
    assert not hears(first, 63)
