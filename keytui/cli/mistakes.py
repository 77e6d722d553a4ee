"""A command line that cannot be run: all that it lacks is named at once, and in words for those who typed it."""

from __future__ import annotations

from typing import NoReturn

import typer
from typer._click.core import Command, Parameter  # typer has its own click, and shows nothing of it
from typer._click.exceptions import MissingParameter, NoSuchOption, UsageError
from typer.core import TyperArgument, TyperGroup, TyperOption

from keytui.domain.text import shortened


class Commands(TyperGroup):
    """All commands."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # as below
        """Read what stands before the command."""
        try:
            return super().parse_args(ctx, args)
        except UsageError as error:
            error.message = shortened(error.message)
            raise

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]  # as above: click's own Context
        """Run the one that was named."""
        try:
            return super().invoke(ctx)
        except NoSuchOption as error:
            error.message = shortened(error.message)
            if error.option_name == "--yes":
                error.message += f"; {_instead_of_yes(error.cmd)}"
            elif error.cmd is not None and any(one.param_type_name == "argument" for one in error.cmd.params):
                error.message += "; what begins with a dash and is no option comes after --, as in `-- -name`"
            raise
        except MissingParameter as error:
            _name_all(error)
        except UsageError as error:
            error.message = shortened(_in_our_words(error.message))
            raise


def _instead_of_yes(command: Command | None) -> str:
    """A review asks about each key, and yes is no answer to that."""
    if command is not None and any("--sign-off" in one.opts for one in command.params):
        return "`--sign-off KEY` signs one key off without a question"
    return "it is for commands that ask before they act: leave it away"


def _in_our_words(message: str) -> str:
    """Without the words that pydantic has for programmers."""
    return message.removeprefix("Value error, ").replace("Input should be", "it should be").partition(", unable to")[0]


def _name_all(error: MissingParameter) -> NoReturn:
    """Whatever is required and was not given; click names the first. What was given is read before that is noticed."""
    if error.ctx is None or error.cmd is None:
        raise error
    given = error.ctx.params
    required = [one for one in error.cmd.params if one.required]
    missing = [one for one in required if one.name not in given]
    line = " ".join([error.ctx.command_path, *map(_as_typed, required)])
    raise UsageError(f"Missing {', '.join(map(_called, missing))}: `{line}`.", error.ctx) from None


def _called(parameter: Parameter) -> str:
    return parameter.opts[0] if parameter.param_type_name == "option" else _value(parameter)


def _as_typed(parameter: Parameter) -> str:
    return " ".join(dict.fromkeys((_called(parameter), _value(parameter))))


def _value(parameter: Parameter) -> str:
    """What the help calls it; the words that it takes, where it takes only those."""
    choices = parameter.type_descriptor.choices if isinstance(parameter, TyperOption | TyperArgument) else None
    return parameter.metavar or "|".join(map(str, choices or ())) or parameter.name.upper()
