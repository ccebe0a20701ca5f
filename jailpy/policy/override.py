"""What the command line asks on top of a profile: narrower is always allowed, wider only where the profile says so."""

from __future__ import annotations

from jailpy.errors import ProfileError, UsageError
from jailpy.model.policy import Origin, Policy
from jailpy.policy import schema
from jailpy.policy.compiled import with_digest
from jailpy.policy.paths import check_paths
from jailpy.policy.problems import describe, did_you_mean
from jailpy.policy.values import UnfitError, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from jailpy.policy.values import Check

ASKED = "command line"  # the source of these values, in origins
ENV = "process.env."
FIXED = ("seccomp", "overrides")  # rules that only a profile can change


def parse_limit(text: str) -> tuple[str, object]:
    """``--limit KEY=VALUE`` as a change; raises UsageError."""
    name, _, value = text.partition("=")
    key = f"limits.{name}"
    if not value or key not in schema.SETTINGS:
        known = tuple(limit.removeprefix("limits.") for limit in schema.keys_of("limits"))
        wrong = f"there is no such limit{did_you_mean(name, known)}" if value else "expected KEY=VALUE"
        raise UsageError(f"--limit {shown(text)}: {wrong}", hint=f"the keys are {', '.join(known)}")
    digits = value.isascii() and value.isdigit() and len(value) < 20
    number = int(value) if digits and key != "limits.cpus" else value  # "3" is a list of one processor
    _fit(number, schema.SETTINGS[key].check, f"--limit {name}")
    return key, number


def parse_timeout(text: str) -> tuple[str, object]:
    """``--timeout DURATION`` as a change of the wall time; raises UsageError."""
    _fit(text, schema.SETTINGS["limits.wall"].check, "--timeout")
    return "limits.wall", text


def parse_cgroup_parent(text: str) -> tuple[str, object]:
    """``--cgroup-parent PATH`` as a change; raises UsageError."""
    _fit(text, schema.SETTINGS["limits.cgroup-parent"].check, "--cgroup-parent")
    return "limits.cgroup-parent", text


def override(
    policy: Policy, changes: tuple[tuple[str, object], ...]
) -> tuple[Policy, tuple[tuple[str, object, object], ...]]:
    """The policy with the changes made, and what they widened as (key, from, to).

    A change is a dotted key of the profile and a value as TOML has it; for ``filesystem.read``,
    ``filesystem.write`` and ``process.pass-env`` the items to add, and ``process.env.NAME`` is one variable. Raises
    UsageError for a value that does not fit, ProfileError where the profile does not let a key be widened or the
    paths cannot go together.
    """
    if not changes:
        return policy, ()
    widened = []
    for key, value in changes:
        policy, old, new, wider = _change(policy, key, value)
        if not wider:
            continue
        if not any(schema.covers(pattern, key) for pattern in policy.widen):
            raise ProfileError(
                f"the profile {policy.name} does not let {shown(key)} be widened",
                hint=f"a profile of your own can extend it, or [overrides] widen can name {shown(key)}",
            )
        widened.append((key, old, new))
    check_paths(policy)
    return with_digest(policy), tuple(widened)


def _change(policy: Policy, key: str, value: object) -> tuple[Policy, object, object, bool]:
    """One change made: the policy, the old value, the new one, whether that is wider."""
    if key.startswith(ENV):
        return _set_variable(policy, key, value)
    setting = schema.SETTINGS.get(key)
    table, field = schema.field_of(key)
    if setting is None or table in FIXED:
        raise UsageError(f"{shown(key)} cannot be changed by an option{did_you_mean(key, schema.SETTINGS)}")
    new: Any = _fit(value, setting.check, key)
    if key in schema.UNSUPPORTED and new:
        raise UsageError(f"{key} is not supported by this version of jailpy")
    if table == "layers":
        name = key.partition(".")[2]
        old: Any = dict(policy.layers)[name]
        layers = {**dict(policy.layers), name: new}
        policy = policy._replace(layers=tuple(layers.items()))
    else:
        record = getattr(policy, table)
        old = getattr(record, field)
        new = tuple(dict.fromkeys((*old, *new))) if setting.adds else new
        policy = policy._replace(**{table: record._replace(**{field: new})})
    return _asked(policy, key, len(old) if setting.adds else None, new), old, new, setting.wider(old, new)


def _asked(policy: Policy, key: str, start: int | None, new: tuple[object, ...]) -> Policy:
    """The policy with the origin of a value, or of the items from ``start`` on, set to the command line."""
    asked = {key: ""} if start is None else {f"{key}[{start + at}]": str(item) for at, item in enumerate(new[start:])}
    kept = tuple(origin for origin in policy.origins if origin.key not in asked)
    made = (Origin(key=name, source=ASKED, line=0, item=item) for name, item in asked.items())
    return policy._replace(origins=(*kept, *made))


def _set_variable(policy: Policy, key: str, value: object) -> tuple[Policy, object, object, bool]:
    name = key.removeprefix(ENV)
    _fit(name, schema.env_name, "--env")
    new = _fit(value, schema.env_value, f"--env {name}")
    env: dict[str, Any] = dict(policy.process.env)
    old = env.get(name)
    process = policy.process._replace(env=tuple(sorted({**env, name: new}.items())))
    return _asked(policy._replace(process=process), key, None, ()), old, new, old != new


def _fit(value: object, check: Check, option: str) -> object:
    try:
        return check(value)
    except UnfitError as unfit:
        raise UsageError(f"{shown(option)}{unfit.at}: {describe(value, unfit)}") from None
