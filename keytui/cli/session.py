"""What every command begins with: the profile that was named, its vault for as long as the command runs, and KEY."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer

from keytui.cli.output import alarm
from keytui.domain.errors import KeytuiError, ReadOnly, Refused, Unreconciled
from keytui.domain.keys import Key
from keytui.domain.rotation import Rotation
from keytui.open import open_vault
from keytui.vault.local.modes import unreadable_way
from keytui.vault.profile import DEFAULT_PROFILE, load_profile
from keytui.vault.protocol import Vault
from keytui.vault.reconciling import Reconcilable
from keytui.vault.saved_filters import load_filters

_HEAD_SAYS_NOTHING: Final = (
    "audit.head is damaged, or of another vault: nobody can tell whether an older copy is in this vault's place; "
    "the next change writes it anew: see `keytui doctor` before"
)

_HEAD_UNREADABLE: Final = "audit.head cannot be read: nobody can tell whether an older copy is in this vault's place"


@dataclass(frozen=True, slots=True)
class Globals:
    """The options that stand before the command. `write` is the profile's name, typed to arm it."""

    profile: str = DEFAULT_PROFILE
    read_only: bool = False
    write: str = ""


@contextmanager
def opened(context: typer.Context, *, deciding: bool = False) -> Iterator[Vault]:
    """The vault of the named profile, closed at the end whatever happens.

    What an older vault answers is said to be that, unless the command is there for `deciding` about it.
    """
    given = context.find_object(Globals) or Globals()
    profile = load_profile(given.profile, given.read_only)
    vault = open_vault(profile)
    try:
        if given.write:
            with suppress(Unreconciled):  # armed all the same, for `backup reconcile`; any other change says so itself
                vault.arm(given.write)
        with nullcontext() if deciding else _told_if_older(vault, profile.directory):
            yield vault
    except ReadOnly as error:
        raise ReadOnly(error.message, way_to_write(given)) from None
    finally:
        vault.close()


@contextmanager
def _told_if_older(vault: Vault, directory: Path) -> Iterator[None]:
    """Say beside an answer that the vault is an older one than it was: what is shown as living may have been revoked.

    Once, and after the answer: a change is refused with the same words, which are its error then. A damaged head is
    told before, because a change writes it anew.
    """
    if isinstance(vault, Reconcilable) and vault.head_says_nothing():
        alarm(_why_head_says_nothing(directory))
    try:
        yield
    except Unreconciled:
        raise
    except (KeytuiError, typer.Exit):
        _warn_unreconciled(vault)
        raise
    _warn_unreconciled(vault)


def _why_head_says_nothing(directory: Path) -> str:
    from keytui.vault.local.log_head import HEAD_FILE

    way = unreadable_way(directory / HEAD_FILE)
    return f"{_HEAD_UNREADABLE}: {way}" if way else _HEAD_SAYS_NOTHING


def _warn_unreconciled(vault: Vault) -> None:
    if not isinstance(vault, Reconcilable):
        return
    try:
        vault.require_reconciled()
    except Unreconciled as error:
        alarm(f"{error.message}; {error.hint}")
    except KeytuiError:
        return  # the answer is out; a vault that went away after it changes nothing about it


def written_out(context: typer.Context, query: str) -> str:
    """A query with each filter that it names as @NAME in place of the name."""
    if "@" not in query:
        return query
    given = context.find_object(Globals) or Globals()
    return load_filters(load_profile(given.profile, given.read_only)).written_out(query)


def way_to_write(given: Globals) -> str:
    """What lets a read-only profile take the change."""
    if given.read_only:
        return "leave --read-only away"
    return f"`keytui --profile {given.profile} --write {given.profile} …` arms it for one command"


def rotation_of(vault: Vault, key: Key) -> Rotation:
    """The key's open rotation; Refused when there is none."""
    rotation = vault.open_rotation(key.id)
    if rotation is None:
        raise Refused(f"{key.name} has no open rotation", f"`keytui rotate {key.name}` begins one")
    return rotation


def reference(vault: Vault, key: Key) -> str:
    """How a command line names the key: by its name where that is enough, else by its id."""
    try:
        return shlex.quote(key.name) if vault.find(key.name).id == key.id else key.id
    except KeytuiError:
        return key.id
