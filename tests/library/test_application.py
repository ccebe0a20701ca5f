"""The application around the library: how it may have been started, what it may do meanwhile, what it leaves."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.installed import CHECKOUT

# what the application does first
STARTS = {
    "streams-closed": "import io; answer = os.dup(1); os.closerange(0, 3); sys.stdout = os.fdopen(answer, 'w')",
    "input-closed": "os.close(0)",
    "children-ignored": "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
    "children-collected": "threading.Thread(target=lambda: [os.wait() for _ in iter(int, 1)], daemon=True).start()",
    "pipes-deadly": "import signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL)",
    "signals-blocked": "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())",
    "folder-gone": "os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')",
    "folder-poisoned": "[open(f'{name}.py', 'w').write('1/0') for name in ('json', 'os', 'pyseccomp', 'runpy')]",
    "variables-poisoned": "os.environ.update(PYTHONPATH='/tmp', PYTHONHOME='/tmp', PYTHONOPTIMIZE='2')",
    "umask": "os.umask(0o777)",
    "home-less": "[os.environ.pop(name) for name in ('HOME', 'PATH')]",
    "many-descriptors": "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (4000, r.getrlimit(r.RLIMIT_NOFILE)[1]));"
    " kept = [os.open('/dev/null', os.O_RDONLY) for _ in range(3900)]; [os.set_inheritable(fd, True) for fd in kept]",
    "embedded": "sys.executable = '/usr/sbin/server'",
    "no-executable": "sys.executable = None",
}  # fmt: skip


@pytest.mark.parametrize("start", STARTS)
def test_application_may_be_started_badly(told: Callable[..., Any], start: str) -> None:
    found = told(f"""
        {STARTS[start]}
        tell([brief(jailpy.run(code="print(len(input()))", stdin=b"x" * 300_000)) for _ in range(2)])
    """)
    assert [(one["outcome"], one["stdout"], one["stderr"]) for one in found] == [("ok", "300000\n", "")] * 2


def test_launcher_has_no_descriptor_of_the_application(told: Callable[..., Any]) -> None:
    """Its own: three streams, the socket, the application's pidfd."""
    found = told("""
        secret = os.open("/etc/passwd", os.O_RDONLY)
        os.set_inheritable(secret, True)
        run = threading.Thread(target=jailpy.run, kwargs={"code": "input()", "stdin": (pipe := os.pipe())[0]})
        run.start()
        while not (pids := open(f"/proc/self/task/{run.native_id}/children").read().split()):
            time.sleep(0.01)
        while True:
            with open(f"/proc/{pids[0]}/cmdline", "rb") as file:
                if b"jailpy.cli.hosted" in file.read():
                    break
        links = [os.readlink(f"/proc/{pids[0]}/fd/{name}") for name in os.listdir(f"/proc/{pids[0]}/fd")]
        os.write(pipe[1], b"\\n")
        run.join()
        tell([link for link in links if "passwd" in link or link == os.readlink(f"/proc/self/fd/{pipe[1]}")])
    """)
    # the application's own pipe is its standard input, whose reading end has the same name
    assert [link for link in found if "passwd" in link] == []


def test_descriptors_and_processes_do_not_pile_up(told: Callable[..., Any]) -> None:
    before, after, children = told("""
        def count():
            return len(os.listdir("/proc/self/fd"))

        def attempt(**asked):
            try:
                jailpy.run(**asked)
            except jailpy.JailError:
                pass

        attempt(code="1")
        before = count()
        for _ in range(10):
            attempt(code="1", stdin=bytes(1 << 20))
            attempt(code="1", profile="missing")
            attempt(code="import time; time.sleep(9)", timeout=0.01)
        tell([before, count(), open("/proc/self/task/%d/children" % os.getpid()).read()])
    """)
    assert before == after
    assert children == ""


def test_too_few_descriptors_is_said_and_leaves_none(told: Callable[..., Any]) -> None:
    """Whatever number is left, an error names the cause, and nothing stays open."""
    found = told("""
        import resource
        jailpy.run(code="1")
        count = len(os.listdir("/proc/self/fd"))
        answers = []
        for more in range(16):
            resource.setrlimit(resource.RLIMIT_NOFILE, (count + more, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
            try:
                answers.append(jailpy.run(code="1").outcome)
            except jailpy.HostError as error:
                answers.append(f"{error} {error.hint}")
            resource.setrlimit(resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
            answers.append(len(os.listdir("/proc/self/fd")) - count)
        tell([answers[::2], answers[1::2]])
    """)
    refused = [answer for answer in found[0] if answer != "ok"]
    assert len(refused) >= 4
    assert all("Too many open files" in answer and "ulimit -n" in answer for answer in refused)
    assert found[0][-1] == "ok"
    assert set(found[1]) == {0}


