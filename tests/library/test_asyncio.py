"""jailpy.arun: many at once on one event loop, and cancellation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_START = """
        import asyncio

        STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"

        def state():
            children = [open(f"/proc/self/task/{thread}/children").read() for thread in os.listdir("/proc/self/task")]
            return [len(os.listdir("/proc/self/fd")), "".join(children)]
"""


def test_many_run_at_once_on_one_loop(told: Callable[..., Any]) -> None:
    """They meet: each jail waits for a line that is written when all of them run."""
    found = told(
        _START
        + """
        async def main():
            ends = [os.pipe() for _ in range(12)]
            program = "import sys; print(sys.argv[1], input())"
            jails = [jailpy.arun(str(number), code=program, stdin=read) for number, (read, _) in enumerate(ends)]
            runs = [asyncio.ensure_future(jail) for jail in jails]
            await asyncio.sleep(0.1)
            for _, write in ends:
                os.write(write, b"go\\n")
            tell([result.stdout for result in await asyncio.gather(*runs)])

        asyncio.run(main())
    """
    )
    assert found == [f"{number} go\n" for number in range(12)]


def test_loop_goes_on_meanwhile(told: Callable[..., Any]) -> None:
    """The plugin waits for what another task does once the jail is under way; nothing but the loop could do it."""
    found = told(
        _START
        + """
        async def main():
            read, write = os.pipe()
            run = asyncio.ensure_future(jailpy.arun(code="print(input())", stdin=read))
            await asyncio.sleep(0)
            os.write(write, b"from the loop\\n")
            tell((await run).stdout)

        asyncio.run(main())
    """
    )
    assert found == "from the loop\n"


def test_cancelled_run_leaves_nothing(told: Callable[..., Any]) -> None:
    """At any moment, and though the plugin ignores SIGTERM."""
    found = told(
        _START
        + """
        async def main():
            await jailpy.arun(code="")
            before, cancelled = state(), 0
            for turn in range(25):
                run = asyncio.ensure_future(jailpy.arun(code=STUBBORN, stdin=bytes(1 << 20)))
                await asyncio.sleep(turn * 0.005)
                run.cancel()
                try:
                    await run
                except asyncio.CancelledError:
                    cancelled += 1
            tell([before == state(), cancelled])

        asyncio.run(main())
    """
    )
    assert found == [True, 25]


def test_timeout_of_asyncio_ends_the_jail(told: Callable[..., Any]) -> None:
    found = told(
        _START
        + """
        async def main():
            await jailpy.arun(code="")
            before = state()
            try:
                async with asyncio.timeout(0.3):
                    await jailpy.arun(code=STUBBORN)
            except TimeoutError:
                tell(before == state())

        asyncio.run(main())
    """
    )
    assert found is True


def test_cancelled_twice_and_a_launcher_that_hangs(told: Callable[..., Any]) -> None:
    """A launcher that somebody has stopped cannot end its jail: it is killed, and the jail with it."""
    found = told(
        _START
        + """
        import signal

        async def main():
            await jailpy.arun(code="")
            before = state()
            for times in (1, 2):
                run = asyncio.ensure_future(jailpy.arun(code=STUBBORN))
                await asyncio.sleep(0.2)
                os.kill(int(state()[1].split()[0]), signal.SIGSTOP)
                for _ in range(times):
                    run.cancel()
                    await asyncio.sleep(0.01)
                try:
                    await run
                except asyncio.CancelledError:
                    pass
            tell(before == state())

        asyncio.run(main())
    """
    )
    assert found is True


def test_failing_task_group_ends_its_jails(told: Callable[..., Any]) -> None:
    found = told(
        _START
        + """
        async def main():
            await jailpy.arun(code="")
            before = state()
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(4):
                        group.create_task(jailpy.arun(code=STUBBORN))
                    group.create_task(jailpy.arun("./missing.py"))
            except* jailpy.UsageError as errors:
                tell([before == state(), len(errors.exceptions)])

        asyncio.run(main())
    """
    )
    assert found == [True, 1]


def test_loops_of_several_threads(told: Callable[..., Any]) -> None:
    """No loop has to be the main thread's."""
    found = told(
        _START
        + """
        from concurrent.futures import ThreadPoolExecutor

        async def both(number):
            return [(await jailpy.arun(str(number), code="import sys; print(sys.argv[1])")).stdout for _ in range(2)]

        with ThreadPoolExecutor(4) as threads:
            tell(list(threads.map(lambda number: asyncio.run(both(number)), range(8))))
    """
    )
    assert found == [[f"{number}\n"] * 2 for number in range(8)]


def test_end_of_the_loop_ends_the_jail(told: Callable[..., Any]) -> None:
    """asyncio.run cancels what is left."""
    found = told(
        _START
        + """
        async def main():
            task = asyncio.ensure_future(jailpy.arun(code=STUBBORN))
            await asyncio.sleep(0.2)
            return task

        task = asyncio.run(main())
        tell([task.cancelled(), state()[1]])
    """
    )
    assert found == [True, ""]


def test_nothing_is_left_to_be_warned_of(started: Callable[..., Any]) -> None:
    """Python's own development mode finds no file, socket or coroutine that nobody closed or awaited."""
    done = started(
        _START
        + """
        async def main():
            runs = [asyncio.ensure_future(jailpy.arun(code="print(1)", stdin=b"x")) for _ in range(3)]
            await asyncio.sleep(0.01)
            runs[0].cancel()
            await asyncio.gather(*runs, return_exceptions=True)

        asyncio.run(main())
        jailpy.run(code="")
        try:
            jailpy.run(code="", read="/missing")
        except jailpy.UsageError:
            pass
    """,
        env={"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "error"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
