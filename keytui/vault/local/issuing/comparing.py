"""What is to be noted in the vault, now that an issuer has told what it has. Nothing is written here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, col, select

from keytui.domain.drift import Drift, Known, Matched, drift_between, heirs, match
from keytui.domain.keys import VersionState
from keytui.vault.local.issuing.calls import keys_under_way
from keytui.vault.local.issuing.heard import Heard
from keytui.vault.local.issuing.pending import never_let_in
from keytui.vault.local.mapping import key_of, version_of
from keytui.vault.local.tables import AuditRow, KeyRow, SyncRow, VersionRow
from keytui.vault.sync_report import Skipped

_UNDER_WAY = "a version is just being issued, and this may be it: the next sync knows"
_NAMELESS = "neither a value nor a name nor a beginning of it is told: it could not be found again"


@dataclass(frozen=True, slots=True)
class Noted:
    """What is to be said of a version from now on."""

    key_id: str
    number: int
    here: bool
    """Whether it was accepted here when it was compared: if that has changed, nothing is said."""
    drift: Drift | None
    reference: str
    """What its issuer calls it, where that was not known yet; "" otherwise."""


@dataclass(frozen=True, slots=True)
class New:
    """A version that nobody knew, to be brought in."""

    heard: Heard
    heir: str
    """The key that it is the next version of; "" where it is one of its own."""
    appeared: bool
    """Whether it was made since the issuer was compared first."""


@dataclass(frozen=True, slots=True)
class Compared:
    """An issuer's versions beside the vault's."""

    noted: tuple[Noted, ...]
    new: tuple[New, ...]
    used: Mapping[tuple[str, int], datetime]
    """When versions were used last, by their issuer's word."""
    known: int
    ended: int
    skipped: tuple[Skipped, ...]


def compared(
    session: Session, issuer: str, told: Sequence[Heard], since: int, now: datetime, *, one_at_a_time: bool
) -> Compared:
    """What the issuer told, asked after position `since` of the log, beside the vault as it stands at `now`."""
    rows = _versions(session, issuer)
    busy = _busy(session, since, now)
    known = {(row.key_id, row.number): _known(key, row, busy, now) for key, row in rows}
    if one_at_a_time:
        known |= _unheard(rows, known)
    matched = match(list(known.values()), [one.told for one in told])
    comparison = _Comparison(rows, matched, told, _seen_to(session, rows))
    synced = session.get(SyncRow, issuer)
    first = synced is None or synced.compared_at is None
    living = {key.id for key, _ in rows if key.revoked_at is None and key.rotation_id is None and key.id not in busy}
    loose = [one for place, one in enumerate(told) if place not in matched.pairs and place not in matched.doubtful]
    under = heirs(known.values())
    new = [found for one in loose if (found := _new(one, under, living, first)) is not None]
    waiting = [Skipped(told[place].label, _UNDER_WAY) for place in sorted(matched.doubtful)]
    nameless = [Skipped(one.heard.label, _NAMELESS) for one in new if _is_nameless(one.heard)]
    return Compared(
        noted=tuple(comparison.noted()),
        new=tuple(one for one in new if not _is_nameless(one.heard)),
        used=dict(comparison.used()),
        known=len(matched.pairs),
        ended=len(loose) - len(new),
        skipped=(*waiting, *nameless),
    )


