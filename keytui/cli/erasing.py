"""A person's name and addresses, forgotten on request."""

from __future__ import annotations

from typing import Annotated

import typer

from keytui.cli.asking import confirm_unless
from keytui.cli.options import JsonOption, YesOption
from keytui.cli.output import say, say_json
from keytui.cli.session import opened
from keytui.domain.errors import NotFound
from keytui.domain.text import harmless


def erase(
    context: typer.Context,
    caller: Annotated[
        str, typer.Argument(metavar="CALLER", help="An address, or a caller's name as `callers` shows it.")
    ],
    *,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Forget a person: a number takes the place of the address or name, wherever callers are named."""
    caller = harmless(caller)  # as callers are stored, and so as `callers` shows them
    with opened(context) as vault:
        question = f"{caller} will be a number from now on; counts and times stay."
        confirm_unless(yes, "erasing is final", question, caller)
        places = vault.erase(caller)
    if not places:
        raise NotFound(f"nobody is called {caller!r}", "`keytui callers KEY` shows who uses a key")
    if json:
        say_json({"places": places})
    else:
        say(f"erased, places: {places}")
