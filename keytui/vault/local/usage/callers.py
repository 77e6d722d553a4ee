"""Callers of versions: told apart up to a number, counted over their whole history and by stretches of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import TableValuedAlias, Update, case
from sqlmodel import Session, col, func, select, update

from keytui.domain.text import harmless
from keytui.domain.usage import OTHER_CALLERS, Caller, Use
from keytui.vault.local.columns import microseconds
from keytui.vault.local.dialects import greatest, insert, least
from keytui.vault.local.listing import listed, part, selected
from keytui.vault.local.mapping import stored_id
from keytui.vault.local.tables import CallerRow, CallerUsageRow, RotationRow
from keytui.vault.local.usage.grains import Grain, floor

MOST_CALLERS: Final = 1_000
"""Callers of one version that are told apart; the requests of further ones are counted together."""
_HOUR: Final = timedelta(hours=1)
_Version = tuple[str, int]
"""A key's id and the version's number."""
_Key = tuple[str, int, str, bool]
"""A key's id, the version's number, the caller's name, and whether it declared it."""


@dataclass(slots=True)
class _Seen:
    """One caller of one version, summed over a flush."""

    first_at: datetime
    last_at: datetime
    accepted: int = 0
    refused: int = 0
    first_accepted_at: datetime | None = None
    last_accepted_at: datetime | None = None
    longest_gap: timedelta | None = None

    def sums(self) -> tuple[int | None, ...]:
        """The fields in their order, as they are stored."""
        first, last = self.first_accepted_at, self.last_accepted_at
        return (
            microseconds(self.first_at),
            microseconds(self.last_at),
            self.accepted,
            self.refused,
            None if first is None else microseconds(first),
            None if last is None else microseconds(last),
            None if self.longest_gap is None else self.longest_gap // timedelta(microseconds=1),
        )

    def add(self, use: Use) -> None:
        """Add one use; they come in the order of their beginning."""
        self.last_at = max(self.last_at, use.last_at)
        self.refused += use.refused
        if not use.accepted:
            return
        if self.last_accepted_at is not None:
            between = use.first_at - self.last_accepted_at
            self.longest_gap = max(self.longest_gap or between, between, use.longest_gap)
        elif use.accepted > 1:
            self.longest_gap = use.longest_gap
        self.accepted += use.accepted
        self.first_accepted_at = self.first_accepted_at or use.first_at
        self.last_accepted_at = max(self.last_accepted_at or use.last_at, use.last_at)


def count_callers(session: Session, uses: Sequence[Use], source: str, recorder: str) -> None:
    """Add the uses of a source's callers, ordered by their beginning; those of callers beyond the most as one."""
    if not uses:
        return
    ids = _known(session, {_key(use, use.caller) for use in uses}, source)
    ids |= _told_apart(session, [use for use in uses if _key(use, use.caller) not in ids], source)
    _count_histories(session, uses, ids, recorder)
    _count_stretches(session, uses, ids)


def _key(use: Use, caller: Caller) -> _Key:
    return use.key_id, use.version, harmless(caller.name), caller.declared


def _known(session: Session, wanted: Iterable[_Key], source: str) -> dict[_Key, int]:
    """The numbers of those that are stored."""
    ordered = sorted(wanted)
    given = listed(ordered)
    found = select(given.c.key, CallerRow.id).join_from(
        given,
        CallerRow,
        (col(CallerRow.key_id) == part(given, 0, str))
        & (col(CallerRow.version) == part(given, 1, int))
        & (col(CallerRow.source) == source)
        & (col(CallerRow.name) == part(given, 2, str))
        & (col(CallerRow.declared) == part(given, 3, bool)),
    )
    return {ordered[place]: stored_id(number) for place, number in session.exec(found)}


def _told_apart(session: Session, uses: Sequence[Use], source: str) -> dict[_Key, int]:
    """The numbers of new callers, stored now; where a version has no room for more, that of the further callers."""
    if not uses:
        return {}
    room = _room(session, {(use.key_id, use.version) for use in uses}, source)
    counted_as: dict[_Key, _Key] = {}
    new: dict[_Key, dict[str, object]] = {}
    for use in uses:
        if _key(use, use.caller) in counted_as:
            continue
        caller = use.caller if room[use.key_id, use.version] > 0 else OTHER_CALLERS
        room[use.key_id, use.version] -= 1
        counted_as[_key(use, use.caller)] = _key(use, caller)
        new.setdefault(_key(use, caller), _new_caller(use, caller, source))
    session.connection().execute(insert(session, CallerRow).on_conflict_do_nothing(), list(new.values()))
    ids = _known(session, new, source)
    return {key: ids[other] for key, other in counted_as.items()}


