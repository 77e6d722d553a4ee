"""What a verifier knows and answers: credentials in, one answer per secret out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from keytui.domain.keys import Key, KeyState, Version, VersionState


class Outcome(StrEnum):
    """The answer to one secret, for the service and its log; an outsider learns only yes or no."""

    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    DISABLED = "disabled"
    SCOPE = "scope"
    STALE = "stale"
    """The verifier has had no contact with its vault for too long and refuses everything."""


_ACCEPTED: Final = Outcome.ACCEPTED.value
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Check:
    """The answer to one secret."""

    valid: bool
    reason: Outcome
    key_id: str | None = None
    key_name: str | None = None
    version: int | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Credential:
    """One version as a verifier holds it: a digest and everything that decides, never the value."""

    digest: str
    """SHA-256, or HMAC-SHA-256 under the vault's pepper where `keyed`."""
    keyed: bool
    key: Key
    version: Version
    _answers: dict[str, Check] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Every answer is made once: a verifier gives the same few, many thousand times a second."""
    _open_until: datetime = field(init=False, repr=False, compare=False)
    """Before that a request that needs no scope is let in; what comes later is judged by the whole rule."""

    def __post_init__(self) -> None:
        ends = min((at for at in (self.key.expires_at, self.version.accept_until) if at is not None), default=_LATEST)
        open_ = _outcome(self.key, self.version, frozenset(), ends - datetime.resolution) is Outcome.ACCEPTED
        object.__setattr__(self, "_open_until", ends if open_ else _EARLIEST)

    def answer(self, outcome: Outcome) -> Check:
        """What is said to a request of this version that ends so."""
        found = self._answers.get(outcome.value)
        if found is None:
            accepted = outcome is Outcome.ACCEPTED
            key = self.key
            found = Check(accepted, outcome, key.id, key.name, self.version.number, key.scopes)
            self._answers[outcome.value] = found
        return found

    def judged(self, scopes: frozenset[str], now: datetime) -> Check:
        """Whether it lets a request in that needs `scopes`. `*` in a key's scopes is all of them."""
        if not scopes and now < self._open_until:  # nearly every request
            return self._answers.get(_ACCEPTED) or self.answer(Outcome.ACCEPTED)
        return self.answer(_outcome(self.key, self.version, scopes, now))


def _outcome(key: Key, version: Version, scopes: frozenset[str], now: datetime) -> Outcome:
    state = key.state(now)
    if state is KeyState.REVOKED or version.state is VersionState.REVOKED:
        return Outcome.REVOKED
    if version.state is VersionState.SUSPENDED:
        return Outcome.SUSPENDED
    if state is KeyState.EXPIRED or not version.accepted(now):
        return Outcome.EXPIRED
    if state is KeyState.DISABLED:
        return Outcome.DISABLED
    if scopes and "*" not in key.scopes and not scopes <= set(key.scopes):
        return Outcome.SCOPE
    return Outcome.ACCEPTED
