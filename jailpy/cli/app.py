"""The whole command line, by typer: everything that quick_run leaves to it.

A command is built when it is called for, so that ``jailpy --help`` costs typer alone. Errors are not worded here but at
the one boundary, jailpy.__main__.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from jailpy import __version__
from jailpy.cli.help import COMMANDS, Overview
from jailpy.cli.output import out
from jailpy.cli.request import make
from jailpy.errors import UsageError

if TYPE_CHECKING:
    from typer._click import Command, Context

    from jailpy.cli.typed import Asked
    from jailpy.model.request import Request


class LazyGroup(Overview):
    """A group whose commands are built one at a time."""

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002 (typer's own signature)
        from jailpy.cli.typed import build

        return build(cmd_name) if cmd_name in COMMANDS else None


def main(words: list[str]) -> int:
    """Understand ``words`` and do what they ask; the exit status. Raises JailError."""
    try:
        asked = parse(words)
    except UsageError as error:
        return _misunderstood(words, error)
    if asked is None:
        return 0
    if asked.command not in ("run", "exec"):
        status: int = import_module(f"jailpy.cli.{asked.command}").main(asked.words, asked.given)
        return status
    from jailpy.cli import run

    given = asked.given
    return run.understood(
        lambda: make(asked.command, asked.words, given),
        given.get("report", ""),
        given.get("exit_status", ""),
        json=given.get("json", False),
        no_history=given.get("no_history", False),
    )


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
        from jailpy.cli import mistakes

        raise mistakes.worded(error, words) from error


def _misunderstood(words: list[str], error: UsageError) -> int:
    """The report of a run tells of this error too."""
    from jailpy.cli import mistakes, run

    if words[:1] == ["profile"]:
        from jailpy.cli import profile

        if words[1:2] and words[1] in profile.JUDGES:
            return profile.trouble(error)
    if words[:1] not in (["run"], ["exec"]):
        raise error

    def refuse() -> Request:
        raise error

    return run.understood(refuse, mistakes.report_of(words), "", json=mistakes.wants_json(words))


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
