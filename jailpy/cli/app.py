"""The whole command line, by typer: everything that quick_run leaves to it.

A command is built when it is called for, so that ``jailpy --help`` costs typer alone. Errors are not worded here but at
the one boundary, jailpy.__main__.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from jailpy import __version__
from jailpy.cli.output import out
from jailpy.cli.request import make
from jailpy.errors import UsageError

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

    from jailpy.cli.typed import Asked

COMMANDS = {
    "run": "Run a Python program in a jail.",
    "exec": "Run any other program, in the same jail.",
    "plan": "Print the steps that run would take here, and take none of them.",
    "doctor": "Say what this host offers, what is missing, and the line that enables it.",
}


class LazyGroup(TyperGroup):
    """A group whose commands are built one at a time."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = dict.fromkeys(COMMANDS)  # type: ignore[assignment]  # the names, for "did you mean"

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002 (typer's own signature)
        from jailpy.cli.typed import build

        return build(cmd_name, COMMANDS[cmd_name]) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def main(words: list[str]) -> int:
    """Understand ``words`` and do what they ask; the exit status. Raises JailError."""
    asked = parse(words)
    if asked is None:
        return 0
    if asked.command == "doctor":
        from jailpy.cli import doctor

        return doctor.tell(as_json=asked.json)
    if asked.command == "plan":
        from jailpy.cli import plan

        return plan.show(make("plan", asked.words, asked.given), as_json=asked.json)
    from jailpy.cli import run

    report, exit_status = asked.given.get("report", ""), asked.given.get("exit_status", "")
    return run.understood(lambda: make(asked.command, asked.words, asked.given), report, exit_status)


def parse(words: list[str]) -> Asked | None:
    """What ``words`` ask for; None where help or the version has been printed. Raises UsageError."""
    app = typer.Typer(cls=LazyGroup, rich_markup_mode=None, add_completion=False)
    app.callback(context_settings={"help_option_names": ["-h", "--help"]})(_jailpy)
    group = typer.main.get_group(app)
    try:
        with group.make_context("jailpy", list(words)) as context:
            asked: Asked = group.invoke(context)
            return asked
    except typer.Exit:
        return None
    except typer.TyperException as error:
        raise _usage(error) from error


def _version(wanted: bool) -> None:
    if wanted:
        out(f"jailpy {__version__}\n")
        raise typer.Exit


def _jailpy(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Run Python that nobody trusts, as an ordinary user."""


def _usage(error: typer.TyperException) -> UsageError:
    """What typer found wrong, in our words."""
    context = getattr(error, "ctx", None)
    text = error.format_message().rstrip(".")
    return UsageError(text[:1].lower() + text[1:], hint=f"{context.command_path if context else 'jailpy'} --help")
