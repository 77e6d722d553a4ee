"""Who is asking: a token turned into a principal, or into nobody."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from keytui.domain.access import MANAGE_SCOPE, Principal, Role
from keytui.domain.audit import Actor, Event
from keytui.domain.errors import Forbidden
from keytui.domain.keys import Key
from keytui.domain.secrets import OPERATOR_TOKEN, Secret
from keytui.domain.usage import NO_KEY, Caller, Use
from keytui.domain.verification import Credential
from keytui.vault.local.access.mapping import operator_of
from keytui.vault.local.access.refusals import Refusal
from keytui.vault.local.access.refused_uses import was_noted
from keytui.vault.local.mapping import key_of, version_of
from keytui.vault.local.rows import key_row
from keytui.vault.local.section import Section, audited, tell_refusals
from keytui.vault.local.tables import OperatorRow, VersionRow
from keytui.vault.local.usage.recording import count_uses

NOBODY: Final = "(nobody)"
"""Who shows a wrong token, in the log; no operator can be called so."""
_ENTRIES_AT_ONCE: Final = 20


class Admitting(Section):
    """The door of a team's server."""

    def principal(self) -> Principal:
        return self._ground.principal

    def authenticate(self, token: Secret, address: str = "") -> Principal | None:
        """Whose token it is: an operator's, a service's, or an API key that may manage keys. None for anybody else.

        Every wrong one is None alike: unknown, expired, revoked. `address` is the client's, for the log.
        """
        if not OPERATOR_TOKEN.fits(token):
            return self._managing_key(token, address)
        with self._ground.database.reading() as session:
            return self._operator(session, token, address)

    def opens(self, token: Secret) -> bool:
        """Whether an API key's secret still manages keys. We ask, not whoever holds it: that is no use of the key."""
        with self._ground.database.reading() as session:
            shown = self._shown(session, token)
        return shown is not None and _manages(shown, self._clock())

    def note_failed_logins(self, counts: Mapping[str, int]) -> None:
        """How many wrong tokens came from each address since the last time: refusals, and a few entries of the log.

        The worst addresses have an entry each and the others one together, so that nobody can flood the log.
        """
        if not counts:
            return
        worst = sorted(counts, key=lambda address: (-counts[address], address))
        entries = [(address, counts[address]) for address in worst[:_ENTRIES_AT_ONCE]]
        if further := worst[_ENTRIES_AT_ONCE:]:
            entries.append((f"{len(further)} further addresses", sum(counts[address] for address in further)))
        with audited(self._ground) as write:
            uses = [_refused(address, count, write.now) for address, count in counts.items()]
            count_uses(write.session, uses, addresses=self._ground.retention.addresses)
            for address, count in entries:
                write.actor = str(Actor(NOBODY, address))
                write.record(Event("login.refused", details={"count": str(count)}, refused=True))

    def note_refusal(self, principal: Principal, operation: str, refusal: Forbidden) -> None:
        """What a server refused before it asked the vault; it belongs into the log as any other refusal does."""
        self._ground.refusals.note(Refusal(principal, operation, refusal.message))
        self.tell_refusals()

    def tell_refusals(self) -> None:
        """Write what was counted of repeated refusals, once its time has come."""
        tell_refusals(self._ground)

    def _operator(self, session: Session, token: Secret, address: str) -> Principal | None:
        digest = token.digest()
        row = session.exec(select(OperatorRow).where(OperatorRow.digest == digest)).first()
        if row is None or not hmac.compare_digest(row.digest, digest):
            return None
        operator = operator_of(row)
        if not operator.valid(self._clock()):
            return None
        return Principal(
            Actor(operator.name, address),
            operator.role,
            operator.tenant,
            operator.scopes,
            operator.id,
            operator.expires_at,
        )

    def _managing_key(self, token: Secret, address: str) -> Principal | None:
        """`*` is full access to a service, and not to the vault: the scope has to be named.

        Asking here is a use of the key, as asking any service is: a verdict has to know who still has the old secret.
        A refused one is written behind the answer, which takes no longer than that to a secret of nobody.
        """
        now = self._clock()
        with self._ground.database.reading() as session:
            shown = self._shown(session, token)
            if shown is None:
                return None
            key = shown.key
            may = _manages(shown, now)
            use = _use(shown, self._ground.retention.addresses.of(Caller.undeclared(address)), now, accepted=may)
            known = was_noted(session, use) if may else False
        if not may:
            self._ground.refused_uses.note(use)
            return None
        if not known:
            with self._ground.database.writing() as session:
                count_uses(session, [use])
        return Principal(_actor(key, address), Role.KEY, key.tenant, expires_at=key.expires_at)

    def _shown(self, session: Session, token: Secret) -> Credential | None:
        """The version whose secret it is, whatever became of it."""
        digests = (token.digest(), token.keyed_digest(self._ground.pepper))
        presented = col(VersionRow.digest).in_(digests), col(VersionRow.sealed).is_(None)
        row = session.exec(select(VersionRow).where(*presented)).first()
        if row is None or not any(hmac.compare_digest(row.digest, digest) for digest in digests):
            return None
        return Credential(row.digest, row.keyed, key_of(key_row(session, row.key_id)), version_of(row))


def _manages(shown: Credential, now: datetime) -> bool:
    return MANAGE_SCOPE in shown.key.scopes and shown.judged(frozenset(), now).valid


def _use(shown: Credential, caller: Caller, now: datetime, *, accepted: bool) -> Use:
    minute = now.replace(second=0, microsecond=0)
    number, counts = shown.version.number, (int(accepted), int(not accepted))
    return Use(shown.key.id, number, caller, minute, now, now, *counts)


def _refused(address: str, count: int, now: datetime) -> Use:
    """As a verifier counts a secret that belongs to no key."""
    minute = now.replace(second=0, microsecond=0)
    return Use(NO_KEY, 0, Caller.undeclared(address), minute, now, now, refused=count)


def _actor(key: Key, address: str) -> Actor:
    """By id, because names repeat between tenants and environments; no operator is called so."""
    return Actor(f"key:{key.id}", address)