@dataclass(frozen=True, slots=True)
class _Comparison:
    """The versions that the vault knows, each beside what its issuer tells of it."""

    rows: Sequence[tuple[KeyRow, VersionRow]]
    matched: Matched
    told: Sequence[Heard]
    seen_to: frozenset[str]

    def noted(self) -> Iterator[Noted]:
        rows = {(row.key_id, row.number): row for _, row in self.rows}
        for one, heard in (*self._found(), *((one, None) for one in self.matched.missing)):
            row = rows[one.key_id, one.number]
            before = Drift(row.drift) if row.drift else None
            there = None if heard is None else heard.accepted
            drift = drift_between(one.accepted, there, before, seen=one.key_id in self.seen_to)
            reference = "" if heard is None or row.reference else heard.told.reference
            if drift is not before or reference:
                yield Noted(one.key_id, one.number, one.accepted, drift, reference)

    def used(self) -> Iterator[tuple[tuple[str, int], datetime]]:
        before = {(row.key_id, row.number): row.last_used_at for _, row in self.rows}
        for one, heard in self._found():
            at, last = heard.last_used_at, before[one.key_id, one.number]
            if at is not None and (last is None or last < at):
                yield (one.key_id, one.number), at

    def _found(self) -> list[tuple[Known, Heard]]:
        return [(one, self.told[place]) for place, one in self.matched.pairs.items() if not one.busy]


def _versions(session: Session, issuer: str) -> Sequence[tuple[KeyRow, VersionRow]]:
    found = (
        select(KeyRow, VersionRow)
        .join(VersionRow, col(VersionRow.key_id) == KeyRow.id)
        .where(KeyRow.issuer == issuer, col(VersionRow.sealed).is_(None))
    )
    return session.exec(found.order_by(col(KeyRow.id), col(VersionRow.number))).all()


def _busy(session: Session, since: int, now: datetime) -> frozenset[str]:
    """Keys that were changed after the issuer was asked, or that it is being asked to change."""
    moved = session.exec(select(AuditRow.key_id).where(AuditRow.sequence > since).distinct())
    return frozenset([*keys_under_way(session, now), *(key_id for key_id in moved if key_id)])


def _known(key: KeyRow, row: VersionRow, busy: frozenset[str], now: datetime) -> Known:
    return Known(
        key_id=row.key_id,
        number=row.number,
        digest="" if row.keyed and not row.weak else row.digest,
        prefix=row.prefix or "",
        reference=row.reference,
        accepted=key_of(key).accepts(version_of(row), now),
        busy=key.id in busy,
    )


def _unheard(
    rows: Sequence[tuple[KeyRow, VersionRow]], known: Mapping[tuple[str, int], Known]
) -> Mapping[tuple[str, int], Known]:
    """Versions that an issuer was asked for without an answer: where it keeps one value under a name, they would stand
    under their key's, and nobody knows whether they do until their rotation goes on.
    """
    names = {row.key_id: row.reference for _, row in rows if row.reference}
    return {
        (row.key_id, row.number): replace(
            known[row.key_id, row.number], reference=row.reference or names.get(row.key_id, ""), busy=True
        )
        for _, row in rows
        if never_let_in(row)
    }


def _seen_to(session: Session, rows: Sequence[tuple[KeyRow, VersionRow]]) -> frozenset[str]:
    """Keys that appeared, and that somebody has edited since: they are known to somebody."""
    appeared = sorted({key.id for key, row in rows if row.drift == Drift.APPEARED})
    edited: set[str] = set()
    for at in range(0, len(appeared), 500):
        those = col(AuditRow.key_id).in_(appeared[at : at + 500]), AuditRow.type == "key.edited"
        edited.update(session.exec(select(AuditRow.key_id).where(*those, col(AuditRow.refused).is_(False)).distinct()))
    return frozenset(edited)


def _new(one: Heard, under: Mapping[str, frozenset[str]], living: set[str], first: bool) -> New | None:
    """What is to be brought in of a version that nobody knew; None of one that is over, or that a revocation left."""
    of_ours = under.get(one.told.reference, frozenset())
    if not one.accepted and (one.state is not VersionState.SUSPENDED or of_ours):
        return None
    heir = next(iter(of_ours)) if len(of_ours) == 1 and of_ours <= living else ""
    return New(one, heir, appeared=not first or bool(of_ours))


def _is_nameless(one: Heard) -> bool:
    return not (one.told.digests or one.told.reference or one.told.prefix)
