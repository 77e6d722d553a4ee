"""What a backup brought back to life, decided key by key and token by token, before anybody is let in by it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Self

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, func, or_, select

from keytui.domain.access import Operation, Role
from keytui.domain.audit import Event
from keytui.domain.errors import Forbidden, Invalid, Refused
from keytui.domain.keys import BUILTIN, Version, VersionState
from keytui.domain.rotation import Reason
from keytui.vault.local.access.mapping import operator_of
from keytui.vault.local.access.operating import Operating, living_operator
from keytui.vault.local.backup.state import (
    KEPT,
    RECONCILED,
    Waiting,
    end_approvals,
    refuse_unreconciled,
    unreconciled,
)
from keytui.vault.local.keys.drafts import checked_note
from keytui.vault.local.keys.finding import found_key
from keytui.vault.local.keys.keeping import Keeping
from keytui.vault.local.log_head import head_of
from keytui.vault.local.mapping import key_of, version_of
from keytui.vault.local.section import Write
from keytui.vault.local.tables import AuditRow, KeyRow, OperatorRow, VersionRow
from keytui.vault.reconciling import Decision, LetIn, Reconciled, Undecided

TOKEN: Final = "token:"  # noqa: S105  # what stands before a token's name
_REVOKED: Final = ("key.revoked", "operator.revoked")
_AT_ONCE: Final = 500
"""Keys whose versions are read in one go."""
_NOTE: Final = "reconciled after a backup was loaded"


class Reconciling(Keeping, Operating):
    """As `keytui.vault.reconciling.Reconcilable` says, for the owner of the vault's files."""

    def require_reconciled(self) -> None:
        with self._ground.database.reading() as session:
            refuse_unreconciled(session, self._ground.ledger.kept_beyond(session))

    def head_says_nothing(self) -> bool:
        return self._ground.ledger.head_says_nothing()

    def undecided(self, limit: int | None = None) -> Undecided:
        with self._reading() as session:
            return _undecided(session, self._waiting(session), self._clock(), limit)

    def let_in(self) -> Iterator[LetIn]:
        with self._reading() as session:
            yield from _let_in(session, self._clock(), _not_decided(self._waiting(session)), None)

    def decide(self, decision: Decision, references: Sequence[str], note: str) -> None:
        allowed = self._allowed()
        allowed._put_on_record()
        for reference in references:
            if decision is Decision.REVOKE:
                allowed._end(reference, note or _NOTE)
            else:
                allowed._keep(reference, note)

    def reconcile(self, rest: Decision | None, note: str) -> Reconciled:
        note, allowed = checked_note(note), self._allowed()
        allowed._put_on_record()
        if rest is Decision.REVOKE:
            self.decide(rest, [one.key.id for one in self.let_in()], note)
            left = self.undecided(0)
            self.decide(rest, [f"{TOKEN}{one.id}" for one in left.tokens], note)
        ledger = self._ground.ledger
        with allowed._writing(Operation.ERASE) as write:
            waiting = self._waiting(write.session)
            left = _undecided(write.session, waiting, write.now, 0)
            if left.count and rest is None:
                raise Refused(
                    f"{left.count} that the backup would let in are not decided yet",
                    "list them: keytui backup reconcile; --keep-rest keeps them once you have looked",
                )
            kept = _count_let_in(write.session, write.now) + len(_tokens(write.session, write.now))
            done = Reconciled(kept, _revoked(write.session, waiting))
            details = {"kept": str(done.kept), "revoked": str(done.revoked), **({"note": note} if note else {})}
            write.record(Event(RECONCILED, details=details))
            head = head_of(write.session)
            ledger.checkpoint(write.session, head, write.now)
            write.answered(None)
        if write.beyond is not None and write.beyond == waiting.lost:
            ledger.remember(head, anew=True)  # nobody else does: the load died before it could, or there was none
        return done

    def _allowed(self) -> Self:
        if self._ground.principal.role is not Role.LOCAL:
            raise Forbidden("only the owner of the vault's files reconciles it", "do it on the host")
        return type(self)(replace(self._ground, reconciling=True))

    def _put_on_record(self) -> None:
        """Say in the log of an older copy what it is. Before that the newer one may be put back as if nothing was."""
        with self._reading() as session:
            waiting = self._waiting(session)
            if unreconciled(session) is not None:
                return
        with self._writing(Operation.ERASE) as write:
            if unreconciled(write.session) is not None:
                raise Refused("another process has begun to decide", "see what is left: keytui backup reconcile")
            end_approvals(write.session, write.now)
            write.record(waiting.event)
            write.answered(None)

    def _waiting(self, session: Session) -> Waiting:
        """What is to be decided. Refused where the vault waits for nothing."""
        ground = self._ground
        beyond, row = ground.ledger.kept_beyond(session), unreconciled(session)
        if row is not None:
            return Waiting.in_log(row, session)
        if beyond is None:
            raise Refused("this vault waits for no decision", "it came from no backup, or was reconciled since")
        return Waiting.in_place(ground.database.where, self._clock(), session, beyond)

    def _end(self, reference: str, note: str) -> None:
        with self._reading() as session:
            self._waiting(session)
            key_id = "" if reference.startswith(TOKEN) else found_key(session, reference).id
        if key_id:
            self.revoke(key_id, None, Reason.OTHER, note)
        else:
            self.revoke_operator(reference.removeprefix(TOKEN), note)

    def _keep(self, reference: str, note: str) -> None:
        noted = {"note": checked_note(note)} if note else {}
        with self._writing(Operation.ERASE) as write:
            self._waiting(write.session)
            if reference.startswith(TOKEN):
                token = living_operator(write.session, reference.removeprefix(TOKEN))
                write.record(Event(KEPT, details={"operator": token.name, "token": token.id, **noted}), token.tenant)
            else:
                write.record(_kept_key(write, found_key(write.session, reference), noted))
            write.answered(None)


