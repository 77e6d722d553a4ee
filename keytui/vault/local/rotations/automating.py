"""Keys that rotate by themselves: switched on and off, and what the runner of `keytui.vault.auto_rotation` keeps."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Self

from sqlmodel import Session, and_, col, not_, or_, select

from keytui.domain.access import Operation, Principal, Role
from keytui.domain.audit import Actor, Event
from keytui.domain.automation import USER, AutoRotation, AutoRotationReport, Selection
from keytui.domain.clocks import BY_RIGHT_CLOCKS
from keytui.domain.durations import long
from keytui.domain.errors import Invalid, Refused
from keytui.domain.keys import Kind
from keytui.domain.rotation import RotationState
from keytui.vault.local.columns import microseconds
from keytui.vault.local.leases import Lease
from keytui.vault.local.mapping import key_of
from keytui.vault.local.rows import key_row
from keytui.vault.local.sealing.keyring import HeldKey
from keytui.vault.local.section import Section, Write, audited
from keytui.vault.local.tables import AutoRotationRow, KeyRow, RotationRow

_TURN: Final = "auto-rotation turn"
"""The lease of a run. A server's job has one of its own, and both have to be had."""
_SHORTEST: Final = timedelta(days=1)
_LONGEST: Final = timedelta(days=3650)
_MOST_REFUSED: Final = 1000
"""Of a selection of a million keys, the ones beyond are counted and not named."""


class Automating(Section):
    """Which keys rotate by themselves, how often, and what became of it."""

    def auto_rotations(self) -> tuple[AutoRotation, ...]:
        with self._reading() as session:
            return tuple(_shown(row, key) for row, key in _switched(session, Selection()))

    def enable_auto_rotation(
        self, which: Selection, interval: timedelta, *, keep_previous: bool = True
    ) -> AutoRotationReport:
        if not _SHORTEST <= interval <= _LONGEST:
            raise Invalid(
                f"keys cannot rotate by themselves every {long(interval)}",
                "the interval is between one day and ten years, as in 90d",
            )
        with self._writing(Operation.SCHEDULE) as write:
            keys, refused = _told_apart(write, which)
            if not keys:
                raise _nothing_switched_on(which, refused)
            switched = tuple(_switched_on(write, key, interval, keep_previous) for key in keys)
            return write.answered(AutoRotationReport(switched, refused))

    def disable_auto_rotation(self, which: Selection) -> AutoRotationReport:
        with self._reading(Operation.SCHEDULE) as session:
            if not _switched(session, which):
                return AutoRotationReport(())
        with self._writing(Operation.SCHEDULE) as write:
            found = _switched(write.session, which)
            for row, key in found:
                write.session.delete(row)
                write.record(Event("auto-rotation.disabled", key.id, key.name, key.version))
            return write.answered(AutoRotationReport(tuple(_shown(row, key) for row, key in found)))

    def take_turn(self, holder: str, length: timedelta) -> str:
        """Who runs auto-rotation from now on, for so long: the holder, unless another does already."""
        with self._ground.database.writing() as session:
            return Lease(_TURN, holder).take(session, self._clock(), length)

    def end_turn(self, holder: str) -> None:
        """The next one may begin."""
        with self._ground.database.writing() as session:
            Lease(_TURN, holder).give_back(session)

    def automatic(self, holder: str) -> Self:
        """The same vault as auto-rotation has it: its name in the log, and no change once another has its turn."""
        principal = Principal(Actor(USER, socket.gethostname()), Role.LOCAL)
        ground = replace(
            self._ground,
            principal=principal,
            lease=Lease(_TURN, holder),
            held_key=HeldKey(self._clock),
            repeatable=None,
        )
        return type(self)(ground)

    def due_auto_rotations(self) -> tuple[AutoRotation, ...]:
        """What is to be begun or carried on now, longest due first; `rotation_id` stays after that rotation ended."""
        waiting = and_(col(AutoRotationRow.keep_previous), col(RotationRow.state) == RotationState.OVERLAPPING)
        begun = and_(col(AutoRotationRow.rotation_id).is_not(None), not_(waiting))
        now = self._clock()
        put_off = col(AutoRotationRow.next_at) - col(AutoRotationRow.interval) > microseconds(now + BY_RIGHT_CLOCKS)
        found = (
            select(AutoRotationRow, KeyRow)
            .join(KeyRow, col(KeyRow.id) == AutoRotationRow.key_id)
            .outerjoin(RotationRow, col(RotationRow.id) == AutoRotationRow.rotation_id)
            .where(or_(col(AutoRotationRow.next_at) <= now, put_off, begun))
        )
        with self._reading() as session:
            rows = session.exec(found.order_by(col(AutoRotationRow.next_at), col(KeyRow.id)))
            return tuple(_stored(row, key) for row, key in rows)

    def auto_rotation(self, key_id: str) -> AutoRotation | None:
        """One key's as it stands now; None when it is not switched on."""
        with self._reading() as session:
            row = session.get(AutoRotationRow, key_id)
            return None if row is None else _stored(row, key_row(session, key_id))

    def note_auto_rotation(self, done: AutoRotation, why: str) -> None:
        """Keep what a run came to. `why` is the short reason that its note begins with; a new one goes into the log."""
        with audited(self._ground) as write:
            if self._ground.lease is not None:
                self._ground.lease.require(write.session, write.now)
            row = write.session.get(AutoRotationRow, done.key.id)
            if row is None:
                return  # switched off in the meantime
            if why and not row.note.startswith(why):
                version = key_row(write.session, done.key.id).version
                details = {"why": done.note}
                event = "auto-rotation.skipped"
                write.record(Event(event, done.key.id, done.key.name, version, done.rotation_id, details))
            row.next_at, row.rotation_id, row.note = done.next_at, done.rotation_id, done.note


