"""Values that come back. The passphrase travels with each request that needs it, and the server forgets it at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Final

from fastapi import APIRouter, Depends, Request

from keytui.domain.access import Operation
from keytui.domain.keys import Key, KeyDraft
from keytui.domain.secrets import Secret
from keytui.server.asking import Asked, Changed, KeyId, principal_of
from keytui.server.bodies import Body
from keytui.server.route import VaultRoute
from keytui.server.turns import Turns

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


def _in_turn(operation: Operation) -> Callable[[Request], AsyncIterator[None]]:
    """One try of a passphrase at a time. Whoever may not try does not wait: the vault refuses that at once."""

    async def turn(request: Request) -> AsyncIterator[None]:
        principal, tries = principal_of(request), request.app.state.tries
        assert isinstance(tries, Turns)  # noqa: S101  # the app is made with them
        if not principal.may(operation):
            yield
            return
        async with tries.turn(f"{principal.role} {principal.tenant} {principal.actor.name}"):
            yield

    return turn


_TO_REVEAL: Final = [Depends(_in_turn(Operation.REVEAL), scope="function")]
_TO_CHANGE: Final = [Depends(_in_turn(Operation.PASSPHRASE), scope="function")]


@sealing.post("/seal", dependencies=_TO_REVEAL)
def seal(vault: Changed, asked: Seal) -> Key:
    """Keep a value that comes back."""
    vault.unlock(asked.passphrase)
    return vault.seal(asked.draft, asked.value)


@sealing.post("/keys/{key_id}/reveal", dependencies=_TO_REVEAL)
def reveal(vault: Changed, key_id: KeyId, asked: Passphrase) -> Secret:
    """The current value of a sealed key. It is in the log."""
    vault.unlock(asked.passphrase)
    return vault.reveal(key_id)


@sealing.post("/passphrase", status_code=204, dependencies=_TO_CHANGE)
def set_passphrase(vault: Changed, asked: NewPassphrase) -> None:
    """The first passphrase."""
    vault.set_passphrase(asked.new)


@sealing.post("/passphrase/change", status_code=204, dependencies=_TO_CHANGE)
def change_passphrase(vault: Changed, asked: ChangedPassphrase) -> None:
    """Another passphrase; nothing that is sealed is touched."""
    vault.change_passphrase(asked.old, asked.new)


@sealing.post("/passphrase/unlock", status_code=204, dependencies=_TO_REVEAL)
def unlock(vault: Asked, asked: Passphrase) -> None:
    """Whether it is the passphrase. Nothing stays open here."""
    vault.unlock(asked.passphrase)


@sealing.post("/passphrase/lock", status_code=204)
def lock(vault: Changed) -> None:
    """Close the seal in every process that has the vault open."""
    vault.lock()
