"""Attacks on limits: each is given a launcher whose own limits are wide, and does what the limit is against."""

from __future__ import annotations

import resource
from typing import Any

from tests.attack.walls.arena import Attack, Run, Scene


class Wide(Scene):
    """The launcher starts with a limit as high as it may be."""

    def __init__(self, which: int) -> None:
        self.which = which

    def prepare(self, run: Run) -> None:
        which, hard = self.which, resource.getrlimit(self.which)[1]
        run.before = lambda: resource.setrlimit(which, (hard, hard))


class Raised(Scene):
    """Root starts the launcher with a limit that only root can raise."""

    def __init__(self, *options: str) -> None:
        self.options = options

    def prepare(self, run: Run) -> None:
        become = ["setpriv", "--reuid", str(run.caller.uid), "--regid", str(run.caller.gid), "--clear-groups"]
        run.prefix = ["prlimit", *self.options, *become]


class Outcome(Scene):
    """The run is ended from outside: the outcome tells."""

    def __init__(self, outcome: str) -> None:
        self.outcome = outcome

    def judge(self, run: Run, result: dict[str, Any], output: str) -> tuple[bool, str]:
        if result.get("outcome") == self.outcome:
            assert "READY" in output, output
            return False, self.outcome
        return super().judge(run, result, output)


RAISE = """
try:
    resource.setrlimit(WHICH, (WANTED, WANTED))
    finish(True, resource.getrlimit(WHICH))
except ValueError:
    finish(False, resource.getrlimit(WHICH))
"""
THREADS = """
import threading
end = threading.Event()
threads = [threading.Thread(target=end.wait) for _ in range(20)]
started = 0
try:
    for thread in threads:
        thread.start()
        started += 1
except RuntimeError:
    pass
end.set()
finish(started == 20, started)
"""
FILES = 'finish(*tried(lambda: len([os.open("/dev/null", os.O_RDONLY) for _ in range(80)])))\n'
# The timer counts what the limit counts: on a machine that loses ticks both are late.
BURN = """
child = os.fork()
if child == 0:
    signal.signal(signal.SIGPROF, lambda *_: os._exit(0))
    signal.setitimer(signal.ITIMER_PROF, 3.5)
    while True:
        pass
saw = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
finish(saw == 0, saw)
"""
SPREAD = """
print("READY", flush=True)
def burn():
    signal.signal(signal.SIGPROF, lambda *_: os._exit(0))
    signal.setitimer(signal.ITIMER_PROF, 1.4)
    while True:
        pass
children = []
for _ in range(3):
    children.append(os.fork())
    if children[-1] == 0:
        burn()
saw = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
time.sleep(1)
finish(True, saw)
"""
TAKE = """
print("READY", flush=True)
taken = bytearray(b"x") * (160 << 20)
time.sleep(1)
finish(True, len(taken))
"""
LOCK = """
memory = ctypes.create_string_buffer(1 << 18)
saw = call("mlock", ctypes.addressof(memory), len(memory))
finish(saw == 0, saw)
"""
QUEUE = 'saw = call("mq_open", b"queue", os.O_CREAT | os.O_RDWR, 0o600, 0)\nfinish(isinstance(saw, int), saw)\n'
QUEUED = """
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN])
sent = [libc.sigqueue(os.getpid(), signal.SIGRTMIN, None) for _ in range(400)].count(0)
finish(sent == 400, sent)
"""
SCORE = 'saw = int(open("/proc/self/oom_score_adj").read())\nfinish(saw < 1000, saw)\n'
PRIORITY = "finish(*tried(os.setpriority, os.PRIO_PROCESS, 0, -5))\n"
REAL_TIME = "finish(*tried(os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(1)))\n"

ATTACKS = (
    Attack("limit-core", f"WHICH, WANTED = resource.RLIMIT_CORE, 1 << 20\n{RAISE}", Wide(resource.RLIMIT_CORE)),
    Attack("limit-stack", f"WHICH, WANTED = resource.RLIMIT_STACK, 1 << 30\n{RAISE}", Wide(resource.RLIMIT_STACK)),
    Attack("limit-tasks", THREADS, Wide(resource.RLIMIT_NPROC), changes=(("limits.tasks", 8),)),
    Attack("limit-open-files", FILES, Wide(resource.RLIMIT_NOFILE), changes=(("limits.open-files", 64),)),
    Attack(
        "limit-file-size",
        'finish(*tried(lambda: open("file", "wb", 0).write(bytes(1 << 16)) == 1 << 16 or os.open("", 0)))\n',
        changes=(("limits.file-size", "4K"),),
    ),
    Attack("limit-cpu", BURN, changes=(("limits.cpu", "1s"),)),
    Attack("limit-cpu-whole", SPREAD, Outcome("cpu-limit"), changes=(("limits.cpu", "3s"),)),
    Attack("limit-memory", TAKE, Outcome("memory-limit"), "watched", changes=(("limits.memory", "80M"),)),
    Attack("limit-locked-memory", LOCK, Wide(resource.RLIMIT_MEMLOCK)),
    Attack("limit-queues", QUEUE),
    Attack("limit-signals", QUEUED, Wide(resource.RLIMIT_SIGPENDING)),
    Attack("out-of-memory-first", SCORE),
    Attack("limit-nice", PRIORITY, Raised("--nice=40"), starter="CAP_SYS_RESOURCE"),
    Attack("limit-real-time", REAL_TIME, Raised("--rtprio=5"), starter="CAP_SYS_RESOURCE"),
    Attack(
        "limit-wall",
        'print("READY", flush=True)\ntime.sleep(6)\nfinish(True, "it went on")\n',
        Outcome("timeout"),
        changes=(("limits.wall", 5.0),),
    ),
    Attack(
        "limit-output",
        'print("READY", "x" * 100000, flush=True)\ntime.sleep(0.2)\nfinish(True, "all was written")\n',
        Outcome("output-limit"),
        changes=(("limits.output", "1K"),),
    ),
)