def test_threads_run_many_at_once(told: Callable[..., Any]) -> None:
    """Each gets its own answer."""
    found = told("""
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(16) as threads:
            runs = [threads.submit(jailpy.run, str(n), code="import sys; print(sys.argv[1], input())", stdin=b"%d" % n)
                    for n in range(48)]
        tell([run.result().stdout for run in runs])
    """)
    assert found == [f"{number} {number}\n" for number in range(48)]


def test_fork_of_the_application_holds_no_run_up(told: Callable[..., Any]) -> None:
    """A process that the application forked meanwhile has the pipes too: neither input nor output waits for its end."""
    found = told("""
        forks = []

        def fork():
            while len(forks) < 30:
                if (pid := os.fork()) == 0:
                    time.sleep(600)
                    os._exit(0)
                forks.append(pid)
                time.sleep(0.02)

        forking = threading.Thread(target=fork)
        forking.start()
        found = [brief(jailpy.run(code="import sys; print(len(sys.stdin.read()))", stdin=b"12")) for _ in range(8)]
        forking.join()
        for pid in forks:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
        tell([[one["outcome"], one["stdout"]] for one in found])
    """)
    assert found == [["ok", "2\n"]] * 8


def test_checkout_needs_no_installation(tmp_path: Path) -> None:
    """As whoever runs the suite, with the Python that runs it."""
    script = "import jailpy, sys; sys.stdout.buffer.write(jailpy.run(code='print(2)').stdout)"
    variables = {"PYTHONPATH": str(CHECKOUT), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=variables, capture_output=True)
    assert (done.stdout, done.stderr) == (b"2\n", b"")


def test_every_run_is_in_the_audit_log(told: Callable[..., Any]) -> None:
    """One that the application gives up too: the launcher is let go, not killed."""
    found = told("""
        import asyncio

        def label(word):
            return {"test": f"{os.getcwd()} {word}"}

        async def given_up():
            run = asyncio.ensure_future(jailpy.arun(code="import time; time.sleep(600)", labels=label("given up")))
            await asyncio.sleep(0.5)
            run.cancel()
            await asyncio.wait([run])

        jailpy.run(code="", labels=label("well"))
        try:
            jailpy.run(code="", labels=label("refused"), read="/missing")
        except jailpy.UsageError:
            asyncio.run(given_up())
        folder = "/var/lib/jailpy" if os.geteuid() == 0 else os.path.expanduser("~/.local/state/jailpy")
        with open(f"{folder}/audit.jsonl") as file:
            lines = [json.loads(line) for line in file if os.getcwd() in line]
        tell({line["labels"]["test"].removeprefix(os.getcwd()): line["outcome"] for line in lines})
    """)
    assert found == {" well": "ok", " refused": "usage-error", " given up": "killed"}


def test_launcher_can_be_the_installed_command(told: Callable[..., Any]) -> None:
    """As it is where AppArmor gives leave to the script alone."""
    found = told("""
        from jailpy.library import launcher
        script = launcher.installed_command()
        launcher.command_line = lambda: (script, "--hosted")
        tell([os.path.relpath(script, sys.prefix), brief(jailpy.run(code="print(input())", stdin=b"1"))["stdout"]])
    """)
    assert found == ["bin/jailpy", "1\n"]


def test_run_is_listed_and_can_be_killed_from_outside(told: Callable[..., Any]) -> None:
    """As any other run: its labels tell it apart."""
    found = told("""
        import subprocess
        from concurrent.futures import ThreadPoolExecutor

        def jailpy_command(*words):
            return subprocess.run([f"{sys.prefix}/bin/jailpy", *words], capture_output=True).stdout

        with ThreadPoolExecutor() as threads:
            name = os.path.basename(os.getcwd())
            run = threads.submit(jailpy.run, code="import time; time.sleep(600)", labels={"test": name})
            while name not in (listed := jailpy_command("ps", "--json").decode()):
                time.sleep(0.05)
            killed = jailpy_command("kill", "--label", f"test={name}").decode()
            result = run.result()
        tell([result.outcome, result.jail in listed, killed.strip() == f"{result.jail}: killed"])
    """)
    assert found == ["killed", True, True]
