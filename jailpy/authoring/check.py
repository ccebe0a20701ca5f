"""What is wrong with a profile although it can be used: too wide, contradictory, weaker than its parent."""

from __future__ import annotations

import os

from jailpy.authoring import changes, places, risks, secret, values
from jailpy.authoring.calls import ALLOW, Calls
from jailpy.authoring.contradictions import contradictions
from jailpy.authoring.findings import Finding, Places, ordered
from jailpy.policy.paths import conflicts, inside, split
from jailpy.policy.schema import field_of
from jailpy.policy.shipped import shipped_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from jailpy.model.policy import Policy

_APART = (values.ENV, "process.pass-env")  # looked at by what is in them
_NARROW = "take it away again, unless the plugin needs it"
_CALL = "take it out of seccomp.allow; no plugin has a good reason to need it"


def check(policy: Policy, parent: Policy | None) -> list[Finding]:
    """Everything that is found, the gravest first. ``parent`` is the policy of the profile that it extends."""
    found = [*_too_wide(policy), *contradictions(policy), *_secrets(policy)]
    return ordered((*found, *(_weaker(policy, parent, found) if parent else ())))


def escapes(policy: Policy) -> list[Finding]:
    """Of what a policy lets through, that which leads out of a jail: nothing should ever propose it."""
    return ordered(finding for finding in _too_wide(policy) if finding.grade == "escape")


def _too_wide(policy: Policy) -> Iterator[Finding]:
    known = Places(policy)
    yield from _calls(policy, known)
    yield from _families(policy, known)
    yield from _layers(policy, known)
    yield from _paths(policy, known)
    yield from _executed(policy, known)
    yield from _settings(policy, known)


def _calls(policy: Policy, known: Places) -> Iterator[Finding]:
    calls = Calls(policy)
    for grade, meaning, names in risks.of_calls(calls, calls.allowed):
        if grade == "note":
            continue
        left = set(names)
        for origin in calls.sources(frozenset(names)):
            brought = left & calls.expanded(origin.item)
            left -= brought
            yield _call(known, grade, origin.key, brought, meaning)
        if left:
            yield _call(known, grade, ALLOW, left, meaning)


def _call(known: Places, grade: str, key: str, names: set[str], meaning: str) -> Finding:
    message = f"allows {', '.join(sorted(names))}: {meaning}"
    return known.finding("call", grade, key, message, _CALL if grade == "escape" else _NARROW)


def _families(policy: Policy, known: Places) -> Iterator[Finding]:
    places_of = [origin.key for origin in Calls(policy).items(ALLOW) if origin.item == "@netlink-route"]
    for family in risks.beyond_usual(policy):
        grade, meaning = risks.of_family(family)
        key = next(iter(places_of), "seccomp.args.socket.domain")
        yield known.finding("family", grade, key, f"sockets of {family}: {meaning}", _NARROW)


def _layers(policy: Policy, known: Places) -> Iterator[Finding]:
    for layer, state in policy.layers:
        key = f"layers.{layer}"
        usual = "preferred" if layer in ("landlock", "cgroup") else "required"
        if state not in (usual, "required"):
            grade, meaning = risks.of_setting(key, state)
            yield known.finding("layer", grade, key, f"{state}: {meaning}", f'{layer} = "{usual}"')


def _paths(policy: Policy, known: Places) -> Iterator[Finding]:
    for source, line, key, message in conflicts(policy):
        grade = "escape" if message.startswith("the profile") else "risk"
        advice = "no run starts under it; share another folder, or one below it"
        yield Finding(rule="paths", grade=grade, key=key, source=source, line=line, message=message, advice=advice)
    for name, entries in (("read", policy.filesystem.read), ("write", policy.filesystem.write)):
        for index, entry in enumerate(entries):
            grade, meaning = places.of_path(split(entry)[0], write=name == "write")
            if grade != "note":
                message = f"{'may write' if name == 'write' else 'may read'} {split(entry)[0]}: {meaning}"
                advice = "share another folder, such as one made for the purpose"
                yield known.finding("path", grade, f"filesystem.{name}[{index}]", message, advice)


