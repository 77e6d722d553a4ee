"""One secret on standard input: whether it is accepted, and why not."""

from __future__ import annotations

from typing import Annotated

import typer

from keytui.cli.asking import given_secret
from keytui.cli.exits import Exit
from keytui.cli.options import JsonOption
from keytui.cli.output import say, say_json
from keytui.cli.session import opened
from keytui.cli.shapes import check_shape
from keytui.domain.errors import Invalid
from keytui.domain.usage import UNKNOWN_CALLER, Caller


def verify(
    context: typer.Context,
    scopes: Annotated[list[str] | None, typer.Option("--scope", metavar="S", help="A scope that is needed.")] = None,
    caller: Annotated[str | None, typer.Option(metavar="C", help="Who asks.")] = None,
    json: JsonOption = False,
) -> None:
    """Check the secret on standard input as a service would.

    Exit code 0 if it is valid, else 1.
    """
    refuse_arguments(context)
    secret = given_secret("secret")
    with opened(context) as vault:
        check = vault.check(secret, scopes or [], UNKNOWN_CALLER if caller is None else Caller.called(caller))
    if json:
        say_json(check_shape(check))
    elif check.valid:
        say(f"valid: version {check.version} of {check.key_name} ({check.key_id})")
    else:
        say(f"not valid: {check.reason}")
    raise typer.Exit(Exit.DONE if check.valid else Exit.REFUSED)


def diagnose(context: typer.Context, json: JsonOption = False) -> None:
    """Say why the secret on standard input fails.

    Each finding comes with what to do. Exit code 0 if the secret is valid after all, else 1.
    """
    refuse_arguments(context)
    secret = given_secret("secret", raw=True)
    with opened(context) as vault:
        diagnosis = vault.diagnose(secret)
    if json:
        findings: list[dict[str, object]] = [
            {"finding": found, "remedy": remedy} for found, remedy in diagnosis.findings
        ]
        say_json({**check_shape(diagnosis.check), "findings": findings})
    else:
        for found, remedy in diagnosis.findings:
            say(found)
            say(f"  {remedy}")
    raise typer.Exit(Exit.DONE if diagnosis.check.valid else Exit.REFUSED)


def refuse_arguments(context: typer.Context) -> None:
    """A secret typed behind the command is refused without being repeated. A `-` is standard input, which is read."""
    if context.args not in ([], ["-"]):
        raise Invalid(
            "a secret does not belong on a command line, where others can read it",
            "pipe it in; if that was a real one, replace it: it is in your shell's history",
        )
