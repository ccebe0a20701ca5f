"""What is seen of a run while it lasts."""

from __future__ import annotations

from jailpy.launch.channel import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from jailpy.kernel.usage import Account
    from jailpy.launch.group import Tally
    from jailpy.launch.watch import Watch
    from jailpy.model.result import Frame


class Ending:
    """What the launcher saw, in the order in which it saw it. The first failure and the first reason count."""

    def __init__(self, started: float, clock: float) -> None:
        self.started = started
        self.clock = clock
        self.relayed = 0
        self.stdout = self.stderr = 0
        self.left: tuple[str, ...] = ()  # what of /out was not copied, and why
        self.warnings: tuple[str, ...] = ()
        self.flooded = False  # there was more output than is allowed
        self.failure: tuple[int, int, str] | None = None
        self.notes: list[tuple[int, int]] = []
        self.why = ""
        self.limit = ""  # the name of the limit that ended the run
        self.last: Message | None = None
        self.setup_s: tuple[float, float] | None = None  # user and system time that it took to build the jail
        self.account: Account | None = None  # of pid 1 and all that it has waited for
        self.storage: tuple[int, int] | None = None  # bytes that these read from storage and wrote to it
        self.watch: Watch | None = None
        self.stacks: tuple[tuple[Frame, ...], ...] = ()  # of the plugin's threads, when its memory reached a mark
        self.tally: Tally | None = None  # of the jail's cgroup

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
