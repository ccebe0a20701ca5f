"""Write contrib/completions/ anew from the table of options: PYTHONPATH=. python contrib/completions.py

The scripts stand alone: a TAB must not wait for an interpreter.
"""

from __future__ import annotations

import string
from pathlib import Path

from jailpy.cli.help import COMMANDS, NAMES, PROFILE
from jailpy.cli.options import OPTIONS, Option
from jailpy.policy.schema import LAYERS, keys_of
from jailpy.policy.shipped import GENERATIONS

FOLDER = Path(__file__).resolve().parent / "completions"
TEMPLATES = Path(__file__).resolve().parent / "completions.in"
KINDS = {  # how a value is completed, by its name in the help
    "DIR": "folders",
    "FILE": "files",
    "FILE|fd:N": "files",
    "KEY=VALUE": "limits",
    "LAYER,…": "layers",
    "NAME[=VALUE]": "variables",
    "NAME|FILE": "profiles",
    "PATH": "files",
    "PATH|VERSION": "files",
}
LIMITS = [key.removeprefix("limits.") for key in keys_of("limits")]


def options_of(command: str) -> list[Option]:
    return [option for option in OPTIONS if command in option.commands]


def kind_of(option: Option) -> str:
    """How its value is completed; "choice" of the words that the help names; "nothing"; "" for a flag."""
    if option.kind == "flag":
        return ""
    choice = option.metavar.islower() and "|" in option.metavar
    return "choice" if choice else KINDS.get(option.metavar, "nothing")


def values() -> dict[str, str]:
    """What the templates leave open, apart from what is written differently for each shell."""
    return {
        "commands": " ".join(COMMANDS),
        "profile_commands": " ".join(PROFILE),
        "layers": " ".join(LAYERS),
        "limits": " ".join(LIMITS),
        "profiles": " ".join(GENERATIONS),
    }


def bash() -> dict[str, str]:
    flags, kinds = [], []
    for command in NAMES:
        names = [flag for option in options_of(command) for flag in option.flags]
        flags.append(f"    {_word(command)}) REPLY='{' '.join([*names, '-h', '--help'])}' ;;")
        for option in options_of(command):
            if kind := kind_of(option):
                words = f" choices='{option.metavar.replace('|', ' ')}'" if kind == "choice" else ""
                last = " last=yes" if option.kind == "last" else ""
                kinds += [f"    {_word(f'{command}:{flag}')}) REPLY={kind}{words}{last} ;;" for flag in option.flags]
    return {"linted": "shellcheck shell=bash", "flags": "\n".join(flags), "kinds": "\n".join(kinds)}


def zsh() -> dict[str, str]:
    arguments = []
    for command in NAMES:
        specs = [_zsh_spec(option) for option in options_of(command)]
        specs += ["'(- *)'{-h,--help}'[Print the help.]'", f"$rest_of_{command.replace(' ', '_')}"]
        first = "" if " " in command else " -A '-*'"  # those of a group may stand after its words
        arguments.append(f"    {_word(command)})\n      _arguments -S{first} \\\n        {_lines(specs)}\n      ;;")
    return {
        "described": _described(COMMANDS, 8),
        "profile_described": _described(PROFILE, 10),
        "arguments": "\n".join(arguments),
    }


def _described(commands: dict[str, str], indent: int) -> str:
    return f" \\\n{' ' * indent}".join(_quoted(f"{name}:{summary}") for name, summary in commands.items())


def _zsh_spec(option: Option) -> str:
    """One specification for _arguments, see zshcompsys(1)."""
    kind = kind_of(option)
    text = option.help.replace("]", r"\]").replace("[", r"\[")
    many = "*" if option.kind == "list" else ""
    alone = "(- *)" if option.kind == "last" else f"({' '.join(option.flags)})" if not many else ""
    names = [f"{flag}{'=' if kind and flag.startswith('--') else '+' if kind else ''}" for flag in option.flags]
    message = option.metavar.replace(":", r"\:")
    choices = f"({option.metavar.replace('|', ' ')})"
    action = {"choice": choices, "nothing": " ", "": "", "files": "_files", "folders": "_files -/"}.get(kind)
    end = f":{message}:{action if action is not None else f'_jailpy_{kind}'}" if kind else ""
    if option.kind == "last":
        end += ":*:argument:_files"
    if len(names) == 1:
        return _quoted(f"{alone}{many}{names[0]}[{text}]{end}")
    return f"{_quoted(alone + many)}{{{','.join(names)}}}{_quoted(f'[{text}]{end}')}"


def fish() -> dict[str, str]:
    lines, takes = [], []
    for name, summary in COMMANDS.items():
        lines.append(f"complete -c jailpy -n '__jailpy_at command' -f -a {name} -d {_fish(summary)}")
    for name, summary in PROFILE.items():
        lines.append(f"complete -c jailpy -n '__jailpy_at profile' -f -a {name} -d {_fish(summary)}")
    for command in NAMES:
        valued = [flag for option in options_of(command) if kind_of(option) for flag in option.flags]
        takes.append(f"        case {_word(command)}\n            string join \\n -- {' '.join(valued)}")
        lines += [_fish_line(command, option) for option in options_of(command)]
    return {"lines": "\n".join(lines), "takes": "\n".join(takes)}


def _fish_line(command: str, option: Option) -> str:
    names = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags)
    kind = kind_of(option)
    value = {
        "": "",
        "choice": f" -x -a '{option.metavar.replace('|', ' ')}'",
        "nothing": " -x",
        "files": " -r -F",
        "folders": " -x -a '(__fish_complete_directories)'",
        "profiles": " -r -F -a '(__jailpy_profiles)'",
    }.get(kind, f" -x -a '(__jailpy_{kind})'")
    place = f'"{command}"' if " " in command else command
    return f"complete -c jailpy -n '__jailpy_at options {place}' {names}{value} -d {_fish(option.help)}"


def _lines(specs: list[str]) -> str:
    return " \\\n        ".join(specs)


def _word(text: str) -> str:
    """In quotes where it would be two words."""
    return _quoted(text) if " " in text else text


def _quoted(text: str) -> str:
    """For zsh and bash: in single quotes."""
    return "'" + text.replace("'", "'\\''") + "'"


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def written() -> dict[str, str]:
    """The text of each file, by its name."""
    found = {}
    for name, own in (("jailpy.bash", bash()), ("_jailpy", zsh()), ("jailpy.fish", fish())):
        text = (TEMPLATES / name).read_text(encoding="utf-8")
        found[name] = _Template(text).substitute(values() | own)
    return found


class _Template(string.Template):
    delimiter = "@@"  # shells need the dollar themselves


if __name__ == "__main__":
    for name, text in written().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
