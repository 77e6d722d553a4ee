"""Who is asking: a token turned into a principal, or into nobody."""

from __future__ import annotations

import hmac

from sqlmodel import Session, col, select

from keytui.domain.access import MANAGE_SCOPE, Principal, Role
from keytui.domain.audit import Actor
from keytui.domain.keys import Key
from keytui.domain.secrets import OPERATOR_TOKEN, Secret
from keytui.domain.verification import Credential, judge
from keytui.vault.local.access.mapping import operator_of
from keytui.vault.local.mapping import key_of, version_of
from keytui.vault.local.rows import key_row
from keytui.vault.local.section import Section
from keytui.vault.local.tables import OperatorRow, VersionRow


class Admitting(Section):
    """The door of a team's server."""

    def principal(self) -> Principal:
        return self._ground.principal

    def authenticate(self, token: Secret, address: str = "") -> Principal | None:
        """Whose token it is: an operator's, a service's, or an API key that may manage keys. None for anybody else.

        Every wrong one is None alike: unknown, expired, revoked. `address` is the client's, for the log.
        """
        with self._ground.database.reading() as session:
            if OPERATOR_TOKEN.fits(token):
                return self._operator(session, token, address)
            return self._managing_key(session, token, address)

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

    def _managing_key(self, session: Session, token: Secret, address: str) -> Principal | None:
        """`*` is full access to a service, and not to the vault: the scope has to be named."""
        digests = (token.digest(), token.keyed_digest(self._ground.pepper))
        accepted = col(VersionRow.digest).in_(digests), col(VersionRow.sealed).is_(None)
        row = session.exec(select(VersionRow).where(*accepted)).first()
        if row is None or not any(hmac.compare_digest(row.digest, digest) for digest in digests):
            return None
        key = key_of(key_row(session, row.key_id))
        credential = Credential(row.digest, row.keyed, key, version_of(row))
        if MANAGE_SCOPE not in key.scopes or not judge(credential, frozenset(), self._clock()).valid:
            return None
        return Principal(_actor(key, address), Role.KEY, key.tenant, expires_at=key.expires_at)


def _actor(key: Key, address: str) -> Actor:
    """By id, because names repeat between tenants and environments; no operator is called so."""
    return Actor(f"key:{key.id}", address)
