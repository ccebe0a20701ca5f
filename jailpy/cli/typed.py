"""The commands as typer knows them, built from the table of options."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.main import get_command_from_info
from typer.models import CommandInfo

from jailpy.cli.help import CommandHelp, text
from jailpy.cli.options import OPTIONS, Option
from jailpy.model.record import Record

if TYPE_CHECKING:
    from typer._click import Command, Context
    from typer._click.parser import _OptionParser, _ParsingState

_TYPES: dict[str, Any] = {"value": str | None, "last": str | None, "list": list[str] | None, "flag": bool}
_WORDLESS = ("doctor", "ps")


class Asked(Record):
    """What a command line asks for, still in words."""

    command: str
    words: list[str]  # those after the options
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


def build(name: str) -> Command:
    """The command ``name``."""
    info = CommandInfo(
        name=name,
        help=text(name),
        cls=OptionsFirst,
        callback=_asking(name),
        context_settings={"allow_interspersed_args": False, "help_option_names": ["-h", "--help"]},
    )
    return get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)


def _asking(name: str) -> Callable[..., Asked]:
    """A function with the parameters that typer is to make options and arguments of."""

    def command(*, words: list[str] | None = None, **values: Any) -> Asked:
        given = {field: value for field, value in values.items() if value not in (None, [], False)}
        return Asked(command=name, words=words or [], given=given)

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
