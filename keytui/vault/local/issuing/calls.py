"""What an issuer is being asked, or was asked without anybody hearing how it ended: one row of each version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from sqlmodel import Session, col, select

from keytui.domain.audit import Event
from keytui.domain.errors import Refused
from keytui.issuers.issuer import LONGEST_CHANGE
from keytui.vault.local.issuing.told import LETS_NOBODY_IN, Call, Effect
from keytui.vault.local.leases import time_of_all
from keytui.vault.local.processes import has_died, this_process
from keytui.vault.local.rows import key_row
from keytui.vault.local.tables import CallRow, KeyRow

if TYPE_CHECKING:
    from keytui.vault.local.section import Write

LONGEST_CALL: Final = 2 * LONGEST_CHANGE + timedelta(minutes=1)
"""Longer than an issuer may take that is asked twice after a lost answer. Whoever was not heard of since has died."""
_PATIENCE: Final = 60.0
"""Seconds that a request of this process waits for another with the same key."""
_LOCKS: Final[WeakValueDictionary[str, Lock]] = WeakValueDictionary()
_GUARD: Final = Lock()


@dataclass(frozen=True, slots=True)
class Unheard:
    """A call that another takes the place of: what is in doubt by it."""

    effect: Effect
    said: str


@contextmanager
def alone_with(name: str) -> Iterator[None]:
    """One request of this process at a time is at an issuer with a key, or makes one by a request id."""
    with _GUARD:
        lock = _LOCKS.setdefault(name, Lock())
    if not lock.acquire(timeout=_PATIENCE):
        raise Refused("another request is at the issuer with this key", "wait until that has ended, and look again")
    try:
        yield
    finally:
        lock.release()


def calls_of(session: Session, key_id: str) -> Sequence[CallRow]:
    """The calls with a key whose outcome nobody has heard."""
    return session.exec(select(CallRow).where(CallRow.key_id == key_id).order_by(col(CallRow.version))).all()


def keys_under_way(session: Session, now: datetime) -> frozenset[str]:
    """The keys that somebody is at an issuer with, or was a moment ago without having heard how it ended."""
    return frozenset(session.exec(select(CallRow.key_id).where(CallRow.began_at > now - LONGEST_CALL)))


def begin_call(write: Write, key: KeyRow, call: Call) -> Unheard | None:
    """Write down what is about to be asked, and give back what was in doubt before. Refused while another is there.

    A doubt that may leave nobody let in stays on record until the outcome of a later call ends it.
    """
    now = time_of_all(write.session, write.now)
    for other in calls_of(write.session, key.id):
        if _under_way(other, now):
            raise Refused(
                f"{other.actor} is at {key.issuer} with {key.name}, to {other.effect} v{other.version}",
                f"wait until that has ended; it is nobody's any more at {other.began_at + LONGEST_CALL:%H:%M:%SZ}",
            )
    row = write.session.get(CallRow, (key.id, call.version))
    before = None if row is None else Unheard(Effect(row.effect), row.said)
    kept = before is not None and before.effect in LETS_NOBODY_IN and call.effect not in LETS_NOBODY_IN
    write.session.merge(
        CallRow(
            key_id=key.id,
            effect=before.effect if before is not None and kept else call.effect,
            version=call.version,
            rotation_id=call.rotation_id,
            began_at=now,
            actor=write.actor,
            run=this_process(),
            said="",
        )
    )
    write.record(event_of(write, call, "issuer.asked"))
    return before


def call_changed_nothing(write: Write, call: Call, before: Unheard | None) -> None:
    """What was in doubt before the call still is."""
    row = write.session.get_one(CallRow, (call.key_id, call.version))
    if before is None:
        write.session.delete(row)
    else:
        row.effect, row.said = before.effect, before.said or "nobody heard how it ended"


def call_unheard(write: Write, call: Call, said: str) -> None:
    """It may have taken effect or not."""
    write.session.get_one(CallRow, (call.key_id, call.version)).said = said or "nothing"


def event_of(write: Write, call: Call, type_: str, *, refused: bool = False, **details: str) -> Event:
    """An entry of the log about a call."""
    key = key_row(write.session, call.key_id)
    told = {"issuer": key.issuer, "effect": str(call.effect), **details}
    return Event(type_, key.id, key.name, call.version, call.rotation_id, told, refused)


def _under_way(row: CallRow, now: datetime) -> bool:
    """Of this process nothing is: `alone_with` sees to that. Of another nothing is once it has surely died."""
    return not row.said and now - row.began_at < LONGEST_CALL and row.run != this_process() and not has_died(row.run)
