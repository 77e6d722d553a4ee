"""`keytui backup`: a copy of the vault, and the way back from one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Final

import typer

from keytui.cli.options import JsonOption
from keytui.cli.output import progress, remark, say, say_json
from keytui.cli.session import opened
from keytui.domain.errors import Refused
from keytui.vault.backups import BackedUp
from keytui.vault.protocol import Vault

_EVERY: Final = 1.0
"""Seconds between two words about progress."""

backup = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Back the vault up, and load a backup.")


@backup.command()
def create(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    json: JsonOption = False,
) -> None:
    """Copy the vault to a new file that only you can read, while it is in use.

    Pepper and signing key are not in it: keep copies of those elsewhere, because a backup is of no use without them.
    """
    with opened(context) as vault:
        made = here(vault).back_up(file, _Progress("copied"), replace=force)
        directory = vault.standing().location
    if json:
        say_json({"file": str(made.path), "entry": made.entry, "bytes": made.size})
        return
    say(f"backed up to {made.path}: {_megabytes(made.size)}, up to entry {made.entry} of the log, checked")
    remark(f"it takes pepper and signing.key from {directory} to load it: keep copies of both apart from it")


def here(vault: Vault) -> BackedUp:
    """The vault, if its files are on this machine."""
    if not isinstance(vault, BackedUp):
        raise Refused("the vault's files are elsewhere", "do it on the host that serves it")
    return vault


class _Progress:
    """Says on a terminal, once a second, how far something is."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._said_at = time.monotonic()

    def __call__(self, done: int, of: int) -> None:
        now = time.monotonic()
        if now - self._said_at >= _EVERY:
            self._said_at = now
            progress(f"{self._what} {_megabytes(done)} of {_megabytes(of)}")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
