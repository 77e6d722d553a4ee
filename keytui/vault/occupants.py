"""Whether a place that a key's secret is to go to holds another key's: that one's consumers would be shut out.

The vault is asked by fingerprint: what a target holds goes no further than this process.
"""

from __future__ import annotations

from dataclasses import dataclass

from keytui.domain.errors import Ambiguous, KeytuiError, NotFound, Refused
from keytui.domain.keys import Key, Version, VersionState
from keytui.domain.secrets import Secret, fingerprint
from keytui.targets.target import Target
from keytui.vault.attempts import Attempt
from keytui.vault.protocol import Vault


@dataclass(frozen=True, slots=True)
class Occupant:
    """A key that this one is not, and the version of it that stands in the place."""

    key: Key
    version: Version


def occupant(vault: Vault, key: Key, value: Secret) -> Occupant | None:
    """The other key that a value is a secret of. None where it is nobody's, or nobody can tell: a value that could be
    guessed shows no fingerprint.
    """
    printed = fingerprint(value.digest())
    try:
        found = vault.find(printed)
    except (NotFound, Ambiguous):
        return None
    if found.id == key.id:
        return None
    versions = vault.detail(found.id).versions
    return next((Occupant(found, version) for version in versions if version.fingerprint == printed), None)


def rehearse_target(vault: Vault, target: Target, key: Key) -> None:
    """Raise what delivering would meet; Refused where the place holds another key's secret. Writes nothing."""
    target.rehearse(key)
    refuse_occupied(vault, target, key)


def refuse_occupied(vault: Vault, target: Target, key: Key) -> None:
    """Raise Refused where the target holds a secret of another key that is not revoked."""
    value = _held(target, key)
    other = occupant(vault, key, value) if value else None
    if other is None or other.version.state is VersionState.REVOKED:
        return
    named = f"{other.key.name} ({other.key.environment}, {other.key.id})"
    raise Refused(
        f"target {target.name} holds v{other.version.number} of {named}, whose consumers would lose it",
        f"give {key.name} another target; if nobody reads that one's secret there, take it out by hand",
    )


def occupied(vault: Vault, target: Target, key: Key) -> Attempt | None:
    """A delivery that ends before it begins, where another key's secret stands there by now; None where none does.

    A rehearsal may be long ago, or was not possible: this is asked just before the place is written. A vault that is
    away raises: nothing was begun, and what was told of the place before stays.
    """
    try:
        refuse_occupied(vault, target, key)
    except Refused as error:
        return Attempt("failed", error.message, error.message, error.hint)
    return None


def _held(target: Target, key: Key) -> Secret | None:
    """What cannot be read just now refuses nothing here: its own rehearsal says what is wrong."""
    if not target.abilities.reads_back:
        return None
    try:
        return target.read_back(key)
    except KeytuiError:
        return None
