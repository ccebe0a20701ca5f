"""What the words of ``run``, ``exec`` and ``plan`` mean, for the quick and the full command line alike."""

from __future__ import annotations

from jailpy import system as os
from jailpy.errors import UsageError
from jailpy.model.request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PLAIN = ("profile", "python", "policy_digest", "report", "exit_status", "json", "no_history", "tree", "module", "code",
          "stdin", "out", "raw", "tty", "quiet", "verbose")  # fmt: skip
_LABELS, _LABEL, _LABEL_VALUE = 32, 64, 256  # how many, and characters of a key and of a value
_EXIT_STATUS = ("plugin", "outcome")


def make(command: str, words: list[str], given: dict[str, Any]) -> Request:
    """The Request for ``words``, which follow the options, and for the options that were given. Raises UsageError."""
    _refuse_empty(given)
    if given.get("exit_status", "plugin") not in _EXIT_STATUS:
        raise UsageError(f"--exit-status {given['exit_status']}: expected {' or '.join(_EXIT_STATUS)}")
    fields = {field: given[field] for field in _PLAIN if field in given}
    plugin, arguments = ("", words) if command == "exec" else _program(words, given)
    if given.get("tty") and "stdin" in given:
        raise UsageError("--tty and --stdin do not go together", hint="a terminal is read and written by a person")
    if given.get("tty") and given.get("json"):
        raise UsageError("--tty and --json do not go together", hint="a terminal shows what is written to it")
    if command == "exec" and not words:
        raise UsageError("exec: there is no command to run", hint="jailpy exec [OPTIONS] -- COMMAND [ARG]…")
    return Request(
        command="exec" if command == "exec" else "run",
        plugin=plugin,
        arguments=tuple(arguments),
        changes=tuple(_changes(given)),
        require=tuple(given["require"].split(",")) if "require" in given else (),
        labels=labels(given["label"]) if "label" in given else (),
        **fields,
    )


def labels(texts: list[str]) -> tuple[tuple[str, str], ...]:
    """What ``--label K=V`` says, in its order. Raises UsageError."""
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (equals and 0 < len(key) <= _LABEL and key.isascii() and all(c.isalnum() or c in "-_./" for c in key)):
            hint = f"a key has letters, digits and - _ . /, and no more than {_LABEL} of them"
            raise UsageError(f"--label {text}: expected K=V", hint=hint)
        if len(value) > _LABEL_VALUE or not value.isprintable():
            raise UsageError(f"--label {key}: its value has control characters, or more than {_LABEL_VALUE} characters")
        if key in found:
            raise UsageError(f"--label {key}: is given twice")
        found[key] = value
    if len(found) > _LABELS:
        raise UsageError(f"--label: more than {_LABELS} are given")
    return tuple(found.items())


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
    return f"{_absolute(host)}:{jail}"


def _absolute(host: str) -> str:
    try:
        return os.path.abspath(host)
    except FileNotFoundError as error:
        raise UsageError(f"{host}: the current folder is gone", hint="give an absolute path") from error


def _refuse_empty(given: dict[str, Any]) -> None:
    """An empty value is a shell variable that was never set; ignored, it could lift a check such as --policy-digest."""
    if not given:
        return
    from jailpy.cli.options import OPTIONS

    for option in OPTIONS:
        if (
            option.field in given
            and option.field != "code"
            and "" in (given[option.field], *_items(given, option.field))
        ):
            raise UsageError(f"{option.flags[-1]}: its value is empty", hint=f"expected {option.metavar}")


def _items(given: dict[str, Any], field: str) -> list[str]:
    value = given.get(field)
    return value if isinstance(value, list) else []


def _program(words: list[str], given: dict[str, Any]) -> tuple[str, list[str]]:
    """PLUGIN and its arguments; with -c and -m there is no PLUGIN."""
    if "tree" in given and "module" not in given:
        raise UsageError(f"--code {given['tree']}: needs the module to run", hint="--code DIR -m MODULE")
    if "code" in given or "module" in given:
        return "", words
    if not words and given.get("tty"):
        return "", []
    if not words:
        raise UsageError("there is no plugin to run", hint="name one after the options, or use -c CODE or -m MODULE")
    plugin = words[0]
    if not plugin:
        raise UsageError("the plugin's name is empty", hint="name a file, a folder, or - for standard input")
    if plugin != "-" and not is_path(plugin):
        raise UsageError(f"{plugin}: no plugin of that name is installed", hint=f"a file of this folder is ./{plugin}")
    return plugin, words[1:]


def _changes(given: dict[str, Any]) -> list[tuple[str, object]]:
    changes: list[tuple[str, object]] = []
    if "limit" in given or "timeout" in given or "cgroup_parent" in given:
        from jailpy.policy.override import parse_cgroup_parent, parse_limit, parse_timeout

        changes += [parse_limit(text) for text in _items(given, "limit")]
        if "timeout" in given:
            changes.append(parse_timeout(given["timeout"]))
        if "cgroup_parent" in given:
            changes.append(parse_cgroup_parent(given["cgroup_parent"]))
    changes += [_variable(text) for text in _items(given, "env")]
    for field in ("read", "write"):
        if paths := _items(given, field):
            changes.append((f"filesystem.{field}", [share(path) for path in paths]))
    return changes


def _variable(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals:
        if name not in os.environ:
            raise UsageError(f"--env {name}: is not set here", hint=f"give it a value: --env {name}=VALUE")
        value = os.environ[name]
    return f"process.env.{name}", value
