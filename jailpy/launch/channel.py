"""The channel between pid 1 of the jail and the launcher: a pair of sockets, which costs two descriptors of the few
that a caller may have allowed.

To the launcher go messages of a fixed size. To pid 1 go single bytes: a zero when the ids are mapped, another when the
plugin may start, if the launcher has steps to do before that; after them, numbers of signals to pass on.

Only our own code writes it: the descriptor is closed when the plugin's program is executed, and pid 1 can
neither be traced nor have its descriptors taken. What a message says decides nothing but the report.
"""

from __future__ import annotations

import _struct as struct  # the module around it is a file more to find

from jailpy import system as os
from jailpy.model.record import Record

_FORMAT = struct.Struct("=BiiQQQQ200s")
NOTE, FAILED, BUILT, READY, ENDED = range(1, 6)


class Message(Record):
    kind: int
    step: int = -1  # index into the plan's steps
    number: int = 0  # errno; for ENDED the wait status
    user_us: int = 0  # for READY, what pid 1 itself took until then
    system_us: int = 0
    scratch: int = 0  # for ENDED, bytes and files in the fullest of the scratch folders
    scratch_files: int = 0
    text: str = ""


def send(fd: int, message: Message) -> None:
    """Write one message."""
    text = message.text.encode(errors="replace")[:200]
    os.write(fd, _FORMAT.pack(*message[:-1], text))


def report(fd: int, error: BaseException, *, step: int = -1, kind: int = FAILED) -> None:
    """Say that a step has failed, or pid 1 itself."""
    number = error.errno or 0 if isinstance(error, OSError) else 0
    text = getattr(error, "strerror", None) if number else f"{type(error).__name__}: {error}"
    send(fd, Message(kind=kind, step=step, number=number, text=str(text)))


def receive(fd: int) -> Message | None:
    """Read one message; None at the end. A torn one counts as the end."""
    try:
        data = os.read(fd, _FORMAT.size)
    except ConnectionResetError:  # pid 1 ended with a byte of ours unread; what it had said comes next
        data = os.read(fd, _FORMAT.size)
    if len(data) < _FORMAT.size:
        return None
    kind, step, number, user, system, scratch, files, text = _FORMAT.unpack(data)
    return Message(
        kind=kind,
        step=step,
        number=number,
        user_us=user,
        system_us=system,
        scratch=scratch,
        scratch_files=files,
        text=text.rstrip(b"\0").decode(errors="replace"),
    )
