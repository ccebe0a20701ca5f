"""What ``--help`` prints: the forms of a command, its options under the headings of their table, and examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

from jailpy.cli.options import GROUPS, Option
from jailpy.cli.output import out

if TYPE_CHECKING:
    from typer._click import Context, HelpFormatter
    from typer.core import TyperOption

COMMANDS = {
    "run": "Run a Python program in a jail.",
    "exec": "Run any other program, in the same jail.",
    "plan": "Print the steps that run would take here, and take none of them.",
    "ps": "List the runs that live now.",
    "kill": "End runs, and say how each of them ended.",
    "doctor": "Say what this host offers, what is missing, and the line that enables it.",
    "profile": "Show, check, compare and write profiles.",
}
PROFILE = {
    "list": "List the profiles that have names.",
    "show": "Print a profile, or what it says in effect.",
    "check": "Say what is too wide in a profile, or contradicts itself.",
    "diff": "Say what a profile gives that another does not.",
    "new": "Print a new profile to begin with, full of comments.",
    "freeze": "Print a profile with all that it inherits, so that no update changes it.",
}
NAMES = (*(name for name in COMMANDS if name != "profile"), *(f"profile {name}" for name in PROFILE))
_FORMS = {
    "run": ("[OPTIONS] PLUGIN [ARG]…", "[OPTIONS] -c CODE [ARG]…", "[OPTIONS] [--code DIR] -m MODULE [ARG]…"),
    "exec": ("[OPTIONS] -- COMMAND [ARG]…",),
    "plan": ("[OPTIONS] PLUGIN [ARG]…", "[OPTIONS] -c CODE [ARG]…", "[OPTIONS] [--code DIR] -m MODULE [ARG]…"),
    "kill": ("ID…", "--label K=V…", "--all"),
    "profile": ("COMMAND …",),
    "profile show": ("[--effective] [--json] NAME|FILE",),
    "profile check": ("[--json | --sarif] NAME|FILE…",),
    "profile diff": ("[--json | --markdown] OLD NEW",),
    "profile new": ("[--extends NAME|FILE] [-o FILE] NAME",),
    "profile freeze": ("[-o FILE] NAME|FILE",),
}
_PLUGIN = """PLUGIN is a file, a folder with a __main__.py, or - for standard input: a path has a slash, or ends in .py
or .pyz. Options end at PLUGIN, at -c CODE and at -m MODULE: whatever follows is the plugin's."""
_TEXTS = {
    "run": f"{_PLUGIN} It finds its code at /plugin, read-only, and itself in /work, an empty folder.",
    "exec": """COMMAND is looked for in the jail, which holds the interpreter and no other program: --read shows it
more.""",
    "plan": _PLUGIN,
    "ps": "Those of this user; root's are root's own.",
    "kill": """Each run is told to end by SIGTERM and is killed when it lives on for ten seconds.
It exits with 0 when all have ended, with 1 when there was none, or not the one that was named.""",
    "doctor": "The last thing that it tries is a whole jail. It exits with 0 where run works, else with 1.",
    "profile": """A profile is named as for run: a path has a slash; a bare name is one that comes with jailpy, or lies
in /etc/jailpy/profiles or in your own jailpy/profiles.""",
    "profile list": "Those that come with jailpy, those in /etc/jailpy/profiles, and your own.",
    "profile show": """Without --effective the file is printed as it is. System calls are shown by the sets that are
whole.""",
    "profile check": """Findings are an escape, a risk or a note. It exits with 0 where there is none but notes, with 1
where there is, and with 2 where a profile cannot be used.""",
    "profile diff": """OLD and NEW are names or files. It exits with 0 where NEW is the same or narrower, with 1 where
it is wider, and with 2 where one cannot be used.""",
    "profile new": "NAME is what the profile calls itself. What it says in comments changes nothing.",
    "profile freeze": """Each call stands there by its name and each argument by its number. The policy has the same
digest, for --policy-digest.""",
}
_EXAMPLES = {
    "run": (
        ("A plugin that may read one file:", "jailpy run --read data.csv report.py data.csv"),
        ("Ten seconds, half a gigabyte, and a report of how it ended:",
         "jailpy run --timeout 10s --limit memory=512M --report r.json plugin.py"),
        ("Code from the command line, under the strict profile:", "jailpy run -p strict -c 'print(6 * 7)'"),
    ),
    "exec": (("A shell, and a folder to look at:", "jailpy exec --read /bin/sh --read data -- sh -c 'echo data/*'"),),
    "plan": (("What an option changes:", "jailpy plan --write out plugin.py"),),
    "ps": (("For a script:", "jailpy ps --json"),),
    "kill": (("All runs of one job:", "jailpy kill --label job=17"),),
    "doctor": (("For a script:", "jailpy doctor --json"),),
    "profile": (("What the strict profile comes to:", "jailpy profile show --effective strict"),),
    "profile list": (("For a script:", "jailpy profile list --json"),),
    "profile show": (("Which file each line is from:", "jailpy profile show --effective ./weather.toml"),),
    "profile check": (("All of a folder, for a code host:", "jailpy profile check --sarif profiles/*.toml"),),
    "profile diff": (("Stop a change that widens:", "jailpy profile diff ./reviewed.toml ./weather.toml"),),
    "profile new": (("One that builds on strict:", "jailpy profile new --extends strict@1 -o weather.toml weather"),),
    "profile freeze": (("What was reviewed, for good:", "jailpy profile freeze ./weather.toml -o frozen.toml"),),
    "": (("The first run:", "jailpy run plugin.py"), ("What can be had here:", "jailpy doctor")),
}  # fmt: skip
_HELP = ("-h, --help", "Print this and exit.")


