"""A scope asked for on a bus that has no systemd, that is not the user's, or that says what it should not."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jeepney import DBusAddress, Message, new_error, new_method_call, new_signal

from jailpy.launch import systemd
from tests.conftest import must_have, must_run

NAME = "jailpy-1.scope"
MANAGER = DBusAddress("/org/freedesktop/systemd1", "org.freedesktop.systemd1", "org.freedesktop.systemd1.Manager")
HELLO = b"OK 0123456789abcdef0123456789abcdef\r\n"
Answer = Callable[[socket.socket], None]


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the bus of this user is said to be; nothing is there yet."""
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/bus,guid=0123456789abcdef")
    return tmp_path / "bus"


@contextmanager
def bus(address: Path, answer: Answer) -> Iterator[None]:
    """Somebody at the address who hears the question and answers; the connection is closed after that."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            while b"BEGIN\r\n" not in connection.recv(1 << 16):
                continue
            try:
                answer(connection)
            except (BrokenPipeError, ConnectionResetError):
                return  # the asker has heard enough

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen()
        server = threading.Thread(target=serve)
        server.start()
        try:
            yield
        finally:
            server.join()
            address.unlink()


def refused(address: Path, answer: Answer) -> OSError:
    """The error that a scope asked for there ends with."""
    with bus(address, answer), pytest.raises(OSError, match=r".") as caught:
        systemd.scope(NAME, "A jail")
    return caught.value


def saying(*parts: bytes) -> Answer:
    return lambda connection: connection.sendall(b"".join(parts))


def removed(unit: str, result: str) -> bytes:
    """The signal with which systemd tells of a job's end."""
    return signal("JobRemoved", "uoss", (7, "/org/freedesktop/systemd1/job/7", unit, result))


def signal(member: str, signature: str | None = None, body: tuple[object, ...] = ()) -> bytes:
    made: bytes = new_signal(MANAGER, member, signature, body).serialise(serial=1)
    return made


def an_error(name: str, text: str) -> bytes:
    question: Message = new_method_call(MANAGER, "StartTransientUnit")
    question.header.serial = 3
    made: bytes = new_error(question, name, "s", (text,)).serialise(serial=1)
    return made


def test_scope_is_there_when_its_own_job_is_done(address: Path) -> None:
    """Jobs of others and signals of other names are passed over; no descriptor is left."""
    before = os.listdir("/proc/self/fd")
    with bus(address, saying(HELLO, removed("other.scope", "failed"), signal("UnitNew"), removed(NAME, "done"))):
        systemd.scope(NAME, "A jail")
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.parametrize("result", ["failed", "canceled", "timeout"])
def test_job_that_failed_is_named(address: Path, result: str) -> None:
    error = refused(address, saying(HELLO, removed(NAME, result)))
    assert (error.errno, error.strerror) == (
        errno.EREMOTEIO,
        f"the user's systemd could not move the launcher to a scope: {result}",
    )


def test_refusal_is_told_with_a_length_that_can_be_read(address: Path) -> None:
    error = refused(address, saying(HELLO, an_error("org.freedesktop.DBus.Error.AccessDenied", "no" * 9999)))
    assert error.errno == errno.EREMOTEIO
    assert str(error.strerror).startswith(
        "the user's systemd refused a scope: org.freedesktop.DBus.Error.AccessDenied: nono"
    )
    assert len(str(error.strerror)) < 300


def test_bus_without_systemd_is_named(address: Path) -> None:
    """A real bus, on which nobody has systemd's name."""
    command = [must_have("dbus-daemon"), "--session", "--nofork", f"--address=unix:path={address}", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as daemon:
        assert daemon.stdout
        daemon.stdout.readline()
        try:
            with pytest.raises(OSError, match=r"refused a scope: org\.freedesktop\.DBus\.Error\.[\w.]+: "):
                systemd.scope(NAME, "A jail")
        finally:
            daemon.terminate()


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        (b"", errno.ECONNRESET),
        (b"REJECTED EXTERNAL\r\n", errno.EACCES),
        (b"x" * (1 << 20), errno.EPROTO),
        (HELLO, errno.ECONNRESET),
        (HELLO + removed(NAME, "done")[:-1], errno.ECONNRESET),
        (HELLO + b"\r\n" * 99, errno.EPROTO),
        (HELLO + b"l\4\1\1" + b"\xff\xff\xff\x07" + bytes(8), errno.EPROTO),  # a body of 128 MiB
        (HELLO + signal("JobRemoved", "s", (NAME,)), errno.EPROTO),
        (HELLO + signal("JobRemoved", "g", ("a" * 255,)).replace(b"\1g\0", b"\1v\0"), errno.EPROTO),
    ],
)
def test_bus_that_says_what_it_should_not_is_left(address: Path, answer: bytes, number: int) -> None:
    assert refused(address, saying(answer)).errno == number


@given(noise=st.binary(max_size=200), after=st.sampled_from([b"", HELLO, HELLO + b"l\4\1\1"]))
def test_noise_is_an_error_that_can_be_shown(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, after: bytes
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("noise") / "bus"
        patch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={path}")
        assert refused(path, saying(after, noise)).strerror


def test_bus_that_only_chatters_is_waited_for_no_longer_than_a_silent_one(
    address: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(systemd, "_PATIENCE", 1.0)
    over = threading.Event()

    def chatter(connection: socket.socket) -> None:
        connection.sendall(HELLO)
        while not over.wait(0.2):
            connection.sendall(signal("UnitNew"))

    def ask() -> None:
        try:
            systemd.scope(NAME, "A jail")
        finally:
            over.set()

    with bus(address, chatter), pytest.raises(OSError, match="has not answered for 1 s") as caught:
        ask()
    assert caught.value.errno == errno.ETIMEDOUT


def test_bus_that_nobody_serves_any_more(address: Path) -> None:
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(address))
    assert systemd.reachable()
    with pytest.raises(OSError, match=f"{address}: Connection refused"):
        systemd.scope(NAME, "A jail")


def test_place_without_a_bus(address: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing there, a file, an address of another kind: none is one."""
    must_run(not Path(f"/run/user/{os.geteuid()}/bus").exists(), "this user has a real bus, which would be found")
    assert not systemd.reachable()
    address.touch()
    assert not systemd.reachable()
    for other in ("", "tcp:host=localhost", "unix:abstract=/tmp/x", "=;,:"):
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", other)
        assert not systemd.reachable()
    with pytest.raises(FileNotFoundError, match="no bus of the user's systemd"):
        systemd.scope(NAME, "A jail")


def test_bus_of_somebody_else_is_not_asked(address: Path) -> None:
    must_run(os.geteuid() == 0, "only root can make a socket another user's")
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.bind(str(address))
        theirs.listen()
        assert systemd.reachable()
        os.chown(address, 65534, 65534)
        assert not systemd.reachable()


def test_bus_in_the_runtime_folder_is_found_without_its_address(address: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a cron job, or after su."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(address.parent))
    with bus(address, saying(HELLO, removed(NAME, "done"))):
        systemd.scope(NAME, "A jail")