def _told_apart(write: Write, which: Selection) -> tuple[list[KeyRow], tuple[tuple[str, str], ...]]:
    """The keys that can be switched on, and the others with the reason."""
    fit: list[KeyRow] = []
    refused: list[tuple[str, str]] = []
    for key in _selected(write.session, which):
        why = _why_not(key, write.now)
        if not why:
            fit.append(key)
        else:
            refused.append((key.name, why))
    beyond = len(refused) - _MOST_REFUSED
    more = ((f"{beyond} more", "for reasons such as these"),) if beyond > 0 else ()
    return fit, (*refused[:_MOST_REFUSED], *more)


def _selected(session: Session, which: Selection) -> Iterator[KeyRow]:
    """Of one that is named, every key; of many, those that are not at their end."""
    if which.key_id and which.environment:
        raise Invalid("a key and an environment were named", "name one of the two, or neither for all keys")
    if which.key_id:
        yield key_row(session, which.key_id)
        return
    found = select(KeyRow).where(col(KeyRow.revoked_at).is_(None), KeyRow.kind == Kind.API_KEY)
    if which.environment:
        found = found.where(KeyRow.environment == which.environment)
    yield from session.exec(found.order_by(col(KeyRow.name), col(KeyRow.environment), col(KeyRow.id)))


def _why_not(key: KeyRow, now: datetime) -> str:
    """Why a key cannot be switched on, with the way out."""
    if key.revoked_at is not None:
        return "it is revoked, which is final"
    if key.kind != Kind.API_KEY:
        return f"a {key.kind} is issued by someone else"
    if key.expires_at is not None and key.expires_at <= now:
        return "it has expired: give it a later expiry first"
    if key.sensitive:
        return "it is sensitive, and each of its rotations needs a second operator's approval"
    if not key.targets:
        return "it has no target, so nobody would receive the new secret: `keytui edit KEY --target NAME` adds one"
    return ""


def _nothing_switched_on(which: Selection, refused: Sequence[tuple[str, str]]) -> Refused:
    if which.key_id and refused:
        name, why = refused[0]
        return Refused(f"{name} cannot rotate by itself: {why}", "nothing was switched on")
    if not refused:
        return Refused("there is no key to switch on", "`keytui list` shows which keys there are")
    names = ", ".join(name for name, _ in refused[:5]) + (" and others" if len(refused) > 5 else "")
    return Refused(f"no key can rotate by itself: {names}: {refused[0][1]}", "nothing was switched on")


def _switched_on(write: Write, key: KeyRow, interval: timedelta, keep_previous: bool) -> AutoRotation:
    """A version that is older already is due at once, and not as often as it could have been rotated."""
    row = write.session.get(AutoRotationRow, key.id) or AutoRotationRow(
        key_id=key.id, interval=interval, next_at=write.now
    )
    row.interval, row.keep_previous = interval, keep_previous
    row.next_at = max(key.version_created_at + interval, write.now)
    write.session.add(row)
    details = {"interval": long(interval), "keep_previous": "yes" if keep_previous else "no"}
    write.record(Event("auto-rotation.enabled", key.id, key.name, key.version, details=details))
    return _shown(row, key)


def _switched(session: Session, which: Selection) -> Sequence[tuple[AutoRotationRow, KeyRow]]:
    """The keys of a selection that it is on for, by name."""
    found = select(AutoRotationRow, KeyRow).join(KeyRow, col(KeyRow.id) == AutoRotationRow.key_id)
    if which.key_id:
        found = found.where(AutoRotationRow.key_id == key_row(session, which.key_id).id)
    if which.environment:
        found = found.where(KeyRow.environment == which.environment)
    return session.exec(found.order_by(col(KeyRow.name), col(KeyRow.environment), col(KeyRow.id))).all()


def _stored(row: AutoRotationRow, key: KeyRow) -> AutoRotation:
    return AutoRotation(key_of(key), row.interval, row.keep_previous, row.next_at, row.rotation_id, row.note)


def _shown(row: AutoRotationRow, key: KeyRow) -> AutoRotation:
    """A rotation that has ended is none of its own any more."""
    stored = _stored(row, key)
    return stored if key.rotation_id == row.rotation_id else replace(stored, rotation_id=None)
