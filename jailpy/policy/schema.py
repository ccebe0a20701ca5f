"""Schema 1: every key that a profile may have, what it takes, and when a new value is wider than the old one.

One table drives the file, the options of the command line and ``[overrides] widen``.
"""

from __future__ import annotations

from jailpy.model.record import Record
from jailpy.policy.paths import path_entry, plain_path
from jailpy.policy.values import (
    UnfitError,
    boolean,
    choice,
    count,
    cpu_list,
    cpus_of,
    duration,
    listed,
    percent,
    size,
    text,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from jailpy.policy.values import Check

SCHEMA = 1
LAYERS = ("namespaces", "rootfs", "capabilities", "no-new-privs", "seccomp", "landlock", "cgroup")
STATES = ("off", "preferred", "required")  # weakest first
PREFERRED = ("landlock", "cgroup")  # where a profile does not say; the others are required

ENV_REFUSED = {
    "PYTHON": "jailpy starts Python with -I, which ignores it",
    "LD_": "it tells the dynamic linker what to load",
    "GLIBC_TUNABLES": "it changes the C library under the interpreter",
    "GCONV_PATH": "it tells the C library what to load",
}


class Setting(Record):
    """What a key takes; ``adds``: a heir's items join the inherited ones instead of replacing them."""

    check: Check
    wider: Callable[[Any, Any], bool]  # old, new
    adds: bool = False


def _more(old: float | None, new: float | None) -> bool:
    return old is not None and (new is None or new > old)


def _more_items(old: tuple[object, ...], new: tuple[object, ...]) -> bool:
    return not set(new) <= set(old)


def _fewer_items(old: tuple[object, ...], new: tuple[object, ...]) -> bool:
    return not set(old) <= set(new)


def _more_cpus(old: str, new: str) -> bool:
    return old != "" and (new == "" or not cpus_of(new) <= cpus_of(old))


def _changed(old: object, new: object) -> bool:
    return old != new


def _switched_on(old: bool, new: bool) -> bool:
    return new and not old


def _weaker(old: str, new: str) -> bool:
    return STATES.index(new) < STATES.index(old)


def _never(_old: object, _new: object) -> bool:
    return False


def _is_interpreter(value: str) -> bool:
    if "/" in value:
        return plain_path(value)
    parts = value.split(".")
    version = value.isascii() and parts[0] == "3" and len(parts) in (2, 3) and all(part.isdigit() for part in parts)
    return value == "auto" or version


def _is_module(value: str) -> bool:
    return all(part.isidentifier() for part in value.split("."))


def _is_hostname(value: str) -> bool:
    letters = value.isascii() and value.replace("-", "a").replace(".", "a").isalnum()
    return letters and len(value) <= 64 and value[0] not in "-."  # 64: HOST_NAME_MAX


def _is_profile_name(value: str) -> bool:
    letters = value.isascii() and value.replace("-", "a").replace(".", "a").replace("_", "a").isalnum()
    return letters and len(value) <= 64 and value[0] not in "-."


def env_name(value: object) -> str:
    """A check: the name of a variable that the jail may have."""
    if type(value) is not str or not (value.isascii() and value.isidentifier()):
        raise UnfitError("a variable's name of letters, digits and '_'")
    for start, reason in ENV_REFUSED.items():
        if value.startswith(start):
            raise UnfitError(f"a variable other than {start}…: {reason}")
    return value


def _is_env_value(value: str) -> bool:
    size = len(value.encode(errors="surrogateescape"))
    return "\0" not in value and size < 1 << 16  # execve(2) takes 128 KiB of each


def _is_call_or_set(value: str) -> bool:
    return value.isascii() and value.removeprefix("@").replace("-", "_").isidentifier()


def is_word(value: str) -> bool:
    """A system call or one of its arguments, as a key of ``[seccomp.args]``."""
    return value.isascii() and value.isidentifier()


profile_name = text("a name of letters, digits, '-', '_' and '.'", _is_profile_name)
env_value = text("a string without NUL, less than 64 KiB", _is_env_value)


def condition(value: object) -> object:
    """A check: what ``[seccomp.args.CALL]`` may say of one argument; the names in it are resolved with the sets."""
    items = value.values() if type(value) is dict else (value,)
    for item in items:
        for word in item if type(item) is list else (item,):
            if type(word) is not str and not (type(word) is int and 0 <= word < 1 << 64):
                raise UnfitError("a number, the name of a constant, an array of these, or a table of them")
    return value


def _is_pattern(value: str) -> bool:
    return any(covers(value, key) for key in (*SETTINGS, "process.env"))


errno_name = text('the name of an errno, such as "EPERM"', is_word)
_paths = listed(path_entry)
_env_names = listed(env_name)
_calls = listed(text("a system call or a set such as @python", _is_call_or_set))
_strings = listed(text("a string", lambda _: True))
_modules = listed(text("a module's name", _is_module))
_venv = text("an absolute, normalised path", lambda value: value == "" or plain_path(value))
_cgroup = text(
    'the absolute, normalised path of a cgroup, such as "/jails"', lambda value: value == "" or plain_path(value)
)
_interpreter = text('"auto", a version such as "3.12", or an absolute path', _is_interpreter)
_hostname = text("a host name of at most 64 letters, digits, '-' and '.'", _is_hostname)

SETTINGS = {
    **{f"layers.{layer}": Setting(choice(*STATES), _weaker) for layer in LAYERS},
    "python.interpreter": Setting(_interpreter, _changed),
    "python.venv": Setting(_venv, _changed),
    "python.without": Setting(_modules, _fewer_items),
    "python.memory-traceback": Setting(boolean, _switched_on),
    "filesystem.base": Setting(choice("minimal", "usr"), lambda _, new: bool(new == "usr")),
    "filesystem.tmp": Setting(size(4096), _more),  # to tmpfs(5) a size of 0 is none at all, as are 0 inodes
    "filesystem.tmp-files": Setting(count(16, 1 << 31, none=True), _more),
    "filesystem.read": Setting(_paths, _more_items, adds=True),
    "filesystem.write": Setting(_paths, _more_items, adds=True),
    "filesystem.sockets": Setting(boolean, _switched_on),
    "filesystem.proc": Setting(choice(*STATES), _changed),
    "network.loopback": Setting(boolean, _switched_on),
    "network.allow": Setting(_strings, _more_items, adds=True),
    "network.private": Setting(_strings, _more_items),
    "process.pass-env": Setting(_env_names, _more_items, adds=True),
    "process.hostname": Setting(_hostname, _never),
    "limits.wall": Setting(duration(0.01), _more),
    "limits.cpu": Setting(duration(0.01), _more),
    "limits.memory": Setting(size(1 << 20), _more),
    "limits.memory-high": Setting(size(1 << 20), _more),
    "limits.swap": Setting(size(), _more),
    "limits.cpu-quota": Setting(percent, _more),
    "limits.cpu-weight": Setting(count(1, 10_000, none=True), _more),
    "limits.cpus": Setting(cpu_list, _more_cpus),
    "limits.io-read": Setting(size(1), _more),
    "limits.io-write": Setting(size(1), _more),
    "limits.tasks": Setting(count(1, 1 << 22, none=True), _more),  # 1 << 22: the kernel's PID_MAX_LIMIT
    "limits.open-files": Setting(count(16, 1 << 20), _more),
    "limits.file-size": Setting(size(), _more),
    "limits.write": Setting(size(), _more),
    "limits.write-files": Setting(count(0, 1 << 31, none=True), _more),
    "limits.output": Setting(size(), _more),
    "limits.output.then": Setting(choice("kill", "truncate"), lambda _, new: bool(new == "truncate")),
    "limits.cgroup-parent": Setting(_cgroup, _never),
    "seccomp.allow": Setting(_calls, _more_items, adds=True),
    "seccomp.remove": Setting(_calls, _fewer_items, adds=True),
    "seccomp.kill": Setting(_calls, _fewer_items),
    "overrides.widen": Setting(listed(text('"*", a key, or a table such as "limits.*"', _is_pattern)), _more_items),
}
TABLES = tuple(dict.fromkeys(key.partition(".")[0] for key in SETTINGS))
TOP = ("schema", "name", "extends", *TABLES)
UNSUPPORTED = ("network.allow", "network.private")  # until there is a broker for them, saying nothing would be a lie


def keys_of(table: str) -> list[str]:
    """The keys of one table, for the hint at an unknown one."""
    return [key for key in (*SETTINGS, "process.env", "seccomp.args") if key.startswith(f"{table}.")]


def field_of(key: str) -> tuple[str, str]:
    """The table and the field of the model that a key sets."""
    table, _, rest = key.partition(".")
    return table, rest.replace("-", "_").replace(".", "_")


def covers(pattern: str, key: str) -> bool:
    """Whether a pattern of ``[overrides] widen`` (``*``, ``limits.*``, ``limits.memory``) covers a key."""
    if pattern.endswith("*"):
        return key.startswith(pattern[:-1])
    return key == pattern or key.startswith(f"{pattern}.")
