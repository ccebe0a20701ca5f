"""What is seen of a run while it lasts."""

from __future__ import annotations

from jailpy.launch.channel import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from resource import struct_rusage

    from jailpy.launch.watch import Watch


class Ending:
    """What the launcher saw, in the order in which it saw it. The first failure and the first reason count."""

    def __init__(self, started: float, clock: float) -> None:
        self.started = started
        self.clock = clock
        self.relayed = 0
        self.stdout = self.stderr = 0
        self.left: tuple[str, ...] = ()  # what of /out was not copied, and why
        self.flooded = False  # there was more output than is allowed
        self.failure: tuple[int, int, str] | None = None
        self.notes: list[tuple[int, int]] = []
        self.why = ""
        self.limit = ""  # the name of the limit that ended the run
        self.last: Message | None = None
        self.setup_s: tuple[float, float] | None = None  # user and system time that it took to build the jail
        self.account: struct_rusage | None = None  # of pid 1 and all that it has waited for
        self.storage: tuple[int, int] | None = None  # bytes that these read from storage and wrote to it
        self.watch: Watch | None = None

    def failed(self, step: int, number: int, text: str) -> None:
        self.failure = self.failure or (step, number, text)

    def ready(self, message: Message) -> None:
        self.setup_s = (message.user_us / 1e6, message.system_us / 1e6)

    def noted(self, step: int, number: int) -> None:
        self.notes.append((step, number))

    def ended(self, message: Message) -> None:
        self.last = message

    def stop(self, why: str, limit: str) -> None:
        if not self.why:
            self.why, self.limit = why, limit