class _Help:
    """How our help differs from typer's. A mixin: typer has one base for a command, another for a group."""

    def get_help_option(self, ctx: Context) -> TyperOption | None:
        """Typer's own, but what cannot be printed is an error here too."""
        option: TyperOption | None = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.callback = _print_help
        return option

    def format_usage(self, ctx: Context, formatter: HelpFormatter) -> None:
        forms = _FORMS.get(_name(ctx), ("[OPTIONS]",) if ctx.parent else ("COMMAND …",))
        for number, form in enumerate(forms):
            formatter.write(f"{'       ' if number else 'Usage: '}{ctx.command_path} {form}\n")

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:
        with formatter.section("Examples"):
            for what, command in _EXAMPLES.get(_name(ctx), ()):
                formatter.write(f"  {what}\n    {command}\n")


class CommandHelp(_Help, TyperCommand):
    """A command whose options stand under the headings of their table."""

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        for heading, options in GROUPS:
            rows = [_row(option) for option in options if _name(ctx) in option.commands]
            rows += [_HELP] if heading == GROUPS[-1][0] else []
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)


class Overview(_Help, TyperGroup):
    """A group of commands: it prints their summaries and builds none of them."""

    table = COMMANDS

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = dict.fromkeys(self.table)  # type: ignore[assignment]  # typer wants their names early

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self.table.items()))
        with formatter.section("Options"):
            formatter.write_dl([_HELP] if ctx.parent else [("    --version", "Print the version."), _HELP])


def text(command: str) -> str:
    """The summary and what else is to be known before the options."""
    group, _, name = command.partition(" ")
    return f"{PROFILE[name] if name else COMMANDS[group]}\n\n{_TEXTS[command]}"


def _name(ctx: Context) -> str:
    """The words that name a command, without jailpy; "" for jailpy itself."""
    names: list[str] = []
    while ctx.parent:
        names.insert(0, ctx.info_name or "")
        ctx = ctx.parent
    return " ".join(names)


def _row(option: Option) -> tuple[str, str]:
    flags = ", ".join(option.flags) if option.flags[0][1] != "-" else f"    {option.flags[0]}"
    return f"{flags} {option.metavar}".rstrip(), option.help


def _print_help(ctx: Context, _: object, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        out(f"{ctx.get_help()}\n")
        raise typer.Exit
