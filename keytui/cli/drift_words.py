"""How a version stands at its issuer, for a reader, with the command that ends it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from keytui.domain.drift import IN_WORDS, Drift
from keytui.domain.keys import Key, VersionState

_REVOKED: Final = "is still accepted there, although it is revoked here: what ended it there was lost, late or undone"


def said(key: Key, number: int, state: VersionState, drift: Drift) -> Iterator[str]:
    """Two lines of one version: what it is, and what to run."""
    revoked = drift is Drift.STILL_ACCEPTED and state is VersionState.REVOKED
    yield f"v{number} {_REVOKED if revoked else IN_WORDS[drift]}"
    yield f"→ {command_against(key, number, state, drift)}"


def command_against(key: Key, number: int, state: VersionState, drift: Drift) -> str:
    """The command that makes issuer and vault agree."""
    if drift is Drift.REFUSED:
        return f"keytui enable {key.id}"
    if drift is Drift.VANISHED:
        return f"keytui rotate {key.id}"
    if drift is Drift.APPEARED:
        return f"keytui edit {key.id} --owner NAME"
    if state is VersionState.REVOKED:
        return f'keytui revoke {key.id} --version {number} --reason other --note "still accepted at {key.issuer}"'
    if state is VersionState.SUSPENDED:
        return f"keytui complete {key.id}"
    if key.disabled_at is not None:
        return f"keytui disable {key.id}"
    return f"keytui revoke {key.id} --reason expiry"
