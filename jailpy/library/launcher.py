"""One launcher process and all that goes to and from it. Nothing here waits except where it is told to."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import socket
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
_GIVEN = 5  # descriptors that the launcher gets: standard streams, the socket, the application's pidfd
_BOOT = "import sys; sys.path += sys.argv[1:]; from jailpy.cli.hosted import main; main()"
_NAMED = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"  # 1: a program must be named to make a jail
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
        return conclude(report, stdout, stderr)

    def _start(self, owned: ExitStack, request: bytes, stdin: memoryview | int) -> None:
        self._epoll = owned.enter_context(select.epoll())
        with ExitStack() as handed:  # what the launcher has of its own once it runs
            ends = [self._input(owned, handed, stdin)]
            for name in ("stdout", "stderr"):
                source, end = os.pipe2(os.O_CLOEXEC)
                owned.callback(os.close, source)
                handed.callback(os.close, end)
                os.set_blocking(source, False)
                self._listen(name, source)
                ends.append(end)
            self._control, control = _pair(owned, handed)
            self._outgoing[self._control] = memoryview(request)
            self._listen("report", self._control.fileno())
            self._epoll.modify(self._control.fileno(), select.EPOLLIN | select.EPOLLOUT)
            self._moves[self._control.fileno()] = self._converse
            host = os.pidfd_open(os.getpid())
            handed.callback(os.close, host)
            pid = _spawn(handed, *ends, control.fileno(), host)
        self._adopt(owned, pid)

    def _input(self, owned: ExitStack, handed: ExitStack, stdin: memoryview | int) -> int:
        if isinstance(stdin, int):
            return stdin
        sink, source = _pair(owned, handed)
        self._outgoing[sink] = stdin
        self._add(sink.fileno(), select.EPOLLOUT, partial(self._feed, sink))
        return source.fileno()

    def _adopt(self, owned: ExitStack, pid: int) -> None:
        """The end of the process is what counts: a fork of the application may hold other ends of the pipes open."""
        try:
            pidfd = os.pidfd_open(pid)
        except ProcessLookupError:  # it has ended already, and the application ignores SIGCHLD or waits for all
            self._end()
            return
        except OSError:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise
        owned.callback(os.close, pidfd)
        owned.callback(_kill, pidfd)
        self._add(pidfd, select.EPOLLIN, self._end)

    def _listen(self, name: str, source: int) -> None:
        self._sources[name] = source
        self._add(source, select.EPOLLIN, partial(self._receive, name))

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


def _spawn(handed: ExitStack, *ends: int) -> int:
    """Start the process with ``ends`` as its descriptors from 0 on; its id.

    By posix_spawn(3): subprocess.Popen waits for the end of a pipe that a fork of the application may hold open. What
    else the application lets its children inherit, the launcher closes before anything else.
    """
    actions = []
    for number, end in enumerate(ends):
        # above the targets, where an application that has closed its streams gets its descriptors
        high = fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _GIVEN)
        handed.callback(os.close, high)
        actions.append((os.POSIX_SPAWN_DUP2, high, number))
    command = command_line()
    mine = list(os.environ)  # another thread may change it meanwhile
    variables = {name: os.environ.get(name, "") for name in mine if not name.startswith("PYTHON")}
    # a session of its own: a terminal's signals are the application's, which decides what becomes of its jails
    return os.posix_spawn(command[0], command, variables, file_actions=actions, setsid=True)


def _kill(pidfd: int) -> None:
    """End the process, if it has not ended, and collect it, if nobody else has."""
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitid(os.P_PIDFD, pidfd, os.WEXITED)


@cache
def command_line() -> tuple[str, ...]:
    """What to execute: Python itself, or the installed command where AppArmor knows jailpy by that script."""
    with suppress(OSError), open(_NAMED, encoding="ascii") as file:
        if file.read().strip() == "1" and (script := installed_command()):
            return (script, "--hosted")
    return (_interpreter(), "-IS", "-c", _BOOT, *_folders())


def installed_command() -> str:
    """The script that starts the jailpy of this very environment; empty where there is none."""
    for script in (os.path.join(sys.prefix, "bin/jailpy"), "/usr/local/bin/jailpy"):
        with suppress(OSError), open(script, "rb") as file:
            if os.fsencode(sys.prefix) in file.read(4096):
                return script
    return ""


def _interpreter() -> str:
    """The Python that runs us; an application that embeds one has its own program there (sys.executable)."""
    if os.path.basename(sys.executable or "").startswith("python"):
        return sys.executable
    beside = os.path.join(sys.exec_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
    if os.access(beside, os.X_OK):
        return beside
    message = f"no launcher can be started: {sys.executable or 'this program'} is not Python, and there is no {beside}"
    raise HostError(message, hint="run the application in an environment that has its Python")


def _folders() -> tuple[str, ...]:
    """Where jailpy and what it is built on lie: the launcher imports from there and from the standard library alone."""
    found = [os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))]
    for name in ("_prctl", "pyseccomp"):
        spec = find_spec(name)
        if spec and spec.origin:
            found.append(os.path.dirname(os.path.abspath(spec.origin)))
    return tuple(dict.fromkeys(found))