def _kept_key(write: Write, row: KeyRow, noted: Mapping[str, str]) -> Event:
    if not _count_let_in(write.session, write.now, col(KeyRow.id) == row.id):
        raise Invalid(f"{row.name} lets nobody in: there is nothing to keep", "list what does: keytui backup reconcile")
    return Event(KEPT, row.id, row.name, row.version, details=noted)


def _undecided(session: Session, waiting: Waiting, now: datetime, limit: int | None) -> Undecided:
    undecided = _not_decided(waiting)
    of_tokens = select(AuditRow).where(*_kept_since(waiting), AuditRow.key_id == "")
    kept = {_details(row).get("token") for row in session.exec(of_tokens)}
    return Undecided(
        waiting.loaded,
        tuple(_let_in(session, now, undecided, limit)),
        _count_let_in(session, now, *undecided),
        tuple(operator_of(row) for row in _tokens(session, now) if row.id not in kept),
    )


def _kept_since(waiting: Waiting) -> tuple[ColumnElement[bool], ...]:
    return col(AuditRow.type) == KEPT, col(AuditRow.sequence) > waiting.since


def _not_decided(waiting: Waiting) -> tuple[ColumnElement[bool], ...]:
    return (col(KeyRow.id).not_in(select(AuditRow.key_id).where(*_kept_since(waiting))),)


def _let_in(
    session: Session, now: datetime, which: Sequence[ColumnElement[bool]], limit: int | None
) -> Iterator[LetIn]:
    """The first keys of some that our verifiers would accept: what another issuer accepts, no vault of ours decides."""
    found = select(KeyRow).where(*_accepted_key(now), *which).order_by(col(KeyRow.name), col(KeyRow.id)).limit(limit)
    for rows in session.exec(found.execution_options(yield_per=_AT_ONCE)).partitions():
        versions = defaultdict[str, list[Version]](list)
        of_these = select(VersionRow).where(
            col(VersionRow.key_id).in_([row.id for row in rows]), *_accepted_version(now)
        )
        for row in session.exec(of_these.order_by(col(VersionRow.number).desc())):
            versions[row.key_id].append(version_of(row))
        yield from (LetIn(key_of(row), tuple(versions[row.id]), row.last_used_at, row.rotation_id) for row in rows)


def _count_let_in(session: Session, now: datetime, *which: ColumnElement[bool]) -> int:
    return session.exec(select(func.count()).select_from(KeyRow).where(*_accepted_key(now), *which)).one()


def _accepted_key(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """As `Key.accepts` says, of any of its versions."""
    let_in = select(VersionRow.key_id).where(VersionRow.key_id == KeyRow.id, *_accepted_version(now))
    return (
        col(KeyRow.issuer) == BUILTIN,
        col(KeyRow.revoked_at).is_(None),
        col(KeyRow.disabled_at).is_(None),
        or_(col(KeyRow.expires_at).is_(None), col(KeyRow.expires_at) > now),
        let_in.exists(),
    )


def _accepted_version(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """As `Version.accepted` says. What is kept sealed lets nobody in."""
    grace = col(VersionRow.accept_until)
    outgoing = and_(col(VersionRow.state) == VersionState.OUTGOING, or_(grace.is_(None), grace > now))
    return or_(col(VersionRow.state) == VersionState.ACTIVE, outgoing), col(VersionRow.sealed).is_(None)


def _tokens(session: Session, now: datetime) -> Sequence[OperatorRow]:
    expiry = col(OperatorRow.expires_at)
    living = select(OperatorRow).where(col(OperatorRow.revoked_at).is_(None), or_(expiry.is_(None), expiry > now))
    return session.exec(living.order_by(col(OperatorRow.name), col(OperatorRow.id))).all()


def _revoked(session: Session, waiting: Waiting) -> int:
    since = col(AuditRow.type).in_(_REVOKED), AuditRow.sequence > waiting.since
    return session.exec(select(func.count()).select_from(AuditRow).where(*since)).one()


def _details(row: AuditRow) -> dict[str, str]:
    details: dict[str, str] = json.loads(row.details)
    return details
