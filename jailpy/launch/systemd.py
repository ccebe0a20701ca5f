"""A cgroup from the user's systemd: it moves this process to a scope in which jails may have cgroups of their own.

The interface is org.freedesktop.systemd1(5), StartTransientUnit, over the bus of the user (D-Bus specification).
jeepney, 20 ms, is imported when there is something to ask, for its messages alone: its own connections read without
bound. What is heard is bounded by _LARGEST and, all of it together, by _PATIENCE.
"""

from __future__ import annotations

import _socket  # the socket module costs 3 ms more
import errno
import os
import stat
import struct
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PATIENCE = 25.0  # seconds, for all of it: what libdbus waits, for many may ask at once
_LARGEST = 1 << 16  # bytes of a line or message; those that are waited for have some hundred
_TOLD = 200  # characters of an error that are passed on
_SYSTEMD = "org.freedesktop.systemd1"
_MALFORMED = (ValueError, LookupError, TypeError, AssertionError, RecursionError, struct.error)  # from jeepney


def reachable() -> bool:
    """Whether this user has a bus of their own; only asking tells whether there is a systemd on it."""
    return bool(_address())


def scope(name: str, description: str) -> None:
    """Move this process to a new scope ``name``, whose cgroup it may divide; it is gone with its last process.

    Raises OSError, which says who refused what; also where there was no answer for 25 s.
    """
    address = _address()
    if not address:
        raise OSError(errno.ENOENT, "there is no bus of the user's systemd")
    match = f"type='signal',sender='{_SYSTEMD}',member='JobRemoved',arg2='{name}'"
    questions = (
        _call("org.freedesktop.DBus", "Hello"),
        _call("org.freedesktop.DBus", "AddMatch", "s", (match,)),
        _call(_SYSTEMD, "StartTransientUnit", "ssa(sv)a(sa(sv))", (name, "fail", _properties(description), [])),
    )
    bus = _Bus(address)
    try:
        bus.send(*questions)  # at once, for to wait for each answer is to wait for another two processes
        _await_start(bus, name)
    except TimeoutError as error:
        raise OSError(errno.ETIMEDOUT, f"the user's systemd has not answered for {_PATIENCE:g} s") from error
    except _MALFORMED as error:
        raise OSError(errno.EPROTO, "the user's bus says what is no D-Bus message") from error
    finally:
        bus.close()


def _address() -> str:
    """The path of the socket of the user's bus, "" where there is none that is the user's own."""
    uid = os.geteuid()
    places = [f"{os.environ.get('XDG_RUNTIME_DIR') or f'/run/user/{uid}'}/bus", f"/run/user/{uid}/bus"]
    kind, _, path = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "").partition(";")[0].partition(",")[0].partition("=")
    if kind == "unix:path":
        places.insert(0, path)
    for place in places:
        try:
            status = os.stat(place)
        except (OSError, ValueError):
            continue
        if stat.S_ISSOCK(status.st_mode) and status.st_uid == uid:
            return place
    return ""


def _properties(description: str) -> list[tuple[str, tuple[str, Any]]]:
    """Of the scope, all older than systemd 252."""
    return [
        ("Description", ("s", description)),
        ("PIDs", ("au", [0])),  # 0: who asks. A number would be another process where the bus is seen from a container
        ("Delegate", ("b", True)),
        ("CollectMode", ("s", "inactive-or-failed")),
        # Some of systemd 252 and 251 end a scope, and with it the launcher, when anything below it was killed for its
        # memory (systemd issue 25376). They look for that where they account; delegation keeps the controller on.
        ("MemoryAccounting", ("b", False)),
    ]


def _call(service: str, method: str, signature: str | None = None, body: tuple[Any, ...] = ()) -> Any:
    from jeepney import DBusAddress, new_method_call

    interface = service if service != _SYSTEMD else f"{_SYSTEMD}.Manager"
    to = DBusAddress("/" + service.replace(".", "/"), bus_name=service, interface=interface)
    return new_method_call(to, method, signature, body)


def _await_start(bus: _Bus, name: str) -> None:
    """Wait for the job that starts the unit ``name``."""
    from jeepney import HeaderFields, MessageType

    while True:
        message = bus.receive()
        kind, fields, body = message.header.message_type, message.header.fields, message.body
        if kind is MessageType.error:
            text = f": {body[0]}" if body and type(body[0]) is str else ""
            raise _refusal(f"refused a scope: {fields.get(HeaderFields.error_name)}{text}")
        if kind is MessageType.signal and fields.get(HeaderFields.member) == "JobRemoved":
            _, _, unit, result = body
            if unit == name and result == "done":
                return
            if unit == name:
                raise _refusal(f"could not move the launcher to a scope: {result}")


def _refusal(what: str) -> OSError:
    return OSError(errno.EREMOTEIO, f"the user's systemd {what[:_TOLD]}")


class _Bus:
    """A connection whose operations all end by one deadline."""

    def __init__(self, path: str) -> None:
        self._deadline = time.monotonic() + _PATIENCE
        self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)  # closed at execve
        try:
            self._in_time().connect(path)
        except OSError as error:
            self._socket.close()
            raise OSError(error.errno or errno.ETIMEDOUT, f"{path}: {error.strerror or 'timed out'}") from error

    def close(self) -> None:
        self._socket.close()

    def send(self, *messages: Any) -> None:
        """Say who we are, and these messages at once; raises OSError where the bus does not know us."""
        from jeepney import Parser
        from jeepney.auth import BEGIN, make_auth_external

        data = b"".join(message.serialise(serial=serial) for serial, message in enumerate(messages, start=1))
        self._in_time().sendall(b"\0" + make_auth_external() + BEGIN + data)
        said = b""
        while b"\r\n" not in said:
            if len(said) > _LARGEST:
                raise ValueError("a line without an end")
            said += self._some(_LARGEST)
        line, _, rest = said.partition(b"\r\n")
        if not line.startswith(b"OK "):
            raise OSError(errno.EACCES, f"the user's bus refused: {line.decode(errors='replace')[:_TOLD]}")
        self._parser = Parser()
        self._parser.add_data(rest)

    def receive(self) -> Any:
        """The next message."""
        while True:
            message = self._parser.get_next_message()
            if message is not None:
                return message
            wanted = self._parser.bytes_desired()
            if wanted > _LARGEST:
                raise ValueError("a message of excessive size")
            self._parser.add_data(self._some(wanted))

    def _some(self, size: int) -> bytes:
        data: bytes = self._in_time().recv(size)
        if not data:
            raise OSError(errno.ECONNRESET, "the user's bus hung up")
        return data

    def _in_time(self) -> _socket.socket:
        """The socket, with the time that is left."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        return self._socket
