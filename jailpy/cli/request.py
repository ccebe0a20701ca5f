"""What the options of ``run``, ``exec`` and ``plan`` mean, for the quick and the full command line alike."""

from __future__ import annotations

import os

from jailpy.errors import UsageError
from jailpy.model.request import Request
from jailpy.policy.override import parse_limit, parse_timeout


def make(
    command: str,
    *,
    profile: str = "default",
    read: list[str] | tuple[str, ...] = (),
    write: list[str] | tuple[str, ...] = (),
    limit: list[str] | tuple[str, ...] = (),
    timeout: str | None = None,
    env: list[str] | tuple[str, ...] = (),
    require: str = "",
    plugin: str = "",
    **rest: object,
) -> Request:
    """The Request for these words. Raises UsageError."""
    if plugin and plugin != "-" and not is_path(plugin):
        raise UsageError(f"{plugin}: no plugin of that name is installed", hint=f"a file of this folder is ./{plugin}")
    changes: list[tuple[str, object]] = [parse_limit(text) for text in limit]
    if timeout is not None:
        changes.append(parse_timeout(timeout))
    changes += [_variable(text) for text in env]
    if read:
        changes.append(("filesystem.read", [share(text) for text in read]))
    if write:
        changes.append(("filesystem.write", [share(text) for text in write]))
    layers = tuple(name for name in require.split(",") if name)
    return Request(command=command, profile=profile, plugin=plugin, changes=tuple(changes), require=layers, **rest)  # type: ignore[arg-type]


def is_path(word: str) -> bool:
    """Whether PLUGIN is a path; any other word is an installed plugin."""
    return "/" in word or word.endswith((".py", ".pyz"))


def share(text: str) -> str:
    """``PATH`` or ``HOST:JAIL`` as a profile writes it: a relative path appears at the same place below /work."""
    host, colon, jail = text.rpartition(":/")
    host, jail = (host, f"/{jail}") if colon else (text, "")
    if not host:
        raise UsageError(f"{text!r}: expected PATH or HOST:JAIL")
    if not jail:
        jail = os.path.normpath(host if os.path.isabs(host) else os.path.join("/work", host))
        if not os.path.isabs(host) and not jail.startswith("/work/"):
            raise UsageError(f"{host}: has no place below the working folder", hint=f"say where: {host}:/work/NAME")
    return f"{os.path.abspath(host)}:{jail}"


def _variable(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals:
        if name not in os.environ:
            raise UsageError(f"--env {name}: is not set here", hint=f"give it a value: --env {name}=VALUE")
        value = os.environ[name]
    return f"process.env.{name}", value
