"""Standard input, output and error, byte for byte: what a well-made Unix tool does with them."""

from __future__ import annotations

import hashlib
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.attack.conftest import LONG, Jail, Starter
from tests.attack.inside import say
from tests.support.callers import Caller, environment, run_as
from tests.support.installed import Installed

COPY = "import shutil, sys\nshutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)\n"
Words = Callable[..., list[str | Path]]


def test_every_byte_passes_both_ways(jail: Jail) -> None:
    data = bytes(range(256)) * 64 + random.Random(1).randbytes(3_000_000)
    done = jail(COPY, input=data).done
    assert (done.returncode, done.stdout == data, done.stderr) == (0, True, b"")


def test_a_gigabyte_passes_unharmed(caller: Caller, words: Words) -> None:
    """Through standard input and out again, in a pipeline."""
    block = random.Random(2).randbytes(1 << 20)
    script = f"import sys\nfor _ in range(1024): sys.stdout.buffer.write({block[:32]!r} * {1 << 15})\n"
    rights = {"user": caller.uid, "group": caller.gid, "extra_groups": []} if os.geteuid() == 0 else {}
    command = words(COPY, options=("--limit", "output=none", "--limit", "cpu=none", "--timeout", f"{4 * LONG:g}s"))
    passed, expected = hashlib.blake2b(), hashlib.blake2b()
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as source:
        assert source.stdout
        how: dict[str, Any] = {"stdin": source.stdout, "cwd": caller.home, "env": environment(caller), **rights}
        with subprocess.Popen(command, stdout=subprocess.PIPE, **how) as relay:
            assert relay.stdout
            source.stdout.close()
            while data := relay.stdout.read(1 << 20):
                passed.update(data)
    for _ in range(1024):
        expected.update(block[:32] * (1 << 15))
    assert (source.returncode, relay.returncode) == (0, 0)
    assert passed.digest() == expected.digest()


def test_end_of_input_arrives_when_the_caller_sends_it(live: Starter) -> None:
    def plugin() -> object:
        say("reading")
        return sys.stdin.read()

    with live(plugin) as jail:
        assert jail.heard() == "reading"
        jail.process.stdin.write(b"all")
        jail.let_go()
        assert jail.saw() == "all"


def test_plugin_that_closes_its_input_goes_on(jail: Jail) -> None:
    """The caller's is then not read any more: whoever writes it gets EPIPE when we end."""
    run = jail("import os, time\nos.close(0)\ntime.sleep(0.2)\nprint('on')\n", input=b"x" * 1_000_000)
    assert (run.done.returncode, run.done.stdout) == (0, b"on\n")


def test_reader_that_goes_ends_the_plugins_writing(caller: Caller, words: Words, folder: Path) -> None:
    """As in ``yes | head``: the plugin gets EPIPE, and the run ends."""
    command = words(
        "import sys\nwhile True: sys.stdout.write('y' * 4095 + '\\n')\n", options=("--limit", "output=none")
    )
    script = f'"$@" 2>{folder}/errors | head -n 1 | wc -c'
    done = run_as(caller, ["sh", "-c", script, "sh", *command], cwd=folder)
    assert done.stdout.strip() == b"4096"
    assert b"BrokenPipeError" in (folder / "errors").read_bytes()


def test_counts_are_exact(jail: Jail) -> None:
    run = jail("import os\nos.write(1, b'x' * 70000)\nos.write(2, b'y' * 333)\n")
    assert (len(run.done.stdout), len(run.done.stderr)) == (70000, 333)
    assert (run.report["usage"]["stdout_bytes"], run.report["usage"]["stderr_bytes"]) == (70000, 333)


@pytest.mark.parametrize("size", [0, 1, 4096, 65536, 100_000])
def test_cap_on_output_is_exact_to_the_byte(jail: Jail, size: int) -> None:
    within = jail(f"import os\nos.write(1, b'x' * {size})\n", options=("--limit", f"output={size}"))
    assert (within.report["outcome"], len(within.done.stdout)) == ("ok", size)
    beyond = jail(f"print('x' * {size + 200_000})\n", options=("--limit", f"output={size}"))
    assert (beyond.report["outcome"], len(beyond.done.stdout)) == ("output-limit", size)


