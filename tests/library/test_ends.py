"""How the application may end while a jail lives, and the launcher: the jail ends with either."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Caller, run_as
from tests.support import leftovers
from tests.support.installed import Installed

# what the application does when it is sent the signal, and how it ended
ENDS = {
    "killed": (signal.SIGKILL, "", -signal.SIGKILL),
    "terminated": (signal.SIGTERM, "", -signal.SIGTERM),
    "interrupted": (signal.SIGINT, "", -signal.SIGINT),
    "exits-at-once": (signal.SIGUSR1, "signal.signal(signal.SIGUSR1, lambda *_: os._exit(3))", 3),
    "exits": (signal.SIGUSR1, "signal.signal(signal.SIGUSR1, lambda *_: sys.exit(3))", 3),
    "killed-and-forks-live": (
        signal.SIGUSR2,
        "signal.signal(signal.SIGUSR2, lambda *_: os.fork() or time.sleep(600))",
        -signal.SIGKILL,
    ),
    "threads-dropped": (
        signal.SIGUSR1,
        "signal.signal(signal.SIGUSR1, lambda *_: sys.exit(3)); threads = True",
        3,
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_jail_ends_with_the_application(
    caller: Caller, installed: Installed, script: Callable[[str], Path], folder: Path, end: str
) -> None:
    """However it ends, and though the plugin ignores SIGTERM."""
    number, start, status = ENDS[end]
    application = script(f"""
        import signal
        threads = False
        {start}
        program = "import signal, time; signal.signal(15, signal.SIG_IGN); stubborn = time.sleep(600)"
        if threads:
            threading.Thread(target=jailpy.run, kwargs={{"code": program, "timeout": "none"}}, daemon=True).start()
            time.sleep(600)
        jailpy.run(code=program, timeout="none")
    """)
    for name in (Path(__file__).with_name("ends.py"), Path(leftovers.__file__)):
        shutil.copyfile(name, folder / name.name)
    done = run_as(caller, [installed.python, folder / "ends.py", application, str(int(number))], cwd=folder)
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(done.stdout)
    assert found == {"status": status, "jail": 3, "ended": True, "left": []}


def test_interrupt_ends_the_jail_and_the_application_goes_on(told: Callable[..., Any]) -> None:
    """Ctrl-C reaches the application alone, and is its to handle."""
    found = told("""
        import signal
        program = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
        def children(pid, thread):
            return open(f"/proc/{pid}/task/{thread}/children").read().split()

        def interrupt():
            while not any(children(pid, pid) for pid in children("self", main)):
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)

        main = threading.get_native_id()
        threading.Thread(target=interrupt).start()
        try:
            jailpy.run(code=program)
        except KeyboardInterrupt:
            tell([children("self", main), jailpy.run(code="").outcome])
    """)
    assert found == [[], "ok"]


def test_launcher_that_is_killed_is_an_error(told: Callable[..., Any]) -> None:
    found = told("""
        def kill():
            while not (pids := open(f"/proc/self/task/{main}/children").read().split()):
                time.sleep(0.01)
            os.kill(int(pids[0]), 9)

        main = threading.get_native_id()
        threading.Timer(0.2, kill).start()
        try:
            tell(brief(jailpy.run(code="import time; time.sleep(600)")))
        except jailpy.SetupError as error:
            tell(str(error))
    """)
    assert found == "the launcher ended without a report"
