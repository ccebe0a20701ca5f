"""What the steps of one run share: descriptors, and what earlier steps decided for later ones."""

from __future__ import annotations

from jailpy.model.plan import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    import select
    from typing import Any, Protocol

    from jailpy.launch.group import Group
    from jailpy.model.result import Frame

    class Delivery(Protocol):
        def take(self, source: int) -> None:
            """Keep the descriptor of /out until the jail is gone."""

        def finish(self) -> tuple[str, ...]:
            """Copy what lies in it; what was left behind, and why."""

    class Tracer(Protocol):
        SIGNAL: int
        ours: tuple[int, ...]

        def register(self, poll: select.poll) -> None:
            """Add what is to be waited for."""

        def move(self, fd: int, pid_1: int) -> bool:
            """Whether the signal is to be sent now."""

        def close(self) -> None:
            """Nothing more is waited for."""

        def stacks(self) -> tuple[tuple[Frame, ...], ...]:
            """What was seen."""


class Context:
    """The state of a jail while it is built. Descriptors are -1 when not open."""

    # what the supervisor watches; nothing of it is of the jail itself
    wall: float | None = None
    output: int | None = None
    output_ends_run = True
    cpu: float | None = None  # seconds, of the whole jail
    memory: int | None = None  # bytes, of the whole jail
    written: tuple[int, ...] = ()  # the folders that the jail may write, for the launcher to look into
    write_limits: tuple[int | None, int | None] = (None, None)  # bytes, entries
    leashes: tuple[int, ...] = ()

    def __init__(self, plan: Plan, group: Group | None = None) -> None:
        self.plan = plan
        self.group = group  # the jail's cgroup
        self.cgroup = -1  # the same, where pid 1 is born into it
        self.tracer: Tracer | None = None
        self.trace = -1  # what a traceback is written to
        # made by the launcher before the child is born
        self.launcher = -1  # pidfd of the launcher
        self.channel = -1  # the jail's end of it
        self.process = "self"  # whose id maps are written
        self.user_namespace = -1  # of the jail, for host root's launcher to enter
        self.streams: tuple[int, int, int] = (-1, -1, -1)  # the plugin's 0, 1, 2
        self.terminal = -1  # where pid 1 sends the terminal that it makes
        self.out: tuple[int, int] = (-1, -1)  # the launcher's socket for /out, and pid 1's
        self.delivery: Delivery | None = None  # of what is in it
        self.namespaces = 0  # clone flags
        self.trees: dict[str, int] = {}  # path in the jail → detached mount, where the launcher opened it
        # the root
        self.below = False  # the jail's root is a folder below the mount namespace's root
        self.root_attributes = 0
        self.tree_attributes = 0
        self.tree_propagation = 0
        self.proc_options: list[tuple[str, str]] = []
        self.proc_attributes = 0
        self.scratch_options: list[tuple[str, str]] = []
        self.scratch_attributes = 0
        self.shm_attributes = 0
        self.device_attributes = 0
        self.check_devices = False
        self.base = -1  # the mount that becomes the namespace's root
        self.root = -1  # the jail's own root, in it or the same
        # Landlock
        self.landlock_files = 0
        self.landlock_network = 0
        self.landlock_scopes = 0
        # the plugin's process
        self.watch_launcher = False
        self.close_descriptors = False
        self.own_session = False
        self.file_actions: list[tuple[Any, ...]] = []  # of posix_spawn
        self.confirms = False
        self.executing = -1  # the bootstrap writes to it when the narrower filter is on
        self.plugin = 0  # the process
        self.environment: dict[str, str] | None = None  # None: what the launcher has

    @property
    def supervised(self) -> bool:
        """Whether the launcher has steps to do when the jail is built; the plugin starts after them."""
        return any(step.stage == "supervise" for step in self.plan.steps)

    @property
    def scratch(self) -> list[str]:
        """The jail's own folders that can be written, each a file system of its own."""
        return [str(step.arguments[0]) for step in self.plan.steps if step.act == "scratch"]