def test_cap_is_for_both_streams_together(jail: Jail) -> None:
    code = "import os\nwhile True: os.write(1, b'o' * 100), os.write(2, b'e' * 100)\n"
    run = jail(code, options=("-q", "--limit", "output=10000"))
    assert (run.report["outcome"], len(run.done.stdout) + len(run.done.stderr)) == ("output-limit", 10000)


def test_two_runs_that_share_a_pipe_do_not_block_each_other(caller: Caller, words: Words, folder: Path) -> None:
    """Each byte wakes both, one gets it, and the other must not wait for the next: its clock would stand still."""
    rights = {"user": caller.uid, "group": caller.gid, "extra_groups": []} if os.geteuid() == 0 else {}
    theirs, ours = os.pipe()
    code = "import sys\nprint('ready', flush=True)\nwhile sys.stdin.buffer.read1(): pass\n"
    command = words(code, options=("--timeout", "3s"))
    runs = [
        subprocess.Popen(
            command, stdin=theirs, stdout=subprocess.PIPE, cwd=folder, env=environment(caller), bufsize=0, **rights
        )
        for _ in range(2)
    ]
    os.close(theirs)
    try:
        assert [run.stdout.readline() for run in runs if run.stdout] == [b"ready\n"] * 2
        for _ in range(100):
            os.write(ours, b"x")
            time.sleep(0.002)
        assert [run.wait(LONG) for run in runs] == [124, 124]
    finally:
        os.close(ours)
        for run in runs:
            run.kill()
            run.communicate()


def test_another_reader_was_faster(installed: Installed) -> None:
    """What polled ready is gone when it is read: we do not wait, and the caller's description stays as it was."""
    code = (
        "import os, select, signal\n"
        "from jailpy.broker.stdio import Input\n"
        "from jailpy.launch.streams import standard_input\n"
        "signal.alarm(20)\n"
        "callers = os.dup(0)\n"
        "source, owned = standard_input('')\n"
        "stream = Input(source, os.pipe()[1], owned=owned)\n"
        "stream.move(source, select.POLLIN)\n"
        "print(stream.open, os.get_blocking(callers))\n"
    )
    theirs, ours = os.pipe()
    try:
        done = subprocess.run([installed.python, "-I", "-c", code], stdin=theirs, capture_output=True)
    finally:
        os.close(theirs)
        os.close(ours)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"True True\n", b"")


def test_loop_over_a_file_goes_on(caller: Caller, words: Words, folder: Path) -> None:
    """What a plugin leaves unread of a file is there for whoever reads it next, as POSIX has it for utilities."""
    (folder / "list").write_text("one\ntwo\nthree\n")
    script = 'while read line; do "$@"; echo "$line"; done < list'
    done = run_as(caller, ["sh", "-c", script, "sh", *words("pass")], cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"one\ntwo\nthree\n", b"")


def test_what_is_read_of_a_file_is_gone_and_no_more(caller: Caller, words: Words, folder: Path) -> None:
    (folder / "data").write_bytes(b"12345" + b"x" * 200_000)
    command = words("import os\nos.write(1, os.read(0, 5) + b'|')\n")
    done = run_as(caller, ["sh", "-c", '( "$@"; cat ) < data', "sh", *command], cwd=folder)
    assert done.stdout == b"12345|" + b"x" * 200_000


def test_loop_over_a_pipe_goes_on_with_stdin_from_a_file(caller: Caller, words: Words, folder: Path) -> None:
    """A pipe cannot be put back: as with ssh -n, the run is kept from it."""
    command = words("import sys\nprint(repr(sys.stdin.read()))\n", options=("--stdin", "/dev/null"))
    script = 'printf "one\\ntwo\\n" | while read line; do "$@"; echo "$line"; done'
    done = run_as(caller, ["sh", "-c", script, "sh", *command], cwd=folder)
    assert done.stdout == b"''\none\n''\ntwo\n"


def test_stdin_names_a_file(jail: Jail, folder: Path) -> None:
    (folder / "data").write_bytes(b"from the file")
    run = jail(COPY, options=("--stdin", "data"), input=b"from the caller")
    assert run.done.stdout == b"from the file"