def _room(session: Session, versions: Iterable[_Version], source: str) -> dict[_Version, int]:
    """How many more callers of each version can be told apart."""
    room = dict.fromkeys(versions, MOST_CALLERS)
    given = listed(sorted(room))
    counted = (
        select(CallerRow.key_id, CallerRow.version, func.count())
        .join_from(
            given,
            CallerRow,
            (col(CallerRow.key_id) == part(given, 0, str))
            & (col(CallerRow.version) == part(given, 1, int))
            & (col(CallerRow.source) == source),
        )
        .group_by(col(CallerRow.key_id), col(CallerRow.version))
    )
    return room | {(key_id, version): MOST_CALLERS - count for key_id, version, count in session.exec(counted)}


def _new_caller(use: Use, caller: Caller, source: str) -> dict[str, object]:
    return {
        "key_id": use.key_id,
        "version": use.version,
        "source": source,
        "name": harmless(caller.name),
        "declared": caller.declared,
        "address": harmless(caller.address),
        "agent": harmless(caller.agent),
        "first_seen": use.first_at,
        "last_seen": use.last_at,
    }


def _count_histories(session: Session, uses: Sequence[Use], ids: Mapping[_Key, int], recorder: str) -> None:
    seen: dict[int, _Seen] = {}
    for use in uses:
        seen.setdefault(ids[_key(use, use.caller)], _Seen(use.first_at, use.last_at)).add(use)
    given = listed([(number, *each.sums()) for number, each in seen.items()])
    session.connection().execute(_added_to_history(given, recorder))


def _added_to_history(given: TableValuedAlias, recorder: str) -> Update:
    """Callers' sums over a flush, added to their histories. SQL's max of anything and NULL is NULL.

    A late word may tell of a time before all that is known, and of a pause between the two. Where the first that is
    known may have been a refusal, the pause is taken for rather too long than too short.
    """
    stored = CallerRow.__table__.c  # type: ignore[attr-defined]  # SQLModel does not declare it
    number, first_at, last_at, accepted, refused, first, last, gap = (part(given, place, int) for place in range(8))
    known_from = case((stored.refused == 0, stored.first_seen), else_=stored.last_accepted_at)
    longest = greatest(
        func.coalesce(stored.longest_gap, 0),
        func.coalesce(gap, 0),
        first - stored.last_accepted_at,
        known_from - last,
    )
    return (
        update(CallerRow)
        .where(col(CallerRow.id) == number)
        .values(
            first_seen=least(stored.first_seen, first_at),
            last_seen=greatest(stored.last_seen, last_at),
            accepted=stored.accepted + accepted,
            refused=stored.refused + refused,
            longest_gap=case(
                (last.is_(None), stored.longest_gap), (stored.last_accepted_at.is_(None), gap), else_=longest
            ),
            recorder=case((last >= func.coalesce(stored.last_accepted_at, last), recorder), else_=stored.recorder),
            last_accepted_at=greatest(
                func.coalesce(stored.last_accepted_at, last), func.coalesce(last, stored.last_accepted_at)
            ),
        )
    )


def _count_stretches(session: Session, uses: Sequence[Use], ids: Mapping[_Key, int]) -> None:
    """By the minute while the key's rotation is open, because a verdict may be asked for; else by the hour."""
    rotating = set(session.exec(select(RotationRow.key_id).where(col(RotationRow.closed_at).is_(None))))
    stretches: dict[tuple[int, Grain, datetime], tuple[int, int, int]] = {}
    for use in uses:
        grain = Grain.MINUTE if use.key_id in rotating else Grain.HOUR
        at = use.minute if grain is Grain.MINUTE else floor(use.minute, _HOUR)
        stretch = ids[_key(use, use.caller)], grain, at
        last_at, accepted, refused = stretches.get(stretch, (0, 0, 0))
        last_at = max(last_at, microseconds(use.last_at))
        stretches[stretch] = last_at, accepted + use.accepted, refused + use.refused
    given = [(number, grain, microseconds(at), *sums) for (number, grain, at), sums in stretches.items()]
    columns = ("caller", "grain", "at", "last_at", "accepted", "refused")
    new = insert(session, CallerUsageRow).from_select(columns, selected(given))
    stored, more = CallerUsageRow.__table__.c, new.excluded  # type: ignore[attr-defined]  # SQLModel does not declare it
    added = new.on_conflict_do_update(
        index_elements=[stored.caller, stored.grain, stored.at],
        set_={
            "last_at": greatest(stored.last_at, more.last_at),
            "accepted": stored.accepted + more.accepted,
            "refused": stored.refused + more.refused,
        },
    )
    session.connection().execute(added)
