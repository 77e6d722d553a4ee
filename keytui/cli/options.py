"""The arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

MOST_ROWS = 1_000_000
"""Rows that one answer may have."""
KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="An id, a unique name or a unique prefix.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
NoteOption = Annotated[str, typer.Option("--note", metavar="TEXT", help="Words for the audit log.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
ShowOption = Annotated[bool, typer.Option("--show", help="Show the secret, although this is a terminal.")]
EnvironmentOption = Annotated[str, typer.Option("--env", metavar="E", help="The environment; it never changes.")]
OwnerOption = Annotated[str, typer.Option("--owner", metavar="O", help="Who answers for it.")]
TenantOption = Annotated[str, typer.Option("--tenant", metavar="T", help="The tenant, where there are several.")]
ScopesOption = Annotated[list[str], typer.Option("--scope", metavar="S", help="What it may do; repeat it.")]
AppsOption = Annotated[
    list[str] | None, typer.Option("--app", metavar="A", help="An application that uses it; repeat it.")
]
TargetsOption = Annotated[
    list[str] | None,
    typer.Option("--target", metavar="T", help="A place that its secret is delivered to, in this order; repeat it."),
]
DescriptionOption = Annotated[str, typer.Option("--description", metavar="TEXT", help="What it is for.")]
SinceOption = Annotated[str, typer.Option("--since", metavar="D", help="A duration back (24h) or a date.")]
PassphraseFileOption = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        envvar="KEYTUI_PASSPHRASE_FILE",
        metavar="FILE",
        help="Read the passphrase from a file that only you can read, instead of asking.",
    ),
]
