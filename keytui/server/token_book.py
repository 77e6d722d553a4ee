"""The tokens that a process holds in memory, so that the hot path asks no database who is there."""

from __future__ import annotations

import hmac
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from keytui.clock import Clock
from keytui.domain.access import Operation, Principal
from keytui.domain.audit import Actor
from keytui.domain.errors import Unreachable, Unreconciled
from keytui.domain.operators import Operator
from keytui.domain.secrets import Secret
from keytui.server.door import stranger
from keytui.vault.local.hosting import Hosting, Tokens

SILENT_FOR: Final = timedelta(seconds=3)
"""After so long without an answer a process says that its database is away, and no longer that nothing has changed."""
STALE_AFTER: Final = timedelta(seconds=30)
"""A process that could not ask for so long would not know of a revoked token: it refuses all of them."""
_NOBODY: Final = "0" * 64
_NO_TOKENS: Final = Tokens({}, (0, 0))

_log = logging.getLogger("keytui.server")


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a token belongs to, as this process knows."""

    principal: Principal
    operator: Operator


class TokenBook:
    """Read by the event loop, refreshed by one thread: each refresh puts a whole new book in place of the old one."""

    def __init__(self, vault: Hosting, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock
        self._tokens = vault.tokens()
        self._holders = _holders(self._tokens)
        self._ids = frozenset(operator.id for operator in self._tokens.by_digest.values())
        self._contact = clock()

    def find(self, token: str) -> Holder | None:
        """Whose token it is; None for a wrong, revoked or expired one.

        Found by its digest, which nobody can steer, and confirmed in constant time.
        """
        try:
            digest = Secret(token).digest()
        except UnicodeEncodeError:
            return None
        found = self._holders.get(digest)
        if not hmac.compare_digest(digest if found is not None else _NOBODY, digest) or found is None:
            return None
        return found if found.operator.valid(self._clock()) else None

    def admitted(self, holder: Holder | None, operation: Operation) -> Principal:
        """Who asks, if they may. Unreachable while this process cannot know whose token was revoked."""
        if self.stale:
            raise Unreachable("this server has had no contact with its database for too long", "try again shortly")
        if holder is None:
            raise stranger()
        holder.principal.require(operation)
        return holder.principal

    def holds(self, principal: Principal) -> bool:
        """Whether the token that a principal came in with still opens anything."""
        now = self._clock()
        if principal.expires_at is not None and now >= principal.expires_at:
            return False
        return not principal.operator_id or principal.operator_id in self._ids

    @property
    def silent(self) -> bool:
        return self.silent_for > SILENT_FOR

    @property
    def stale(self) -> bool:
        return self.silent_for > STALE_AFTER

    @property
    def silent_for(self) -> timedelta:
        """Since when the vault has not answered: both ways, so that a clock that was set back does not stretch it."""
        return abs(self._clock() - self._contact)

    def refresh(self) -> bool:
        """Ask the vault; True when a token has come or gone.

        All are gone at once while the vault waits for a decision, and what it says is no contact: `/ready` sends
        whoever asks to another server.
        """
        try:
            tokens = self._vault.tokens(self._tokens)
            self._contact = self._clock()
        except Unreconciled as error:
            if self._tokens is not _NO_TOKENS:
                _log.error("no token is let in: %s; %s", error.message, error.hint)
            tokens = _NO_TOKENS
        if tokens is self._tokens:
            return False
        self._tokens, self._holders = tokens, _holders(tokens)
        self._ids = frozenset(operator.id for operator in tokens.by_digest.values())
        return True


def _holders(tokens: Tokens) -> dict[str, Holder]:
    return {digest: Holder(_principal(operator), operator) for digest, operator in tokens.by_digest.items()}


def _principal(operator: Operator) -> Principal:
    return Principal(
        Actor(operator.name), operator.role, operator.tenant, operator.scopes, operator.id, operator.expires_at
    )


def expires_within(principal: Principal, now: datetime) -> float | None:
    """Seconds until a principal's token expires."""
    return None if principal.expires_at is None else max((principal.expires_at - now).total_seconds(), 0.0)
