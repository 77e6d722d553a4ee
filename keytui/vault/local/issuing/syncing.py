"""Comparing the vault with what an issuer has: its keys are brought in, and what stands otherwise is marked.

The issuer is asked while no transaction is open; then few and bounded ones follow, each with its entries in the log.
Nothing of the vault's own history is ever deleted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, TypeVar

from sqlmodel import Session, col, select

from keytui.domain.access import Operation
from keytui.domain.audit import Event
from keytui.domain.drift import Drift
from keytui.domain.errors import KeytuiError, Refused, Unreachable
from keytui.domain.keys import BUILTIN, Key, VersionState
from keytui.issuers.issuer import Issuer
from keytui.issuers.placing import Placing, placing_of
from keytui.vault.local.issuing.asking import Issuing
from keytui.vault.local.issuing.bringing_in import Arrivals
from keytui.vault.local.issuing.calls import keys_under_way
from keytui.vault.local.issuing.comparing import New, Noted, compared
from keytui.vault.local.issuing.heard import Heard, heard
from keytui.vault.local.issuing.one_at_a_time import replaces
from keytui.vault.local.leases import Lease, who_and_where
from keytui.vault.local.ledger import position
from keytui.vault.local.mapping import key_of, version_of
from keytui.vault.local.processes import has_died, this_process
from keytui.vault.local.rows import repeat
from keytui.vault.local.section import Ground, Section, Write, audited
from keytui.vault.local.tables import KeyRow, SyncRow, VersionRow
from keytui.vault.local.usage.recording import note_last_uses
from keytui.vault.sync_report import OWN_ABILITIES, Drifted, IssuerStanding, Skipped, SyncReport

_LONGEST: Final = timedelta(minutes=15)
"""Longer than any issuer and the vault take together. Whoever has begun and was not heard of since has died."""
_UNDER_WAY: Final[set[str]] = set()
"""Holders of leases that are at work in this process."""
_MOST_LISTED: Final = 100_000
_AT_ONCE: Final = 50
"""Versions that one transaction changes: others wait for it."""
_USES_AT_ONCE: Final = 1_000
"""Versions whose last use one transaction notes, in two statements."""
_IN_A_ROW: Final = 10
_REST: Final = 0.11
"""Seconds of rest after so many transactions: whoever waits for SQLite looks ten times a second whether it is free."""
Item = TypeVar("Item")


class Syncing(Issuing):
    """The issuers around a vault, and how it compares with them."""

    def issuers(self) -> tuple[IssuerStanding, ...]:
        whole = self._ground.principal.tenant is None
        issuers = self._ground.issuers()
        with self._reading() as session:
            rows = {row.issuer: row for row in session.exec(select(SyncRow))} if whole else {}
        standing = [IssuerStanding(BUILTIN, BUILTIN, OWN_ABILITIES)]
        for name in sorted({*issuers, *rows}):
            can = issuers[name].abilities if name in issuers else None
            kind = placing_of(issuers, name).kind if name in issuers else ""
            standing.append(_standing(IssuerStanding(name, kind, can), rows.get(name)))
        return tuple(standing)

    def sync(self, issuer: str) -> SyncReport:
        self._require(Operation.SYNC)
        self._ground.guard.require()
        lister = self._lister(issuer)
        with self._alone(f"sync {issuer}") as ground:
            turn = _Turn(ground, lister, placing_of(self._ground.issuers(), issuer))
            since = turn.position()
            try:
                told = self._told(lister)
            except KeytuiError as error:
                turn.note_failure(error)
                raise
            return turn.compare(told, since)

    def syncs_due(self, every: timedelta) -> tuple[str, ...]:
        """Issuers that were compared once, by somebody who saw what came in, and not tried for so long."""
        latest = self._clock() - every
        due = select(SyncRow.issuer).where(col(SyncRow.compared_at).is_not(None), SyncRow.at <= latest)
        with self._reading() as session:
            names = session.exec(due.order_by(col(SyncRow.issuer))).all()
        return tuple(name for name in names if name in self._ground.issuers()) if names else ()

    def _lister(self, issuer: str) -> Issuer:
        if issuer == BUILTIN:
            raise Refused("keytui's own keys are in the vault, and there is nothing to compare", "name another issuer")
        lister = self._issuer(issuer)
        if not lister.abilities.lists:
            raise Refused(f"{issuer} does not tell which keys it has", "bring them in from a file: keytui import FILE")
        return lister

    def _told(self, lister: Issuer) -> Sequence[Heard]:
        now = self._clock()
        told = [heard(one, self._ground.pepper, now) for one in islice(lister.versions(), _MOST_LISTED + 1)]
        if len(told) > _MOST_LISTED:
            raise Refused(
                f"{lister.name} tells of more than {_MOST_LISTED:,} versions", "see whether it repeats itself"
            )
        return told

    @contextmanager
    def _alone(self, work: str) -> Iterator[Ground]:
        """As the only process that compares this issuer. One of this host that has died keeps nobody waiting."""
        lease = Lease(work, f"{self._ground.principal.actor} {this_process()} {self._randomness(4).hex()}")
        _UNDER_WAY.add(lease.holder)
        try:
            self._take(lease)
            yield replace(self._ground, lease=lease)
        finally:
            _UNDER_WAY.discard(lease.holder)
            with suppress(Unreachable), self._ground.database.writing() as session:  # else the next one takes it
                lease.give_back(session)

    def _take(self, lease: Lease) -> None:
        with self._ground.database.writing() as session:
            held_by = lease.take(session, self._clock(), _LONGEST)
            if held_by != lease.holder and _has_ended(held_by):
                Lease(lease.name, held_by).give_back(session)
                held_by = lease.take(session, self._clock(), _LONGEST)
        if held_by != lease.holder:
            raise Refused(
                f"{who_and_where(held_by)[0]} is comparing the same issuer",
                "wait until that has ended; of a process that has died on another host it is known in 15 minutes",
            )


def _has_ended(holder: str) -> bool:
    """Whether nobody is at it any more: the process has died, or could not give it back."""
    _, process = who_and_where(holder)
    return has_died(process) or (process == this_process() and holder not in _UNDER_WAY)


class _Turn(Section):
    """One comparison, by the process that holds its lease."""

    def __init__(self, ground: Ground, issuer: Issuer, placing: Placing) -> None:
        super().__init__(ground)
        self._name = issuer.name
        self._one_at_a_time = replaces(issuer)
        self._arrivals = Arrivals(issuer.name, placing, ground.randomness)

    def position(self) -> int:
        """Where the log stands now."""
        with self._reading(Operation.SYNC) as session:
            return position(session)

    def compare(self, told: Sequence[Heard], since: int) -> SyncReport:
        """Write down what is otherwise, and bring in what is new."""
        with self._reading(Operation.SYNC) as session:
            found = compared(session, self._name, told, since, self._clock(), one_at_a_time=self._one_at_a_time)
        reconciled = [name for batch in self._batches(found.noted) for name in self._note(batch)]
        came = [one for batch in self._batches(found.new) for one in self._bring_in(batch)]
        for uses in self._batches(sorted(found.used.items()), _USES_AT_ONCE):
            self._note_uses(uses)
        added = tuple(one for one in came if isinstance(one, Key))
        skipped = (*found.skipped, *(one for one in came if isinstance(one, Skipped)))
        return self._end(
            SyncReport(
                self._name, self._clock(), len(told), found.known, found.ended, added, (), tuple(reconciled), skipped
            )
        )

    def note_failure(self, error: KeytuiError) -> None:
        """Remember why it could not be compared; the log has it once, however often it is tried."""
        with self._some() as write:
            row = _row(write, self._name)
            if row.error != error.message:
                told = {"issuer": self._name, "said": error.message}
                write.record(Event("issuer.not-synced", details=told, refused=True))
            row.at, row.error = write.now, error.message

    def _note(self, batch: Sequence[Noted]) -> list[str]:
        """Names of the keys of which a version stands there as here again."""
        reconciled = list[str]()
        with self._some() as write:
            events = list[Event]()
            unchanged = list(_unchanged(write, batch))  # a session forgets rows that nobody holds
            for one, row, key, rows in unchanged:
                before, row.drift = row.drift, one.drift or ""
                row.reference = one.reference or row.reference
                repeat(key, rows)
                if before == (one.drift or ""):
                    continue  # nothing but its reference was learned
                reconciled += [] if one.drift else [key.name]
                what, told = ("key.drifted", {"drift": str(one.drift)}) if one.drift else ("key.reconciled", {})
                was = {"was": before} if before else {}
                details = {"issuer": self._name, **told, **was}
                events.append(Event(what, key.id, key.name, row.number, details=details))
            write.record_all(events)
        return reconciled

    def _bring_in(self, batch: Sequence[New]) -> list[Key | Skipped]:
        with self._some() as write:
            return [key_of(one) if isinstance(one, KeyRow) else one for one in self._arrivals.bring_in(write, batch)]

    def _note_uses(self, uses: Sequence[tuple[tuple[str, int], datetime]]) -> None:
        with self._some() as write:
            note_last_uses(write.session, dict(uses))

    def _end(self, report: SyncReport) -> SyncReport:
        with self._reading(Operation.SYNC) as session:
            drifted = _drifted(session, self._name)
        with self._writing(Operation.SYNC) as write:
            row = _row(write, self._name)
            row.at = row.compared_at = write.now
            row.listed, row.drifted, row.error = report.listed, len(drifted), ""
            counts = {
                "listed": report.listed,
                "known": report.known,
                "added": len(report.added),
                "drifted": row.drifted,
            }
            told = {"issuer": self._name, **{name: str(count) for name, count in counts.items()}}
            write.record(Event("issuer.synced", details=told))
            return replace(report, at=write.now, drifted=drifted)

    def _batches(self, items: Sequence[Item], size: int = _AT_ONCE) -> Iterator[Sequence[Item]]:
        """The items, so many in a transaction, and others let through between."""
        for at in range(0, len(items), size):
            if at and at % (size * _IN_A_ROW) == 0:
                self._ground.closing.wait(_REST)
            yield items[at : at + size]

    @contextmanager
    def _some(self) -> Iterator[Write]:
        """One transaction, of which it may turn out that nothing is left to change."""
        self._ground.guard.require()
        with audited(self._ground) as write:
            if self._ground.lease is not None:
                self._ground.lease.require(write.session, write.now)
            yield write


def _standing(known: IssuerStanding, row: SyncRow | None) -> IssuerStanding:
    if row is None:
        return known
    return replace(
        known,
        tried_at=row.at,
        compared_at=row.compared_at,
        listed=row.listed,
        drifted=row.drifted,
        error=row.error,
    )


def _row(write: Write, issuer: str) -> SyncRow:
    row = write.session.get(SyncRow, issuer)
    if row is None:
        row = SyncRow(issuer=issuer, at=write.now)
        write.session.add(row)
    return row


def _unchanged(
    write: Write, batch: Sequence[Noted]
) -> Iterator[tuple[Noted, VersionRow, KeyRow, Sequence[VersionRow]]]:
    """The versions that stand as they did when they were compared and that nobody is changing, each with its key and
    all of that key's versions, newest first.
    """
    ids = {one.key_id for one in batch}
    keys = {key.id: key for key in write.session.exec(select(KeyRow).where(col(KeyRow.id).in_(ids)))}
    versions: dict[str, list[VersionRow]] = defaultdict(list)
    of_these = select(VersionRow).where(col(VersionRow.key_id).in_(ids))
    for row in write.session.exec(of_these.order_by(col(VersionRow.number).desc())):
        versions[row.key_id].append(row)
    under_way = keys_under_way(write.session, write.now)
    for one in batch:
        compared = next((row for row in versions[one.key_id] if row.number == one.number), None)
        if compared is None or one.key_id in under_way:
            continue
        key = keys[one.key_id]
        if key_of(key).accepts(version_of(compared), write.now) is one.here:
            yield one, compared, key, versions[one.key_id]


def _drifted(session: Session, issuer: str) -> tuple[Drifted, ...]:
    """The most dangerous first, then by name."""
    found = (
        select(KeyRow, VersionRow)
        .join(VersionRow, col(VersionRow.key_id) == KeyRow.id)
        .where(col(KeyRow.drifted).is_(True), KeyRow.issuer == issuer, VersionRow.drift != "")
    )
    marked = [
        Drifted(key_of(key), row.number, Drift(row.drift), VersionState(row.state)) for key, row in session.exec(found)
    ]
    order = list(Drift)
    return tuple(sorted(marked, key=lambda one: (order.index(one.drift), one.key.name, one.key.id, one.version)))
