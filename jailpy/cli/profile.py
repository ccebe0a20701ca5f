"""``jailpy profile``: what a profile says, and new ones."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from jailpy.authoring import effective, flat, shelf
from jailpy.authoring import start as beginning
from jailpy.cli.output import out, require_stdout, write_all
from jailpy.errors import UsageError
from jailpy.policy.load import load
from jailpy.report.quote import for_json, for_terminal

if TYPE_CHECKING:
    from jailpy.model.policy import Policy

_EXPECTED = {"show": "NAME|FILE", "new": "NAME", "freeze": "NAME|FILE"}
_PARENT = "default@1"


def main(words: list[str], given: dict[str, Any]) -> int:
    """Do what the first of ``words`` says; the exit status. Raises JailError."""
    command, *names = words
    require_stdout()
    if command in _EXPECTED and len(names) != 1:
        raise UsageError(f"profile {command}: expected {_EXPECTED[command]}", hint=f"jailpy profile {command} --help")
    if "" in (*names, given.get("output"), given.get("extends")):
        raise UsageError(f"profile {command}: a name is empty", hint="a shell variable that was never set?")
    if command == "list":
        out(_list(given))
    elif command == "show":
        out(_show(names[0], given))
    else:
        _put(_new(names[0], given) if command == "new" else flat.frozen(_policy(names[0])), given.get("output", ""))
    return 0


def _caller() -> dict[str, Any]:
    """Who asks, for whom a profile is looked up and may be trusted."""
    return {
        "uid": os.geteuid(),
        "home": os.environ.get("HOME"),
        "config_home": os.environ.get("XDG_CONFIG_HOME"),
    }


def _policy(name: str) -> Policy:
    return load(name, **_caller())


def _list(given: dict[str, Any]) -> str:
    found = shelf.named(**_caller())
    if given.get("json"):
        return for_json({"schema": 1, "profiles": [profile._asdict() for profile in found]}) + "\n"
    lines = []
    for profile in found:
        name = f"{profile.name}@{profile.generation}" if profile.generation else profile.name
        said = f"hidden by {profile.hidden}" if profile.hidden else profile.wrong or profile.about or "-"
        lines.append(f"{name:<16}  {profile.whose:<13}  {for_terminal(said)}\n")
    return "".join(lines)


def _show(name: str, given: dict[str, Any]) -> str:
    policy = _policy(name) if given.get("effective") else None
    if policy is None:
        path = shelf.path_of(name, **_caller())
        text = shelf.content(path, os.geteuid()).decode()
        head: dict[str, object] = {"schema": 1, "source": path}
        body: dict[str, object] = {"text": text}
    else:
        text = flat.explained(policy)
        head = {"schema": 1, "source": policy.source, "name": policy.name, "chain": policy.chain}
        body = {"sha256": policy.sha256, "effective": [row._asdict() for row in effective.rows(policy)]}
    if given.get("json"):
        return for_json({**head, **body}) + "\n"
    if os.isatty(1):
        return "".join(f"{for_terminal(line.expandtabs(4))}\n" for line in text.split("\n")).removesuffix("\n")
    return text


def _new(name: str, given: dict[str, Any]) -> str:
    extends = beginning.generation(given.get("extends", _PARENT))
    beside = os.path.dirname(given.get("output", ""))
    known = os.path.join(beside, extends) if "/" in extends else extends
    return beginning.start(name, extends, _policy(known))


def _put(text: str, path: str) -> None:
    """Print ``text``, or write it to a file that is not there yet. Raises UsageError."""
    if not path:
        out(text)
        return
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except FileExistsError:
        raise UsageError(f"-o {path}: is there already", hint="name a new file, or remove this one first") from None
    except OSError as error:
        raise UsageError(f"-o {path}: {error.strerror}") from None
    try:
        write_all(fd, text.encode())
    except OSError as error:
        os.unlink(path)
        raise UsageError(f"-o {path}: {error.strerror}") from None
    finally:
        os.close(fd)
