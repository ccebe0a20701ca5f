"""The profiles that have names: those that come with jailpy, the administrator's and the user's own."""

from __future__ import annotations

import os

from jailpy.errors import ProfileError
from jailpy.model.record import Record
from jailpy.policy.document import parse
from jailpy.policy.lookup import ADMIN, folders, locate
from jailpy.policy.schema import profile_name
from jailpy.policy.shipped import GENERATIONS, data_dir, is_shipped
from jailpy.policy.trust import read_regular, read_trusted, unreadable
from jailpy.policy.values import UnfitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Named(Record):
    """A profile that a bare name could mean; ``hidden`` and ``wrong`` say why it does not, or cannot be used."""

    name: str
    whose: str  # "jailpy" | "administrator" | "user"
    path: str
    generation: int | None = None  # of those that come with jailpy
    about: str = ""  # the first sentence of its first comment
    hidden: str = ""  # the path of the one that is found before it
    wrong: str = ""  # why it is refused


def named(uid: int, home: str | None, config_home: str | None) -> list[Named]:
    """All of them as ``uid`` finds them, in the order in which a name is looked up."""
    found: list[Named] = []
    for whose, folder in (("jailpy", data_dir()), *((_whose(path), path) for path in folders(uid, home, config_home))):
        for name in _names(folder, whose):
            path = f"{folder}/{name}.toml"
            about, wrong = _about(path, uid)
            before = next((other.path for other in found if other.name == name), "")
            generation = GENERATIONS[name] if whose == "jailpy" else None
            found.append(Named(name=name, whose=whose, path=path, generation=generation,
                               about=about, hidden=before, wrong=wrong))  # fmt: skip
    return found


def path_of(name: str, uid: int, home: str | None, config_home: str | None) -> str:
    """The file that a name or path means. Raises ProfileError if there is none."""
    return locate(name, folders(uid, home, config_home)).path


def content(path: str, uid: int) -> bytes:
    """What is in a profile's file, which must be TOML. Raises ProfileError, also where it is not to be trusted."""
    try:
        real, data = (path, read_regular(path)) if is_shipped(os.path.realpath(path)) else read_trusted(path, uid)
    except OSError as error:
        raise unreadable(path, error) from None
    parse(real, data, shipped=True)
    return data


def _whose(folder: str) -> str:
    return "administrator" if folder == ADMIN else "user"


def _names(folder: str, whose: str) -> Iterator[str]:
    """Files whose names can be given; a folder that is not there, or closed to the caller, has none."""
    if whose == "jailpy":
        yield from GENERATIONS
        return
    try:
        files = sorted(os.listdir(folder))
    except OSError:
        return
    for file in files:
        stem = file.removesuffix(".toml")
        try:
            profile_name(stem)
        except UnfitError:
            continue
        if stem != file:
            yield stem


def _about(path: str, uid: int) -> tuple[str, str]:
    """What a profile is for, and what is wrong with its file."""
    try:
        return sentence(content(path, uid).decode()), ""
    except ProfileError as error:
        return "", error.message


def sentence(text: str) -> str:
    """The first sentence, or what stands before its colon, of the comment with which a file begins."""
    lines = text.lstrip("\n").splitlines()
    end = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    words = " ".join(line.strip("# \t") for line in lines[:end]).strip()
    ends = [at for mark in (": ", ". ") if (at := words.find(mark)) >= 0]
    return words[: min(ends, default=len(words))].rstrip(".:")
