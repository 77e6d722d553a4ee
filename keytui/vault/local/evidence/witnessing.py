"""Evidence from elsewhere: what probes report is counted here, beside what the recorders report by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sqlmodel import Session, col, delete, select

from keytui.domain.access import Operation
from keytui.domain.audit import Event
from keytui.domain.errors import Invalid, Refused
from keytui.domain.gaps import Gap
from keytui.domain.recognition import Recogniser
from keytui.domain.reports import Bookmark, Leak, Report, SourceKind, SourceStanding
from keytui.domain.text import harmless, quoted
from keytui.domain.usage import NO_KEY
from keytui.vault.local.entry_rows import stored_entries
from keytui.vault.local.evidence.coverage import gaps_of, names_of_own_sources, recorders_by_name, source_of
from keytui.vault.local.keys.credentials import credentials, kept_values
from keytui.vault.local.rows import key_row, repeat_versions, version_row
from keytui.vault.local.section import Section, Write, audited
from keytui.vault.local.tables import AuditRow, BookmarkRow, GapRow, KeyRow, SeriesRow, SourceRow
from keytui.vault.local.usage.recording import RECORDERS, count_uses
from keytui.vault.local.usage.routes import count_routes

LONGEST_SOURCE: Final = 80
MOST_BOOKMARKS: Final = 5_000
"""Of one log, which has one a file; a counter's are kept all, because one that is gone would be counted anew."""


class Witnessing(Section):
    """Sources that are asked."""

    def sources(self) -> tuple[SourceStanding, ...]:
        with self._reading() as session:
            tenant = self._ground.principal.tenant
            found = [*recorders_by_name(session, self._clock(), tenant), *_elsewhere(session)]
            theirs = None if tenant is None else names_of_own_sources(session, tenant)
        shown = (each for each in found if theirs is None or each.name in theirs)
        return tuple(sorted(shown, key=lambda each: each.name))

    def recogniser(self) -> Recogniser:
        with self._reading(Operation.WITNESS) as session:  # it holds the pepper
            return Recogniser(credentials(session), self._ground.pepper, kept=kept_values(session))

    def bookmarks(self, source: str) -> Mapping[str, str]:
        with self._reading(Operation.WITNESS) as session:
            found = session.exec(select(BookmarkRow).where(BookmarkRow.source == source))
            return {row.name: row.value for row in found}

    def witness(self, report: Report) -> None:
        """Usage is no change of a key: a report is audited only where it brings a new source or a leak."""
        _check_name(report.source)
        self._require(Operation.WITNESS)
        self._ground.guard.require()
        with audited(self._ground) as write:
            _move_bookmarks(write, report)
            _refuse_strangers(write.session, report)
            self._note_source(write, report)
            for gap in report.gaps:
                _note_gap(write.session, report.source, gap)
            for leak in report.leaks:
                _note_leak(write, leak)
            count_uses(write.session, report.uses, report.source, addresses=self._ground.retention.addresses)
            count_routes(write.session, report.routes, report.source)
            write.answered(None)

    def note_leaks(self, leaks: Sequence[Leak]) -> None:
        self._require(Operation.WITNESS)
        self._ground.guard.require()
        with audited(self._ground) as write:
            for leak in leaks:
                _note_leak(write, leak)
            write.answered(None)

    def ingested(self, source: str, counts: Mapping[str, str]) -> None:
        with self._writing(Operation.WITNESS) as write:
            write.record(Event("source.ingested", details={"source": source, **counts}))
            write.answered(None)

    def _note_source(self, write: Write, report: Report) -> None:
        """How far its word reaches now. A time to come says nothing of what has come."""
        latest = write.now + self._policies.default.clock_skew
        row = write.session.get(SourceRow, report.source)
        if row is None:
            since = min(report.since, write.now)
            row = SourceRow(name=report.source, kind=report.kind, since=since, as_of=since, forgeable=report.forgeable)
            row.attributable = report.attributable
            write.session.add(row)
            write.record(Event("source.added", details={"source": report.source, "kind": report.kind}))
        elif row.kind != report.kind:
            raise Refused(
                f"{report.source} is known as a source of another kind: {row.kind}", "give this one a name of its own"
            )
        if report.as_of <= latest:
            row.as_of = max(row.as_of, report.as_of)
        row.covers = report.covers
        _keep_doubts(write.session, row, report)


def _elsewhere(session: Session) -> Iterator[SourceStanding]:
    for row in session.exec(select(SourceRow)):
        of = source_of(row)
        gaps = gaps_of(session, row.name)
        yield SourceStanding(of.name, of.kind, row.since, of.as_of, gaps, of.attributable, of.forgeable)


