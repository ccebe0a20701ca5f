"""``jailpy profile``: what a profile says, what is wrong with it, how two differ, and new ones."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from jailpy.authoring import changes, effective, flat, sarif, shelf, told
from jailpy.authoring import check as judge
from jailpy.authoring import start as beginning
from jailpy.cli.output import out, require_stdout, say, write_all
from jailpy.errors import JailError, ProfileError, UsageError
from jailpy.policy.load import load, read
from jailpy.policy.shipped import shipped_name
from jailpy.report.quote import for_json, for_terminal
from jailpy.report.words import of_error

if TYPE_CHECKING:
    from jailpy.authoring.findings import Finding
    from jailpy.model.policy import Policy

JUDGES = ("check", "diff")  # whose exit status is a judgement

_EXPECTED = {
    "show": ("NAME|FILE", 1),
    "check": ("NAME|FILE…", None),
    "diff": ("OLD NEW", 2),
    "new": ("NAME", 1),
    "freeze": ("NAME|FILE", 1),
}
_PARENT = "default@1"
_FOUND, _TROUBLE = 1, 2  # as diff(1) has it


def main(words: list[str], given: dict[str, Any]) -> int:
    """Do what the first of ``words`` says; the exit status. Raises JailError."""
    command, *names = words
    try:
        return _main(command, names, given)
    except JailError as error:
        if command not in JUDGES:
            raise
        return trouble(error)


def trouble(error: JailError) -> int:
    """Say why ``check`` or ``diff`` came to no judgement; their status for that."""
    say(of_error(error))
    return _TROUBLE


def _main(command: str, names: list[str], given: dict[str, Any]) -> int:
    require_stdout()
    expected, count = _EXPECTED.get(command, ("", 0))
    if len(names) != count and (count is not None or not names):
        raise UsageError(f"profile {command}: expected {expected}", hint=f"jailpy profile {command} --help")
    if "" in (*names, given.get("output"), given.get("extends")):
        raise UsageError(f"profile {command}: a name is empty", hint="a shell variable that was never set?")
    if command == "list":
        out(_list(given))
    elif command == "show":
        out(_show(names[0], given))
    elif command == "check":
        return _check(names, given)
    elif command == "diff":
        return _diff(names[0], names[1], given)
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


def _check(names: list[str], given: dict[str, Any]) -> int:
    """Judge each profile; those that cannot be used are trouble, and keep no other from being judged."""
    if given.get("sarif") and given.get("json"):
        raise UsageError("--sarif and --json do not go together")
    judged: list[tuple[Policy, list[Finding]]] = []
    refused: list[tuple[str, ProfileError]] = []
    for name in names:
        try:
            policy = read(name, **_caller())
            judged.append((policy, judge.check(policy, _parent(policy))))
        except ProfileError as error:
            refused.append((name, error))
    found = [finding for _, findings in judged for finding in findings]
    if given.get("sarif"):
        out(for_json(sarif.document(found, refused)) + "\n")
    elif given.get("json"):
        out(
            for_json(
                {
                    "schema": 1,
                    "profiles": [told.findings_document(policy, findings) for policy, findings in judged],
                    "refused": [{"name": name, "problems": why.problems or (why.message,)} for name, why in refused],
                }
            )
            + "\n"
        )
    else:
        out("".join(f"{line}\n" for policy, findings in judged for line in told.findings(policy.source, findings)))
    for _, why in refused:
        trouble(why)
    if refused:
        return _TROUBLE
    return _FOUND if any(finding.grade != "note" for finding in found) else 0


def _parent(policy: Policy) -> Policy | None:
    """The policy of the profile that it extends; shipped ones are known by their names."""
    if len(policy.chain) == 1:
        return None
    return read(shipped_name(policy.chain[1]) or policy.chain[1], **_caller())


def _diff(old: str, new: str, given: dict[str, Any]) -> int:
    """What the second gives more, and less."""
    if given.get("markdown") and given.get("json"):
        raise UsageError("--markdown and --json do not go together")
    one, other = _policy(old), _policy(new)
    found = changes.changes(one, other)
    if given.get("json"):
        out(for_json(told.differences_document(one, other, found)) + "\n")
    else:
        words = told.differences_in_markdown if given.get("markdown") else told.differences
        out("".join(f"{line}\n" for line in words(one, other, found)))
    return _FOUND if changes.verdict(found) == changes.WIDER else 0


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