def test_stdin_names_a_fifo(caller: Caller, words: Words, folder: Path) -> None:
    """Nothing waits for its writer: the run has begun."""
    os.mkfifo(folder / "fifo")
    os.chown(folder / "fifo", caller.uid, caller.gid)
    command = words("import sys\nprint('ready', flush=True)\nprint(sys.stdin.read())\n", options=("--stdin", "fifo"))
    rights = {"user": caller.uid, "group": caller.gid, "extra_groups": []} if os.geteuid() == 0 else {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=folder, env=environment(caller), **rights) as run:
        assert run.stdout
        assert run.stdout.readline() == b"ready\n"
        (folder / "fifo").write_bytes(b"late")
        assert run.stdout.read() == b"late\n"


@pytest.mark.parametrize(
    ("file", "words_of"),
    [("missing", "No such file"), (".", "is a folder"), ("secret", "Permission denied")],
)
def test_stdin_that_cannot_be_read_is_said(jail: Jail, caller: Caller, folder: Path, file: str, words_of: str) -> None:
    if file == "secret" and caller.kind == "root":
        file, words_of = "missing", "No such file"  # root reads everything
    (folder / "secret").touch(mode=0)
    run = jail(COPY, options=("--stdin", file))
    assert (run.done.returncode, run.report["outcome"]) == (125, "usage-error")
    assert f"--stdin {file}" in run.report["error"]["message"]
    assert words_of in run.report["error"]["message"]


def test_input_that_is_open_for_writing_only_is_said(caller: Caller, words: Words, folder: Path) -> None:
    done = run_as(caller, ["sh", "-c", '"$@" 0> written', "sh", *words("pass")], cwd=folder)
    assert done.returncode == 125
    assert done.stderr.startswith(b"jailpy: standard input is open for writing only\njailpy: hint: ")


def test_input_of_nohup_is_empty(caller: Caller, words: Words, folder: Path) -> None:
    """nohup(1) opens /dev/null for writing only where the input was a terminal."""
    command = words("import sys\nprint(repr(sys.stdin.read()))\n")
    done = run_as(caller, ["sh", "-c", '"$@" 0> /dev/null', "sh", *command], cwd=folder)
    assert (done.returncode, done.stdout) == (0, b"''\n")


@pytest.mark.parametrize("how", [">", ">>"])
def test_output_into_a_file(caller: Caller, words: Words, folder: Path, how: str) -> None:
    """Also one that is appended to, which the kernel does not splice into."""
    (folder / "file").write_text("old\n")
    os.chown(folder / "file", caller.uid, caller.gid)
    command = words("import os\nfor _ in range(50): os.write(1, b'x' * 9999 + b'\\n')\n")
    done = run_as(caller, ["sh", "-c", f'"$@" {how} file', "sh", *command], cwd=folder)
    assert (done.returncode, done.stderr) == (0, b"")
    kept = b"old\n" if how == ">>" else b""
    assert (folder / "file").read_bytes() == kept + (b"x" * 9999 + b"\n") * 50


def test_output_into_a_socket(caller: Caller, words: Words, folder: Path) -> None:
    """As sshd and systemd give one."""
    rights = {"user": caller.uid, "group": caller.gid, "extra_groups": []} if os.geteuid() == 0 else {}
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = words(COPY)
        run = subprocess.Popen(command, stdin=theirs, stdout=theirs, cwd=folder, env=environment(caller), **rights)
        theirs.close()
        data = random.Random(3).randbytes(500_000)

        def send() -> None:
            ours.sendall(data)
            ours.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        received = b""
        while part := ours.recv(1 << 16):
            received += part
        sender.join()
        assert (run.wait(LONG), received == data) == (0, True)


def test_full_disk_behind_the_output_is_no_success(caller: Caller, words: Words, folder: Path) -> None:
    """The plugin may have ended well before its output was written."""
    done = run_as(caller, ["sh", "-c", '"$@" > /dev/full', "sh", *words("print('x' * 10)")], cwd=folder)
    assert done.returncode == 125
    assert b"standard output: No space left on device" in done.stderr


def test_output_that_nobody_takes_does_not_hold_up_the_clock(live: Starter) -> None:
    """A reader who does not read: the plugin is stopped at its limit all the same."""

    def plugin() -> object:
        say("started")
        while True:
            os.write(1, b"x" * 4096)

    with live(plugin, options=("--timeout", "1s", "--limit", "output=none")) as jail:
        assert jail.heard() == "started"
        pid_1, *_ = jail.processes()
        pidfd = os.pidfd_open(pid_1)
        try:
            import select

            assert select.select([pidfd], [], [], LONG)[0] == [pidfd]
        finally:
            os.close(pidfd)