def _check_name(source: str) -> None:
    if not source or len(source) > LONGEST_SOURCE or harmless(source) != source:
        raise Invalid(
            f"{quoted(source[:LONGEST_SOURCE])} is no name for an evidence source",
            f"use 1 to {LONGEST_SOURCE} characters that can be printed, as in 'log edge'",
        )
    if source.split(" ", maxsplit=1)[0] in {RECORDERS, f"{RECORDERS}s"}:
        raise Invalid(f"{source!r} is how recorders are called", "name the source after what it is, as in 'log edge'")


def _move_bookmarks(write: Write, report: Report) -> None:
    """Refused, before anything is counted, when another run has moved one since this one began."""
    names = {bookmark.name for bookmark in report.bookmarks}
    kept = select(BookmarkRow).where(BookmarkRow.source == report.source)
    rows = {row.name: row for row in write.session.exec(kept) if row.name in names}
    for bookmark in report.bookmarks:
        row = rows.pop(bookmark.name, None)
        if (row.value if row else "") != (bookmark.expected or ""):
            raise Refused(
                f"{report.source}: another run has counted the same meanwhile, and nothing of this report was",
                "let one run at a time read a source; started again, it goes on where the other ended",
            )
        stored = _stored(write, report.source, bookmark, row)
        if stored is not None:
            rows[bookmark.name] = stored
    if report.kind is SourceKind.ACCESS_LOG and any(not bookmark.expected for bookmark in report.bookmarks):
        _drop_oldest(write.session, report.source)


def _stored(write: Write, source: str, bookmark: Bookmark, row: BookmarkRow | None) -> BookmarkRow | None:
    if not bookmark.value:
        if row is not None:
            write.session.delete(row)
        return None
    if row is None:
        row = BookmarkRow(source=source, name=bookmark.name, value=bookmark.value, at=write.now)
        write.session.add(row)
    row.value, row.at = bookmark.value, write.now
    return row


def _drop_oldest(session: Session, source: str) -> None:
    """Files that were rotated away long ago, and pipes that ended: nobody reads them again."""
    session.flush()
    newest_first = select(BookmarkRow.name).where(BookmarkRow.source == source).order_by(col(BookmarkRow.at).desc())
    oldest = newest_first.offset(MOST_BOOKMARKS)
    those = col(BookmarkRow.source) == source, col(BookmarkRow.name).in_(oldest)
    session.connection().execute(delete(BookmarkRow).where(*those))


def _refuse_strangers(session: Session, report: Report) -> None:
    """A probe learns of keys from this vault's recogniser: a use of any other is its mistake, and none of a person."""
    told = {use.key_id for use in report.uses} | {route.key_id for route in report.routes}
    strangers = [key_id for key_id in sorted(told - {NO_KEY}) if session.get(KeyRow, key_id) is None]
    if strangers:
        raise ValueError(f"{report.source} reports on keys that are not in this vault: {', '.join(strangers)}")


def _keep_doubts(session: Session, row: SourceRow, report: Report) -> None:
    """What a source told while it could be forged, or mixed versions, does not become sound by what it tells later."""
    if all(use.key_id == NO_KEY for use in report.uses):
        return
    told = select(SeriesRow.id).where(SeriesRow.source == row.name, SeriesRow.key_id != NO_KEY)
    before = session.exec(told.limit(1)).first() is not None
    row.forgeable = report.forgeable or (before and row.forgeable)
    row.attributable = report.attributable and (row.attributable or not before)


def _note_gap(session: Session, source: str, gap: Gap) -> None:
    """The same gap, told again, is one gap; an end closes an open one."""
    known = select(GapRow).where(GapRow.source == source, GapRow.kind == gap.kind, col(GapRow.started_at) == gap.start)
    row = session.exec(known).first()
    if row is None:
        row = GapRow(source=source, kind=gap.kind, started_at=gap.start, ended_at=gap.end)
        session.add(row)
    elif gap.end is None or row.ended_at is None:
        row.ended_at = gap.end
    else:
        row.ended_at = max(row.ended_at, gap.end)
    row.count = max(row.count or 0, gap.count)
    session.flush()


def _note_leak(write: Write, leak: Leak) -> None:
    """Flagged as often as it is told, so that no later change of its versions hides it; audited once a place."""
    key = key_row(write.session, leak.key_id)
    version_row(write.session, key.id, leak.version).leaked = True
    repeat_versions(write.session, key)
    details = {"place": harmless(leak.place), "seen_at": leak.at.isoformat(timespec="seconds")}
    noted = select(AuditRow).where(
        AuditRow.key_id == key.id, AuditRow.type == "key.leaked", AuditRow.version == leak.version
    )
    if all(entry.event.details.get("place") != details["place"] for entry in stored_entries(write.session, noted)):
        write.record(Event("key.leaked", key.id, key.name, leak.version, details=details))