def _executed(policy: Policy, known: Places) -> Iterator[Finding]:
    """Code that one run may write and the next one runs."""
    for key, path in (("venv", policy.python.venv), ("interpreter", policy.python.interpreter)):
        for entry in policy.filesystem.write:
            folder = split(entry)[0]
            if path.startswith("/") and inside(os.path.realpath(path), os.path.realpath(folder)):
                message = (
                    f"{path} lies inside {folder}, which the jail may write: the next run starts what is left there"
                )
                yield known.finding("path", "risk", f"python.{key}", message, "share another folder for writing")


def _settings(policy: Policy, known: Places) -> Iterator[Finding]:
    filesystem = policy.filesystem
    if filesystem.base == "usr":
        grade, meaning = risks.of_setting("filesystem.base", "usr")
        advice = 'base = "minimal", and the programs that are needed under read'
        yield known.finding("base", grade, "filesystem.base", f'"usr": {meaning}', advice)
    if filesystem.sockets and (filesystem.read or filesystem.write):
        grade, meaning = risks.of_setting("filesystem.sockets", True)
        yield known.finding("sockets", grade, "filesystem.sockets", f"true: {meaning}", "sockets = false")
    for key, value in values.settings(policy).items():
        table, field = field_of(key)
        default = key.startswith(("limits.", "filesystem.")) and getattr(type(getattr(policy, table))(), field)
        if value is None and default is not None:
            advice = f"give it a number; by default it is {values.shown(key, default)}"
            yield known.finding("no-limit", "risk", key, '"none": nothing limits it', advice)
    if "*" in policy.widen and shipped_name(policy.source) != "default":
        own = known.said_in("overrides.widen") == policy.source
        message = '"*": whoever runs it may widen anything' + ("" if own else ", as inherited")
        advice = "widen = [], or the keys that may be widened"
        yield known.finding("widen", "risk" if own else "note", "overrides.widen", message, advice)


def _secrets(policy: Policy) -> Iterator[Finding]:
    known = Places(policy)
    for name, value in policy.process.env:
        why = secret.why(name, value)
        if why:
            advice = "take it out of the file, which many read; --env NAME hands it over for one run"
            yield known.finding("secret", "risk", f"{values.ENV}{name}", f"a secret in the profile? {why}", advice)
    for index, name in enumerate(policy.process.pass_env):
        if secret.named(name):
            message = f"hands the caller's {name} to the program"
            advice = "leave it out, or give a key that can be lost"
            yield known.finding("secret", "risk", f"process.pass-env[{index}]", message, advice)


def _weaker(policy: Policy, parent: Policy, found: list[Finding]) -> Iterator[Finding]:
    """What the parent does not let through, but for what has been found in itself."""
    known = Places(policy)
    told = {finding.key.partition("[")[0] for finding in found if finding.rule not in ("no-effect", "contradiction")}
    lists = (ALLOW, "filesystem.read", "filesystem.write")
    for change in changes.changes(parent, policy):
        again = change.grade != "note" if change.key in lists else change.key in told
        if change.direction != changes.WIDER or again or change.key.startswith(_APART):
            continue
        message = f"weaker than {parent.name}: {changes.words(change)}"
        advice = f"keep what {parent.name} has, unless the plugin needs more"
        yield known.finding("parent", change.grade, _place(policy, change, known), message, advice)


def _place(policy: Policy, change: changes.Change, known: Places) -> str:
    """The key that says so: of a list the item, of a shipped rule the set that brought it."""
    calls = Calls(policy)
    if change.key == ALLOW:
        return next((origin.key for origin in calls.sources(frozenset(change.items))[-1:]), ALLOW)
    if change.key.startswith("seccomp.args.") and not known.said_in(change.key):
        return next((origin.key for origin in calls.items(ALLOW) if origin.item in calls.switches), change.key)
    items = [origin.key for origin in policy.origins if origin.key.startswith(f"{change.key}[")]
    return next((key for key in items if _item(policy, key) == change.new), change.key)


def _item(policy: Policy, key: str) -> str:
    return next(origin.item for origin in policy.origins if origin.key == key)
