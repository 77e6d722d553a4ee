"""Callers that are forgotten: a number takes the place of their name and address; counts and times stay."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from ipaddress import ip_address
from itertools import count
from typing import Final

from sqlalchemy import delete, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, or_, select

from keytui.domain.access import Operation
from keytui.domain.audit import Event
from keytui.domain.errors import Invalid
from keytui.domain.usage import NO_KEY, OTHER_CALLERS, UNKNOWN_CALLER
from keytui.domain.webhooks import ALERT_OPENED
from keytui.vault.local.mapping import stored_id
from keytui.vault.local.section import Section
from keytui.vault.local.tables import (
    AlertRow,
    CallerRow,
    CallerUsageRow,
    IncidentNoteRow,
    IncidentRow,
    MessageRow,
    RotationRow,
    Row,
    StepRow,
    WaiverRow,
)

_TEXTS: Final[Sequence[tuple[type[Row], Sequence[str]]]] = (
    (AlertRow, ("subject", "detail", "note")),
    (WaiverRow, ("subject", "why")),
    (StepRow, ("detail",)),
    (RotationRow, ("note",)),
    (IncidentRow, ("title", "cause", "remediation", "lessons", "override", "load")),
    (IncidentNoteRow, ("note",)),
)
"""Where else a caller may be named."""
_NOBODY: Final = (OTHER_CALLERS.name, UNKNOWN_CALLER.name)
"""Undeclared, these stand for whoever is not told apart, and the verdict knows them by their names."""


class Forgetting(Section):
    """Forgets a person on request."""

    def erase(self, caller: str) -> int:
        if not caller.strip():
            raise Invalid("nobody is named", "name an address, or a caller as `keytui callers` shows it")
        with self._writing(Operation.ERASE) as write:
            places = erase(write.session, caller.strip())
            write.record(Event("caller.erased", details={"places": str(places)}))
            return write.answered(places)


def erase(session: Session, caller: str) -> int:
    """Forget a person, by address or by name, wherever callers are named; in how many places that was.

    A caller that declared its name and was found by its address keeps the name.
    """
    address = _in_full(caller)
    addresses = {caller, address} - {""}
    found = select(CallerRow).where(or_(CallerRow.name == caller, col(CallerRow.address).in_(addresses)))
    found = found.where(or_(CallerRow.declared, col(CallerRow.name).not_in(_NOBODY)))
    rows = session.exec(found.order_by(col(CallerRow.id))).all()
    names = _pseudonyms(session, [row for row in rows if row.name == caller or not row.declared])
    _forget(rows, names)
    if not rows and not address:
        return 0
    whole = dict.fromkeys(addresses, next(iter(names.values()), "erased"))
    return len(rows) + _rename_in_texts(session, whole | names)


def forget_addresses(session: Session, unseen_since: datetime, at_most: int) -> int:
    """Forget the addresses of up to `at_most` callers that sent nothing since a time; how many it was.

    A caller of several versions of a key is forgotten on all of them at once or on none, so that its history stays
    whole; nobody is while the key's rotation is open.
    """
    later = aliased(CallerRow)
    same = (
        col(later.key_id) == CallerRow.key_id,
        col(later.source) == CallerRow.source,
        col(later.name) == CallerRow.name,
        col(later.declared) == CallerRow.declared,
    )
    rotating = select(RotationRow.key_id).where(col(RotationRow.closed_at).is_(None))
    caller = (col(CallerRow.key_id), col(CallerRow.source), col(CallerRow.name), col(CallerRow.declared))
    picked = (
        select(*caller)
        .where(CallerRow.address != "", CallerRow.last_seen < unseen_since, col(CallerRow.key_id).not_in(rotating))
        .where(~select(later.id).where(*same, later.last_seen >= unseen_since).exists())
        .distinct()
        .limit(at_most)
    )
    rows = session.exec(select(CallerRow).where(tuple_(*caller).in_(picked)).order_by(col(CallerRow.id))).all()
    if not rows:
        return 0
    names = _pseudonyms(session, [row for row in rows if not row.declared])
    told = [(row.address, row.name) for row in rows if not row.declared]
    forgotten = len({(row.key_id, row.source, row.name, row.declared) for row in rows})
    _forget(rows, names)
    session.flush()
    kept = set(session.exec(select(CallerRow.address).where(col(CallerRow.address).in_({each for each, _ in told}))))
    gone = [(address, name) for address, name in told if address not in kept]
    _rename_in_texts(session, {each: names[name] for address, name in gone for each in (address, name)})
    return forgotten


def forget_strangers(session: Session, unseen_since: datetime, at_most: int) -> int:
    """Let go of up to `at_most` addresses that only ever sent secrets of no key, and not since a time; how many.

    There is room for so many of them; what a scanner left there would hide the next burst. Their totals stay.
    """
    strangers = select(CallerRow.id).where(CallerRow.key_id == NO_KEY, CallerRow.last_seen < unseen_since)
    gone = session.exec(strangers.order_by(col(CallerRow.last_seen)).limit(at_most)).all()
    session.execute(delete(CallerUsageRow).where(col(CallerUsageRow.caller).in_(gone)))
    session.execute(delete(CallerRow).where(col(CallerRow.id).in_(gone)))
    return len(gone)


def _in_full(address: str) -> str:
    """An address as it is kept, however it was written; nothing of a text that is none."""
    try:
        return str(ip_address(address))
    except ValueError:
        return ""


def _pseudonyms(session: Session, rows: Iterable[CallerRow]) -> dict[str, str]:
    """What each name becomes: the number of its first row, and one that nobody has yet."""
    numbers: dict[str, int] = {}
    for row in rows:
        numbers.setdefault(row.name, stored_id(row.id))
    return {name: _free(session, f"erased-{number}") for name, number in numbers.items()}


def _free(session: Session, wanted: str) -> str:
    """An agent may call itself what it likes."""
    names = (wanted if again == 0 else f"{wanted}-{again}" for again in count())
    return next(name for name in names if not session.exec(select(CallerRow.id).where(CallerRow.name == name)).first())


def _forget(rows: Iterable[CallerRow], names: Mapping[str, str]) -> None:
    for row in rows:
        row.address = row.agent = ""
        row.name = names.get(row.name, row.name)


def _rename_in_texts(session: Session, names: Mapping[str, str]) -> int:
    """Every text that holds one of the names as a whole word or words; how many that were."""
    if not names:
        return 0
    longest_first = sorted(names, key=len, reverse=True)
    words = re.compile(rf"(?<![\w.:])(?:{'|'.join(map(re.escape, longest_first))})(?!\w|[.:]\w)")
    _rename_in_messages(session, words, names)
    return sum(
        _rename_in(row, fields, words, names) for kind, fields in _TEXTS for row in session.exec(select(kind)).all()
    )


def _rename_in_messages(session: Session, words: re.Pattern[str], names: Mapping[str, str]) -> None:
    """What webhooks are told of an alert repeats its texts. One that is sealed is of a rotation."""
    for row in session.exec(select(MessageRow).where(MessageRow.type == ALERT_OPENED)):
        row.body = words.sub(lambda found: names[found.group()], row.body.decode()).encode()


def _rename_in(row: Row, fields: Iterable[str], words: re.Pattern[str], names: Mapping[str, str]) -> bool:
    changed = False
    for name in fields:
        old = getattr(row, name)
        new = words.sub(lambda found: names[found.group()], old)
        if new != old:
            setattr(row, name, new)
            changed = True
    return changed
