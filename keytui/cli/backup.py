"""`keytui backup`: a copy of the vault, and the way back from one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Final

import typer

from keytui.cli.checkpoints import read_checkpoint
from keytui.cli.options import JsonOption
from keytui.cli.output import progress, remark, say, say_json
from keytui.cli.reconciling import loaded_shape, reconcile, say_loaded
from keytui.cli.session import Globals, opened, way_to_write
from keytui.clock import utc_now
from keytui.domain.errors import ReadOnly, Refused
from keytui.vault.backups import BackedUp
from keytui.vault.profile import Profile, load_profile
from keytui.vault.protocol import Vault

_EVERY: Final = 1.0
"""Seconds between two words about progress."""

backup = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Back the vault up, and load a backup.")
backup.command()(reconcile)


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


@backup.command()
def load(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `keytui backup create` made.")],
    *,
    kept: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", metavar="FILE", help="A checkpoint that was kept elsewhere; repeatable."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Put a backup into the place of the profile's vault, which is lost or was never made.

    Pepper and signing key have to be in its directory. Nobody is let in by it before `keytui backup reconcile`.
    """
    from keytui.vault.local.backup.loading import load_backup

    profile = writable_profile(context)
    loaded = load_backup(profile, file, [read_checkpoint(path) for path in kept or ()], _Progress("copied"))
    if json:
        say_json(loaded_shape(loaded))
        return
    say(f"loaded {loaded.file} into {profile.directory}")
    say_loaded(loaded)
    remark("it lets nobody in and takes no change until you have looked at what lives again: keytui backup reconcile")


def writable_profile(context: typer.Context) -> Profile:
    """The profile that was named, if it takes changes or was armed for this command."""
    from keytui.vault.guard import WriteGuard

    given = context.find_object(Globals) or Globals()
    profile = load_profile(given.profile, given.read_only)
    guard = WriteGuard(profile, utc_now)
    if given.write:
        guard.arm(given.write)
    if not guard.writable:
        raise ReadOnly(f"profile {profile.name} is read-only", way_to_write(given))
    return profile


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
