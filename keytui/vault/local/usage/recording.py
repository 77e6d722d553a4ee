"""A flush's uses, counted: by version, by caller, and as the last use of versions and keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select, update

from keytui.domain.keys import VersionState
from keytui.domain.retention import Addresses
from keytui.domain.usage import Use
from keytui.vault.local.columns import microseconds
from keytui.vault.local.dialects import greatest, insert, least
from keytui.vault.local.listing import listed, part, selected
from keytui.vault.local.mapping import stored_id
from keytui.vault.local.tables import KeyRow, PulseRow, SeriesRow, UsageRow, VersionRow
from keytui.vault.local.usage.callers import count_callers
from keytui.vault.local.usage.grains import Grain

RECORDERS: Final = "recorder"
"""The one source that all recorders are: their requests add up."""
_Version = tuple[str, int]
"""A key's id and the version's number."""
_Series = tuple[str, int, bool]
"""A key's id, the version's number, and whether these are our own probes."""


@dataclass(slots=True)
class _Minute:
    """One minute of a series, summed over the callers of a flush."""

    first_at: datetime
    last_at: datetime
    accepted: int = 0
    refused: int = 0

    def add(self, use: Use) -> None:
        """Add one use; they come in the order of their beginning."""
        self.last_at = max(self.last_at, use.last_at)
        self.accepted += use.accepted
        self.refused += use.refused


def count_uses(
    session: Session,
    uses: Iterable[Use],
    source: str = RECORDERS,
    recorder: str = "",
    addresses: Addresses = Addresses.FULL,
) -> None:
    """Add what a source saw, in the session's transaction. Probes are counted by version and nowhere else.

    `recorder` is the name of the recorder that saw it, `addresses` what is kept of the callers'. A few statements for
    the whole flush, however many keys it speaks of: a busy service flushes every second.
    """
    ordered = sorted(uses, key=lambda use: use.first_at)
    real = [use for use in ordered if not use.probe]
    if addresses is not Addresses.FULL:
        real = [replace(use, caller=addresses.of(use.caller)) for use in real]
    _count_minutes(session, ordered, source)
    count_callers(session, real, source, recorder)
    note_last_uses(
        session, {_version(use): use.last_at for use in sorted(real, key=lambda use: use.last_at) if use.accepted}
    )


def note_pulse(session: Session, recorder: str, at: datetime, uses: Iterable[Use]) -> None:
    """Note how many requests one flush brought, probes left out. `recorder` is the recorder's id."""
    real = [use for use in uses if not use.probe]
    new = insert(session, PulseRow).values(
        at=at, recorder=recorder, accepted=sum(use.accepted for use in real), refused=sum(use.refused for use in real)
    )
    stored, more = PulseRow.__table__.c, new.excluded  # type: ignore[attr-defined]  # SQLModel does not declare it
    added = new.on_conflict_do_update(
        index_elements=[stored.at, stored.recorder],
        set_={"accepted": stored.accepted + more.accepted, "refused": stored.refused + more.refused},
    )
    session.connection().execute(added)


def _version(use: Use) -> _Version:
    return use.key_id, use.version


def _series(use: Use) -> _Series:
    return use.key_id, use.version, use.probe


def _count_minutes(session: Session, uses: Sequence[Use], source: str) -> None:
    if not uses:
        return
    series = _series_ids(session, {_series(use) for use in uses}, source)
    minutes: dict[tuple[int, datetime], _Minute] = {}
    for use in uses:
        of = series[_series(use)], use.minute
        minutes.setdefault(of, _Minute(use.first_at, use.last_at)).add(use)
    given = [
        (
            number,
            Grain.MINUTE,
            microseconds(at),
            microseconds(each.first_at),
            microseconds(each.last_at),
            each.accepted,
            each.refused,
        )
        for (number, at), each in minutes.items()
    ]
    columns = ("series", "grain", "at", "first_at", "last_at", "accepted", "refused")
    new = insert(session, UsageRow).from_select(columns, selected(given))
    stored, more = UsageRow.__table__.c, new.excluded  # type: ignore[attr-defined]  # SQLModel does not declare it
    added = new.on_conflict_do_update(
        index_elements=[stored.series, stored.grain, stored.at],
        set_={
            "first_at": least(stored.first_at, more.first_at),
            "last_at": greatest(stored.last_at, more.last_at),
            "accepted": stored.accepted + more.accepted,
            "refused": stored.refused + more.refused,
        },
    )
    session.connection().execute(added)


def _series_ids(session: Session, wanted: Iterable[_Series], source: str) -> dict[_Series, int]:
    """The number of each series, a new one where there was none."""
    ordered = sorted(wanted)
    known = _known_series(session, ordered, source)
    new = [
        {"key_id": key_id, "version": version, "source": source, "probe": probe}
        for key_id, version, probe in ordered
        if (key_id, version, probe) not in known
    ]
    if not new:
        return known
    session.connection().execute(insert(session, SeriesRow), new)
    return _known_series(session, ordered, source)


def _known_series(session: Session, wanted: Sequence[_Series], source: str) -> dict[_Series, int]:
    given = listed(wanted)
    found = select(given.c.key, SeriesRow.id).join_from(
        given,
        SeriesRow,
        (col(SeriesRow.key_id) == part(given, 0, str))
        & (col(SeriesRow.version) == part(given, 1, int))
        & (col(SeriesRow.source) == source)
        & (col(SeriesRow.probe) == part(given, 2, bool)),
    )
    return {wanted[place]: stored_id(number) for place, number in session.exec(found)}


def note_last_uses(session: Session, last_uses: Mapping[_Version, datetime]) -> None:
    """Note the last uses. A key that was rotated at once counts anew: late word of a revoked version is passed over."""
    if not last_uses:
        return
    given = listed([(key_id, number, microseconds(at)) for (key_id, number), at in last_uses.items()])
    of_version = (col(VersionRow.key_id) == part(given, 0, str)) & (col(VersionRow.number) == part(given, 1, int))
    alive = (
        select(col(VersionRow.key_id), func.max(part(given, 2, int)).label("at"))
        .join_from(given, VersionRow, of_version)
        .where(VersionRow.state != VersionState.REVOKED)
        .group_by(col(VersionRow.key_id))
        .subquery()
    )
    connection = session.connection()
    connection.execute(
        update(VersionRow).where(of_version).values(last_used_at=_later(VersionRow.last_used_at, part(given, 2, int)))
    )
    connection.execute(
        update(KeyRow)
        .where(col(KeyRow.id) == alive.c.key_id)
        .values(last_used_at=_later(KeyRow.last_used_at, alive.c.at))
    )


def _later(stored: datetime | None, at: ColumnElement[int]) -> ColumnElement[datetime | None]:
    return greatest(func.coalesce(col(stored), at), at)
