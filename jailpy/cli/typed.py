"""The commands as typer knows them, built from the table of options."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.main import get_command_from_info, get_group
from typer.models import CommandInfo

from jailpy.cli.help import PROFILE, CommandHelp, Overview, text
from jailpy.cli.options import OPTIONS, Option
from jailpy.model.record import Record

if TYPE_CHECKING:
    from typer._click import Command, Context
    from typer._click.parser import _OptionParser, _ParsingState

_TYPES: dict[str, Any] = {"value": str | None, "last": str | None, "list": list[str] | None, "flag": bool}
_WORDLESS = ("doctor", "ps", "profile list")


class Asked(Record):
    """What a command line asks for, still in words."""

    command: str
    words: list[str]  # those after the options; of a group its command first
    given: dict[str, Any]  # options by their fields


class OptionsFirst(CommandHelp):
    """Options end at the first word that is none, and at the value of an option of kind "last"."""

    def make_parser(self, ctx: Context) -> _OptionParser:
        parser = super().make_parser(ctx)
        for option in OPTIONS:
            for flag in option.flags if option.kind == "last" else ():
                if flag in parser._short_opt:
                    last = parser._short_opt[flag]
                    last.process = _and_no_more(last.process)  # type: ignore[method-assign, assignment]
        return parser


def _and_no_more(process: Callable[[Any, _ParsingState], None]) -> Callable[[Any, _ParsingState], None]:
    def last(value: Any, state: _ParsingState) -> None:
        process(value, state)
        state.largs += state.rargs
        state.rargs.clear()

    return last


class ProfileGroup(Overview):
    """``jailpy profile``, whose commands are built one at a time too."""

    table = PROFILE

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002 (typer's own signature)
        return build(f"profile {cmd_name}") if cmd_name in PROFILE else None


def build(name: str) -> Command:
    """The command ``name``, such as "run" or "profile show"; "profile" is a group of them."""
    if name == "profile":
        app = typer.Typer(cls=ProfileGroup, rich_markup_mode=None, add_completion=False)
        app.callback(help=text(name), context_settings={"help_option_names": ["-h", "--help"]})(lambda: None)
        return get_group(app)
    group, _, last = name.partition(" ")
    info = CommandInfo(
        name=last or group,
        help=text(name),
        cls=OptionsFirst,
        callback=_asking(name),
        context_settings={"allow_interspersed_args": bool(last), "help_option_names": ["-h", "--help"]},
    )
    return get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)


def _asking(name: str) -> Callable[..., Asked]:
    """A function with the parameters that typer is to make options and arguments of."""

    def command(*, words: list[str] | None = None, **values: Any) -> Asked:
        given = {field: value for field, value in values.items() if value not in (None, [], False)}
        command, *before = name.split()
        return Asked(command=command, words=[*before, *(words or ())], given=given)

    parameters = [_parameter(option) for option in OPTIONS if name in option.commands]
    if name not in _WORDLESS:
        parameters.append(_keyword("words", list[str] | None, None, typer.Argument()))
    command.__signature__ = Signature(parameters, return_annotation=Asked)  # type: ignore[attr-defined]
    return command


def _parameter(option: Option) -> Parameter:
    return _keyword(
        option.field, _TYPES[option.kind], False if option.kind == "flag" else None, typer.Option(*option.flags)
    )


def _keyword(name: str, kind: Any, default: object, declared: Any) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, declared])
