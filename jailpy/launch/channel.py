"""The channel from pid 1 of the jail to the launcher: fixed-size messages, each written whole.

Only our own code writes it: the descriptor is closed when the plugin's program is executed, and pid 1 can
neither be traced nor have its descriptors taken. What a message says decides nothing but the report.
"""

from __future__ import annotations

import os
import struct

from jailpy.model.record import Record

_FORMAT = struct.Struct("=BiiQQQ200s")  # 233 bytes, below PIPE_BUF: a write is whole or not at all
NOTE, FAILED, READY, ENDED = range(1, 5)


class Message(Record):
    kind: int
    step: int = -1  # index into the plan's steps
    number: int = 0  # errno; for ENDED the wait status
    user_us: int = 0
    system_us: int = 0
    memory: int = 0  # bytes
    text: str = ""


def send(fd: int, message: Message) -> None:
    """Write one message."""
    text = message.text.encode(errors="replace")[:200]
    os.write(fd, _FORMAT.pack(*message[:-1], text))


def receive(fd: int) -> Message | None:
    """Read one message; None at the end. A torn one counts as the end."""
    data = os.read(fd, _FORMAT.size)
    if len(data) < _FORMAT.size:
        return None
    kind, step, number, user, system, memory, text = _FORMAT.unpack(data)
    return Message(
        kind=kind,
        step=step,
        number=number,
        user_us=user,
        system_us=system,
        memory=memory,
        text=text.rstrip(b"\0").decode(errors="replace"),
    )
