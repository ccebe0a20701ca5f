"""``jailpy.run`` and ``jailpy.arun``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import IO

from jailpy.library import order
from jailpy.library.launcher import PATIENCE, Launcher
from jailpy.library.order import Limit, StrPath
from jailpy.library.result import Result


def run(
    plugin: StrPath | None = None,
    *args: StrPath,
    code: str | None = None,
    module: str | None = None,
    tree: StrPath | None = None,
    profile: StrPath = "default",
    stdin: bytes | bytearray | memoryview | IO[bytes] | int = b"",
    read: StrPath | Iterable[StrPath] = (),
    write: StrPath | Iterable[StrPath] = (),
    out: StrPath | None = None,
    env: Mapping[str, str] | None = None,
    limits: Mapping[str, Limit] | None = None,
    timeout: float | str | None = None,
    labels: Mapping[str, str] | None = None,
    python: StrPath | None = None,
    require: str | Iterable[str] = (),
    policy_digest: str | None = None,
) -> Result:
    """Run a Python program in a jail and wait for its end. What the program does is in the Result, never an exception.

    plugin: a file, or a folder with a __main__.py; a str without a slash and .py is the name of an installed plugin.
    args: the program's arguments. With ``code`` or ``module`` there is no plugin, and all words are arguments.
    code: the program itself, less than 128 KiB. module: the name of one, of ``tree`` if that is given: a folder.
    profile: a name, or the path of a file, which has a slash.
    stdin: what the program reads, or an open file or descriptor that it is read from.
    read, write: files and folders that the program shall have; ``"HOST:JAIL"`` shows one elsewhere.
    out: a folder to which regular files that the program leaves in /out are copied, however it ended; what is there
        already stays as it is, and what was not copied stands in the warnings.
    env: variables to set; the program has nothing of this process's environment.
    limits: keys of a profile's [limits], such as {"memory": "1G", "tasks": 8}; sizes in bytes, times in seconds;
        None lifts one. Output is kept in memory, so ``output`` bounds what ``stdout`` and ``stderr`` take here.
    timeout: the same as limits["wall"]: seconds, or such as "5m"; None: the profile's. The outcome is then "timeout".
    labels: names and values by which reports and ``jailpy ps`` tell runs apart.
    python: the interpreter, a path or a version. require: layers without which nothing shall run.
    policy_digest: the only policy under which the program shall run, by its SHA-256.

    It may be called from any thread, and many times at once. The jail ends with this process, however that ends, and
    with this call, whatever exception leaves it.

    Raises UsageError for what was asked, ProfileError for the profile, HostError for what this machine lacks,
    SetupError for a step that failed, all of them JailError; and TypeError for values of a wrong type.
    """
    asked = {"code": code, "module": module, "tree": tree, "profile": profile, "read": read, "write": write,
             "out": out, "env": env, "limits": limits, "timeout": timeout, "labels": labels, "python": python,
             "require": require, "policy_digest": policy_digest}  # fmt: skip
    with Launcher(order.request(plugin, args, asked), order.stdin(stdin)) as launcher:
        while not launcher.over:
            launcher.step(None)
        return launcher.result()


async def arun(
    plugin: StrPath | None = None,
    *args: StrPath,
    code: str | None = None,
    module: str | None = None,
    tree: StrPath | None = None,
    profile: StrPath = "default",
    stdin: bytes | bytearray | memoryview | IO[bytes] | int = b"",
    read: StrPath | Iterable[StrPath] = (),
    write: StrPath | Iterable[StrPath] = (),
    out: StrPath | None = None,
    env: Mapping[str, str] | None = None,
    limits: Mapping[str, Limit] | None = None,
    timeout: float | str | None = None,
    labels: Mapping[str, str] | None = None,
    python: StrPath | None = None,
    require: str | Iterable[str] = (),
    policy_digest: str | None = None,
) -> Result:
    """The same as ``run`` for asyncio, on any event loop that has add_reader. Cancelling it ends the jail."""
    asked = {"code": code, "module": module, "tree": tree, "profile": profile, "read": read, "write": write,
             "out": out, "env": env, "limits": limits, "timeout": timeout, "labels": labels, "python": python,
             "require": require, "policy_digest": policy_digest}  # fmt: skip
    import asyncio  # 40 ms, of which run() needs nothing

    with Launcher(order.request(plugin, args, asked), order.stdin(stdin)) as launcher:
        try:
            await _over(launcher)
        except asyncio.CancelledError:
            launcher.give_up()
            with suppress(TimeoutError):
                await asyncio.wait_for(_over(launcher), PATIENCE)
            raise
        return launcher.result()


async def _over(launcher: Launcher) -> None:
    """Do what there is to do whenever the event loop says so, until it is over."""
    from asyncio import get_running_loop

    loop = get_running_loop()
    over = loop.create_future()

    def step() -> None:
        try:
            launcher.step(0)
        except BaseException as error:  # noqa: BLE001 (the event loop would only log it)
            over.set_exception(error)
        if launcher.over and not over.done():
            over.set_result(None)

    loop.add_reader(launcher.fileno(), step)
    try:
        await over
    finally:
        loop.remove_reader(launcher.fileno())
