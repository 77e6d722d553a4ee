"""The audit log: read, exported, and checked."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from keytui.cli.checkpoints import checkpoint_shape, read_checkpoint
from keytui.cli.counting import counted
from keytui.cli.exits import Exit
from keytui.cli.options import MOST_ROWS, JsonOption
from keytui.cli.output import remark, say, say_json, say_table
from keytui.cli.session import opened
from keytui.cli.shapes import audit_check_shape
from keytui.cli.times import before, minute
from keytui.clock import utc_now
from keytui.domain.audit import AuditEntry, AuditFilter
from keytui.domain.errors import Refused
from keytui.vault.audit_export import csv_lines, details_of, every_entry, json_lines

audit = typer.Typer(rich_markup_mode=None, invoke_without_command=True)


class Layout(StrEnum):
    """How entries are written."""

    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"


@audit.callback()
def read(
    context: typer.Context,
    *,
    type_: Annotated[str, typer.Option("--type", metavar="T", help="A type (key.created) or its noun (key).")] = "",
    key: Annotated[str, typer.Option(metavar="K", help="What happened to one key.")] = "",
    version: Annotated[int | None, typer.Option(min=1, metavar="N", help="Of one version of a key.")] = None,
    actor: Annotated[str, typer.Option(metavar="WHO", help="Whose doing: ada, or ada@bastion.")] = "",
    since: Annotated[str | None, typer.Option(metavar="D", help="A duration back (24h) or a date.")] = None,
    until: Annotated[str | None, typer.Option(metavar="D", help="A duration back (1h) or a date.")] = None,
    layout: Annotated[Layout, typer.Option("--format", help="How to write them.")] = Layout.TABLE,
    limit: Annotated[int | None, typer.Option(min=1, max=MOST_ROWS, metavar="N", help="At most so many.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The same as --format jsonl.")] = False,
) -> None:
    """Read the audit log, newest first, or verify it."""
    if context.invoked_subcommand is not None:
        return
    now = utc_now()
    with opened(context) as vault:
        which = AuditFilter(
            type_,
            vault.find(key).id if key else "",
            key_version=version,
            actor=actor,
            since=None if since is None else before(since, now),
            until=None if until is None else before(until, now),
        )
        _write(islice(every_entry(vault, which), limit), Layout.JSONL if json else layout)


@audit.command()
def checkpoint(context: typer.Context) -> None:
    """Print the log's newest entry, signed, to be kept where nobody who can write the vault can write.

    `keytui audit verify --checkpoint FILE` shows with it what was done to the log since.
    """
    with opened(context) as vault:
        say_json(checkpoint_shape(vault.checkpoint()))


@audit.command()
def verify(
    context: typer.Context,
    kept: Annotated[
        list[Path] | None, typer.Option("--checkpoint", metavar="FILE", help="One that was kept elsewhere; repeatable.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Recompute the chain and its signed checkpoints.

    Exit code 1 when it is broken.
    """
    checkpoints = [read_checkpoint(path) for path in kept or ()]
    with opened(context) as vault:
        check = vault.verify_audit(checkpoints)
    whole = check.broken_at is None
    if json:
        say_json(audit_check_shape(check))
    elif whole:
        entries, signed = counted(check.entries, "entry", "entries"), counted(check.checkpoints, "signed checkpoint")
        say(f"whole: {entries}, {signed}; {check.detail}")
    else:
        say(f"broken at entry {check.broken_at}: {check.detail}")
    raise typer.Exit(Exit.DONE if whole else Exit.REFUSED)


@audit.command("accept-restore")
def accept_restore(
    context: typer.Context,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Which backup it was, and why; it goes into the log.")],
) -> None:
    """Let the log go on after the vault was restored from a backup, on the host that has the vault's files.

    An entry says how far the log once reached; a checkpoint from after the backup goes on telling of it too.
    """
    from keytui.vault.restoring import Restorable

    with opened(context) as vault:
        if not isinstance(vault, Restorable):
            raise Refused("the vault's files are elsewhere", "say it on the host that serves it")
        say(f"the log goes on; what followed the backup, up to entry {vault.accept_restore(note)}, is lost")


def _write(entries: Iterable[AuditEntry], layout: Layout) -> None:
    if layout is Layout.JSONL:
        sys.stdout.writelines(json_lines(entries))
    elif layout is Layout.CSV:
        sys.stdout.writelines(csv_lines(entries))
    else:
        rows = [_table_row(entry, entry.at) for entry in entries]
        say_table(
            ("#", "WHEN", "WHO", "WHAT", "KEY", "VERSION", "DETAILS"), rows, "DETAILS", ("VERSION", "#", "DETAILS")
        )
        if not rows:
            remark("the log has no such entry")


def _table_row(entry: AuditEntry, at: datetime) -> tuple[str, ...]:
    event = entry.event
    return (
        str(entry.sequence),
        minute(at),
        entry.actor,
        f"{event.type} (refused)" if event.refused else event.type,
        event.key_name or "-",
        "-" if event.version is None else f"v{event.version}",
        details_of(entry),
    )
