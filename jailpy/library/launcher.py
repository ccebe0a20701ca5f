"""One launcher process and all that goes to and from it. Nothing here waits except where it is told to."""

from __future__ import annotations

import fcntl
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import cache, partial
from importlib.util import find_spec
from typing import Self

from jailpy.errors import HostError
from jailpy.library.result import Result, conclude

PATIENCE = 2.0  # seconds that a launcher has to end its jail before it is killed, which ends the jail too
_BOOT = "import sys; sys.path += sys.argv[3:]; from jailpy.cli.hosted import main; main()"
_CHUNK = 1 << 16


class Launcher:
    """Owns the process and every descriptor; leaving the context ends the process and closes them."""

    def __init__(self, request: bytes, stdin: memoryview | int) -> None:
        """Start it. ``stdin`` is what the plugin shall read, or a descriptor to read it from. Raises HostError."""
        self.over = False
        self._given_up = False
        self._moves: dict[int, Callable[[], object]] = {}
        self._outgoing: dict[socket.socket, memoryview] = {}
        self._sources: dict[str, int] = {}
        self._received: dict[str, list[bytes]] = {"report": [], "stdout": [], "stderr": []}
        with ExitStack() as owned:
            try:
                self._start(owned, request, stdin)
            except OSError as error:
                hint = "allow more open files (ulimit -n) and processes (ulimit -u), or run fewer jails at once"
                raise HostError(f"no launcher can be started: {error.strerror}", hint=hint) from error
            self._owned = owned.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._owned:
            if not (self.over or self._given_up):
                self.give_up()
                self.wait(PATIENCE)

    def fileno(self) -> int:
        """A descriptor that polls readable when there is something to do; ``step(0)`` does it."""
        return self._epoll.fileno()

    def step(self, seconds: float | None) -> None:
        """Move what can be moved; wait at most ``seconds`` for the first of it. ``over`` says when it was the last."""
        for fd, _ in self._epoll.poll(seconds):
            if fd in self._moves:
                self._moves[fd]()

    def wait(self, seconds: float) -> None:
        """Do what there is to do until it is over, at most for ``seconds``."""
        deadline = time.monotonic() + seconds
        while not self.over and (left := deadline - time.monotonic()) > 0:
            self.step(left)

    def give_up(self) -> None:
        """Let the launcher end its jail at once and report that."""
        self._given_up = True
        if self._outgoing.pop(self._control, None):
            self._epoll.modify(self._control.fileno(), select.EPOLLIN)
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)

    def result(self) -> Result:
        """How it ended, when it is over. Raises JailError for what jailpy could not do."""
        report, stdout, stderr = (b"".join(parts) for parts in self._received.values())
        return conclude(report, stdout, stderr, self._process.wait())

    def _start(self, owned: ExitStack, request: bytes, stdin: memoryview | int) -> None:
        self._epoll = owned.enter_context(select.epoll())
        sink = None
        with ExitStack() as handed:  # what the launcher has of its own once it runs
            self._control, control = _pair(owned, handed)
            host = os.pidfd_open(os.getpid())
            handed.callback(os.close, host)
            if isinstance(stdin, int):
                source = stdin
            else:
                sink, end = _pair(owned, handed)
                source = end.fileno()
                self._outgoing[sink] = stdin
            self._process = _spawn(handed, source, control.fileno(), host)
        owned.callback(self._process.wait)
        owned.callback(self._process.kill)  # does nothing to one that has ended
        self._outgoing[self._control] = memoryview(request)
        self._add(self._control.fileno(), select.EPOLLIN | select.EPOLLOUT, self._converse)
        self._sources["report"] = self._control.fileno()
        if sink:
            self._add(sink.fileno(), select.EPOLLOUT, partial(self._feed, sink))
        for name, stream in (("stdout", self._process.stdout), ("stderr", self._process.stderr)):
            assert stream is not None
            owned.callback(stream.close)
            os.set_blocking(stream.fileno(), False)
            self._add(stream.fileno(), select.EPOLLIN, partial(self._receive, name))
            self._sources[name] = stream.fileno()
        self._watch_end(owned)

    def _watch_end(self, owned: ExitStack) -> None:
        """The end of the process is what counts: a fork of the application may hold other ends of the pipes open."""
        try:
            pidfd = os.pidfd_open(self._process.pid)
        except ProcessLookupError:  # the application ignores SIGCHLD, and it has ended already
            self._end()
            return
        owned.callback(os.close, pidfd)
        self._add(pidfd, select.EPOLLIN, self._end)

    def _add(self, fd: int, events: int, move: Callable[[], object]) -> None:
        self._epoll.register(fd, events)
        self._moves[fd] = move

    def _drop(self, fd: int) -> None:
        if self._moves.pop(fd, None):
            self._epoll.unregister(fd)

    def _converse(self) -> None:
        """Send what is left of the request, else take the report."""
        if self._control not in self._outgoing:
            self._receive("report")
        elif self._send(self._control):
            self._epoll.modify(self._control.fileno(), select.EPOLLIN)

    def _feed(self, sink: socket.socket) -> None:
        if self._send(sink):
            self._drop(sink.fileno())
            with suppress(OSError):
                sink.shutdown(socket.SHUT_WR)  # closing would not end it where a fork of the application has it too

    def _send(self, sink: socket.socket) -> bool:
        """Send a piece; true when there is nothing left to send, or nobody to send it to."""
        data = self._outgoing[sink]
        try:
            data = data[sink.send(data[:_CHUNK], socket.MSG_NOSIGNAL) :]  # SIGPIPE may be at its default
        except BlockingIOError:
            return False
        except OSError:
            data = data[:0]
        self._outgoing[sink] = data
        if not data:
            del self._outgoing[sink]
        return not data

    def _receive(self, name: str) -> bool:
        """Take a piece; false when there is none now."""
        fd = self._sources[name]
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._drop(fd)
            return False
        self._received[name].append(data)
        return True

    def _end(self) -> None:
        for name in self._sources:
            while self._receive(name):
                pass
        self.over = True


