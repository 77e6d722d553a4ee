"""A word that begins with a dash is taken for an option: whoever meant a name is told how to say so."""

from __future__ import annotations

import typer
from typer._click.exceptions import NoSuchOption  # typer has its own click, and shows nothing of it
from typer.core import TyperGroup


class Commands(TyperGroup):
    """All commands."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]  # as above: click's own Context
        """Run the one that was named."""
        try:
            return super().invoke(ctx)
        except NoSuchOption as error:
            if error.cmd is not None and any(one.param_type_name == "argument" for one in error.cmd.params):
                error.message += "; what begins with a dash and is no option comes after --, as in `-- -name`"
            raise
