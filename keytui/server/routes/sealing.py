"""Values that come back. The passphrase travels with each request that needs it, and the server forgets it at once."""

from __future__ import annotations

from fastapi import APIRouter

from keytui.domain.keys import Key, KeyDraft
from keytui.domain.secrets import Secret
from keytui.server.asking import Asked, Changed, KeyId
from keytui.server.bodies import Body
from keytui.server.route import VaultRoute

sealing = APIRouter(prefix="/admin", tags=["sealed values"], route_class=VaultRoute)


class Seal(Body):
    draft: KeyDraft
    value: Secret
    passphrase: Secret


class Passphrase(Body):
    passphrase: Secret


class NewPassphrase(Body):
    new: Secret


class ChangedPassphrase(Body):
    old: Secret
    new: Secret


@sealing.post("/seal")
def seal(vault: Changed, asked: Seal) -> Key:
    """Keep a value that comes back."""
    vault.unlock(asked.passphrase)
    return vault.seal(asked.draft, asked.value)


@sealing.post("/keys/{key_id}/reveal")
def reveal(vault: Changed, key_id: KeyId, asked: Passphrase) -> Secret:
    """The current value of a sealed key. It is in the log."""
    vault.unlock(asked.passphrase)
    return vault.reveal(key_id)


@sealing.post("/passphrase", status_code=204)
def set_passphrase(vault: Changed, asked: NewPassphrase) -> None:
    """The first passphrase."""
    vault.set_passphrase(asked.new)


@sealing.post("/passphrase/change", status_code=204)
def change_passphrase(vault: Changed, asked: ChangedPassphrase) -> None:
    """Another passphrase; nothing that is sealed is touched."""
    vault.change_passphrase(asked.old, asked.new)


@sealing.post("/passphrase/unlock", status_code=204)
def unlock(vault: Asked, asked: Passphrase) -> None:
    """Whether it is the passphrase. Nothing stays open here."""
    vault.unlock(asked.passphrase)


@sealing.post("/passphrase/lock", status_code=204)
def lock(vault: Changed) -> None:
    """Close the seal in every process that has the vault open."""
    vault.lock()
