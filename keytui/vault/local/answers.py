"""Answers that may be asked for again: a line that drops loses no secret, and nothing is carried out twice.

What a change answers is kept for ten minutes, written in the change's own transaction, and sealed under a key that
only the asker has. Afterwards a repeat is still known as one, for a week, and refused.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlmodel import Session, col, delete

from keytui.domain.access import Principal
from keytui.domain.errors import AlreadyDone, Invalid
from keytui.domain.secrets import Randomness, Secret
from keytui.vault.local.tables import AnswerRow, IdempotencyRow

REPEATABLE_FOR: Final = timedelta(minutes=10)
_REMEMBERED_FOR: Final = timedelta(days=7)
_NONCE_BYTES: Final = 12
_REMEMBERED_AS: Final = "answer"


class Repeated(Exception):
    """Not a failure: this was carried out already, and `answer` is what it answered."""

    def __init__(self, answer: bytes) -> None:
        super().__init__("this request was carried out already")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Repeatable:
    """One request that may come again, under a key of 256 random bits. The database gets the key's digest only."""

    key: Secret
    request: str
    """A digest of all that was asked for; keyed, because a passphrase in it could be guessed from a plain one."""
    asker: str
    """Somebody by name: who renews a token in the middle of a change is still the same."""
    encode: Callable[[object], bytes]
    """How an answer is told, so that it is told the same again."""

    @classmethod
    def of(cls, key: Secret, request: bytes, principal: Principal, encode: Callable[[object], bytes]) -> Repeatable:
        """A principal's request."""
        asker = f"{principal.role} {principal.tenant} {principal.actor.name}"
        asked = hmac.new(key.reveal().encode(), request, hashlib.sha256).hexdigest()
        return cls(key, asked, asker, encode)

    def refuse_repeat(self, session: Session, now: datetime) -> None:
        """Raise Repeated with the answer while that is kept, AlreadyDone afterwards; Invalid for another request."""
        row = session.get(AnswerRow, self.key.digest())
        if row is not None and now - row.at < REPEATABLE_FOR:
            answer = self._opened(row)
            if answer is None:
                raise Invalid(
                    "this Idempotency-Key was used for another request", "make a new random one for each change"
                )
            raise Repeated(answer)
        done = session.get(IdempotencyRow, self._remembered())
        if done is not None:
            raise AlreadyDone(
                f"this request was carried out at {done.at:%Y-%m-%d %H:%M:%SZ}; its answer is not told any more",
                "see in the audit log what it did; if a secret is lost, issue another",
                done.reference,
            )

    def keep(self, session: Session, answer: object, reference: str, now: datetime, randomness: Randomness) -> None:
        """Seal the answer into the transaction of what it answers."""
        nonce = randomness(_NONCE_BYTES)
        session.add(
            AnswerRow(
                digest=self.key.digest(),
                request=self.request,
                asker=self.asker,
                at=now,
                sealed=self._cipher().encrypt(nonce, self.encode(answer), self._place()),
                nonce=nonce,
            )
        )
        session.add(
            IdempotencyRow(request_id=self._remembered(), operation=_REMEMBERED_AS, reference=reference, at=now)
        )
        forget_answers(session, now)

    def _opened(self, row: AnswerRow) -> bytes | None:
        """None when somebody else asked, or for something else."""
        try:
            return self._cipher().decrypt(row.nonce, row.sealed, self._place())
        except InvalidTag:
            return None

    def _place(self) -> bytes:
        return f"{self.asker}\n{self.request}".encode()

    def _remembered(self) -> str:
        return f"{_REMEMBERED_AS} {self.key.digest()}"

    def _cipher(self) -> AESGCM:
        derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"keytui answer")
        return AESGCM(derivation.derive(self.key.reveal().encode()))


def forget_answers(session: Session, now: datetime) -> None:
    """Delete what may not be asked for any more."""
    session.exec(delete(AnswerRow).where(col(AnswerRow.at) <= now - REPEATABLE_FOR))


def forget_requests(session: Session, now: datetime) -> None:
    """Delete what nobody repeats any more."""
    session.exec(delete(IdempotencyRow).where(col(IdempotencyRow.at) <= now - _REMEMBERED_FOR))
