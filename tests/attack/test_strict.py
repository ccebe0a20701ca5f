"""Under ``strict``: no program, no process, no connection, and escapes kill. Layers that a host lacks are left out."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from tests.attack.conftest import Attack, Jail
from tests.attack.inside import HERE, opened, sc, seen
from tests.support import strictly
from tests.support.callers import Caller


@pytest.fixture
def strict(caller: Caller, folder: Path) -> tuple[str, str | Path]:
    """The options for strict."""
    return strictly.strict(caller, folder)


def test_code_only_computes(attack: Attack, strict: tuple[str, str | Path]) -> None:
    """Python runs, with threads and files of its own."""

    def plugin() -> object:
        import decimal
        import json
        import sqlite3

        heard = []
        thread = threading.Thread(target=heard.append, args=(json.loads("[1]"),))
        thread.start()
        thread.join()
        with sqlite3.connect("/work/db") as database:
            total = database.execute("select 1 + 2").fetchone()[0]
        return [heard, total, str(decimal.Decimal(1) / 8), opened("/tmp/file", os.O_CREAT | os.O_RDWR)]

    assert attack(plugin, options=strict) == [[[1]], 3, "0.125", "allowed"]


def test_socket_is_connected(attack: Attack, strict: tuple[str, str | Path]) -> None:
    """No socket is made and none connects; pairs are streams, whose ends cannot send to a name."""

    def plugin() -> object:
        sockets = {sc("socket", family, kind, 0) for family in (1, 2, 10, 16, 38) for kind in (1, 2)}
        pairs = [sc("socketpair", 1, kind, 0, bytes(8)) for kind in (1, 5, 2, 3, 2 | socket.SOCK_CLOEXEC)]
        a, b = socket.socketpair()
        a.send(b"x")
        return [
            len(sockets),
            "allowed" in sockets,
            pairs,
            b.recv(2).decode(),
            sc("connect", a.fileno(), bytes(110), 110),
        ]

    kinds, any_made, pairs, through, connect = attack(plugin, options=strict)
    assert (kinds, any_made, through) == (1, False, "x")
    assert pairs == ["allowed", "allowed", "EPERM", "EPERM", "EPERM"]
    assert connect in ("EPERM", "EACCES", "ENOSYS")


def test_process_or_program_is_started(attack: Attack, strict: tuple[str, str | Path]) -> None:
    """Neither, by any call that could; and pages of files are lent to no pipe."""

    def plugin() -> object:
        calls = [sc("clone", 17, 0, 0, 0, 0), sc("clone", 0x4111, 0, 0, 0, 0), seen(os.fork)]
        calls += [sc("execve", b"/proc/self/exe", 0, 0), sc("execve", 0, 0, 0)]
        calls += [sc("execveat", HERE, b"/proc/self/exe", 0, 0, 0)]
        return [sorted(set(calls)), sc("clone3", bytes(88), 88), sc("sendfile", 1, 0, 0, 1), sc("splice", 0)]

    assert attack(plugin, options=strict) == [["EPERM"], "ENOSYS", "EPERM", "EPERM"]


@pytest.mark.parametrize("call", ["mount", "unshare", "setns", "ptrace", "bpf", "keyctl", "init_module"])
def test_escape_is_tried_again_and_again(jail: Jail, strict: tuple[str, str | Path], call: str) -> None:
    """The first call of the escape class is the last: it ends the plugin, from whichever thread."""

    def plugin(name: str) -> object:
        threading.Thread(target=sc, args=(name, 0, 0, 0)).start()
        threading.Event().wait()

    run = jail(plugin, call, options=strict)
    assert (run.report["outcome"], run.report["signal"]) in (("signal", 31), ("denied", 31))


def test_option_widens_strict(jail: Jail, strict: tuple[str, str | Path], folder: Path) -> None:
    """No option makes it wider; narrower is taken."""

    def plugin() -> object:
        return "ran"

    wider = (("--timeout", "2h"), ("--limit", "memory=8G"), ("--read", folder), ("--write", folder), ("--env", "A=b"))
    for option in wider:
        run = jail(plugin, options=(*strict, *option))
        assert (run.done.returncode, run.done.stdout) == (125, b""), option
        assert run.report["outcome"] in ("profile-error", "usage-error"), option
    assert jail(plugin, options=(*strict, "--timeout", "20s", "--limit", "tasks=4")).saw() == "ran"


def test_layer_that_is_missing_is_passed_over(jail: Jail, caller: Caller) -> None:
    """The shipped profile runs with every layer on, or not at all."""

    run = jail("pass", options=("-p", "strict"))
    if strictly.is_whole(caller.kind):
        assert run.report["outcome"] == "ok", run.report["error"]
        assert {name for name, layer in run.report["layers"].items() if layer["state"] != "on"} == set()
    else:
        assert (run.report["outcome"], run.done.returncode, run.done.stdout) == ("setup-failed", 125, b"")
        assert "required" in run.report["error"]["message"]
