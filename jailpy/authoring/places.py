"""Paths of a host that a program should not be given: those that others execute, believe, or keep keys in."""

from __future__ import annotations

import os

from jailpy.policy.paths import inside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# What a login, a shell, Python, git or a desktop reads or executes, wherever a home may be.
_STARTED = (
    ".bash_login", ".bash_logout", ".bash_profile", ".bashrc", ".config/autostart", ".config/environment.d",
    ".config/fish", ".config/git", ".config/jailpy", ".config/nvim", ".config/pip", ".config/systemd", ".cshrc",
    ".emacs.d", ".git", ".gitconfig", ".inputrc", ".kshrc", ".local/bin", ".local/lib", ".pam_environment", ".profile",
    ".pythonrc", ".pythonrc.py", ".pypirc", ".ssh", ".tcshrc", ".tmux.conf", ".vim", ".vimrc", ".xprofile",
    ".xsession", ".zlogin", ".zprofile", ".zshenv", ".zshrc", "dist-packages", "site-packages",
)  # fmt: skip
_KEYS = (
    ".aws", ".azure", ".config/gcloud", ".config/gh", ".docker", ".git-credentials", ".gnupg", ".kube", ".mozilla",
    ".netrc", ".password-store", ".pgpass", ".pypirc", ".ssh", ".vault-token",
)  # fmt: skip
_SYSTEM = (
    "/bin", "/boot", "/etc", "/lib", "/lib64", "/root", "/sbin", "/sys", "/usr", "/var/lib/dpkg", "/var/lib/rpm",
    "/var/lib/systemd", "/var/spool/cron",
)  # fmt: skip
_KEPT = ("/etc/gshadow", "/etc/shadow", "/etc/ssh", "/etc/ssl/private", "/root", "/var/spool")
_JAILPY = ("/etc/jailpy", "/run/jailpy", "/var/cache/jailpy", "/var/lib/jailpy")
_LISTENING = ("/run", "/var/run", "/tmp/.X11-unix")
_HOMES = ("/home", "/var/home")


def of_path(path: str, *, write: bool) -> tuple[str, str]:
    """Grade and words (see risks) for a host path that a program can read, or write."""
    for name in dict.fromkeys((path, os.path.realpath(path))):
        words = (_written(name) if write else "") or ""
        if words:
            return "escape", words
        words = _read(name)
        if words:
            return "risk", words
    return "note", "what is there can be changed" if write else ""


def _written(path: str) -> str:
    """Why writing there leads out of the jail."""
    if _is_home(path):
        return "a home, whose start-up files are executed at the next login"
    own = _touched(path, (*_JAILPY, *_depended_on()))
    if own:
        return f"jailpy itself depends on {own}, and what is written there the next run would believe"
    started = _named(path, _STARTED)
    if started:
        return f"{started} is read or executed by programs outside, at their next start"
    system = _touched(path, (*_SYSTEM, *_searched()))
    return f"programs of the host are started from {system}, or believe what is there" if system else ""


def _read(path: str) -> str:
    """Why a program should perhaps not read there."""
    named = _named(path, _KEYS)
    if named:
        return f"{named} holds keys and passwords"
    if _is_home(path):
        return "a home, with the keys and passwords in it"
    kept = _touched(path, _KEPT)
    if kept:
        return f"{kept} holds keys, passwords or the data of services"
    listening = next((place for place in _LISTENING if inside(path, place) or path.endswith(".sock")), "")
    return "services of the host listen there" if listening else ""


def _named(path: str, names: Iterable[str]) -> str:
    """The first of these names that is part of a path."""
    return next((name for name in names if f"/{name}/" in f"{path}/"), "")


def _touched(path: str, known: Iterable[str]) -> str:
    """The first of these places that a path is, lies in, or holds."""
    return next((place for place in known if inside(path, place) or inside(place, path)), "")


def _is_home(path: str) -> bool:
    """Whether a path is somebody's home, or the folder of all homes."""
    own = os.environ.get("HOME", "")
    above = own.startswith("/") and own != "/" and inside(os.path.normpath(own), path)
    return above or path in _HOMES or os.path.dirname(path) in _HOMES or path == "/root"


def _depended_on() -> list[str]:
    """What this caller's jailpy lives from."""
    from jailpy.plan.own import code_and_profiles, kept_places

    return [*kept_places(), *code_and_profiles()]


def _searched() -> list[str]:
    """Where this caller's shell and Python look for what they execute."""
    listed = ":".join(os.environ.get(name, "") for name in ("PATH", "PYTHONPATH")).split(":")
    return [os.path.normpath(folder) for folder in listed if folder.startswith("/") and folder != "/"]