def _pair(owned: ExitStack, handed: ExitStack) -> tuple[socket.socket, socket.socket]:
    """Two connected sockets: ours, which never blocks, and the launcher's."""
    ours, theirs = socket.socketpair()
    owned.enter_context(ours).setblocking(False)
    return ours, handed.enter_context(theirs)


def _spawn(handed: ExitStack, stdin: int, *ends: int) -> subprocess.Popen[bytes]:
    passed = []
    for end in ends:  # above the streams: an application may have closed its own
        passed.append(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 3))
        handed.callback(os.close, passed[-1])
    return subprocess.Popen(
        [_interpreter(), "-IS", "-c", _BOOT, *map(str, passed), *_folders()],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        pass_fds=passed,
        start_new_session=True,  # a terminal's signals are the application's, which decides what becomes of its jails
    )


@cache
def _interpreter() -> str:
    """The Python that runs us; an application that embeds one has its own program there (sys.executable)."""
    if os.path.basename(sys.executable or "").startswith("python"):
        return sys.executable
    beside = os.path.join(sys.exec_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
    if os.access(beside, os.X_OK):
        return beside
    message = f"no launcher can be started: {sys.executable or 'this program'} is not Python, and there is no {beside}"
    raise HostError(message, hint="run the application in an environment that has its Python")


@cache
def _folders() -> tuple[str, ...]:
    """Where jailpy and what it is built on lie: the launcher imports from there and from the standard library alone."""
    found = [os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))]
    for name in ("_prctl", "pyseccomp"):
        spec = find_spec(name)
        if spec and spec.origin:
            found.append(os.path.dirname(os.path.abspath(spec.origin)))
    return tuple(dict.fromkeys(found))
