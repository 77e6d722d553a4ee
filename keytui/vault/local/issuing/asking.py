"""A change that a key's issuer has to make as well: intent, call, outcome.

A change is tried in its transaction. Where it finds that the issuer must do something first (`Wanted`) it is undone,
what is about to be asked is written down in a transaction of its own, the issuer is asked while none is open, and the
change is tried again; it commits together with the outcome. A process that dies in between leaves the call behind, and
whoever acts next begins by knowing of it. To ask for the same again is harmless: every issuer promises that.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final, TypeVar

from keytui.domain.access import Operation
from keytui.domain.audit import Event
from keytui.domain.errors import KeytuiError, NotFound, OutcomeUnknown, Refused
from keytui.domain.keys import ACCEPTED, BUILTIN, Key, VersionState
from keytui.domain.rotation import RotationState
from keytui.domain.secrets import Secret
from keytui.issuers.issuer import Abilities, Issuer, Mark, NewVersion
from keytui.vault.local.evidence.verdicts import QUESTIONS
from keytui.vault.local.issuing.marking import mark_of
from keytui.vault.local.issuing.pending import know_value, pending_version
from keytui.vault.local.issuing.told import Call, Effect, Told, Wanted, calls_of, end_call
from keytui.vault.local.keys.ending import mark_ended
from keytui.vault.local.leases import time_of_all
from keytui.vault.local.mapping import key_of
from keytui.vault.local.rows import key_row, repeat_versions, rotation_row, version_row
from keytui.vault.local.section import Section, Write
from keytui.vault.local.tables import CallRow, KeyRow, RotationRow, VersionRow

Answer = TypeVar("Answer")
LONGEST_CALL: Final = timedelta(minutes=5)
"""Longer than any issuer may take. Whoever was not heard of since has died."""


class Issuing(Section):
    """Sections whose changes may be an issuer's too."""

    def _carried_out(self, operation: Operation, act: Callable[[Write], Answer]) -> Answer:
        """Do `act` in one transaction, after the key's issuer has done its part. `act` may be begun several times."""
        told = Told()
        while True:
            try:
                with self._writing(operation, told) as write:
                    return act(write)
            except Wanted as wanted:
                self._ask(operation, wanted.call, told)

    def _abilities(self, issuer: str) -> Abilities | None:
        """What an issuer can do; None of our own, which can do everything. Refused where this machine cannot ask it."""
        return None if issuer == BUILTIN else self._issuer(issuer).abilities

    def _fallbacks(self, rotation_id: int) -> tuple[str, ...]:
        """What would accept a rotation's old version all the same, as far as anybody can tell; none without a verdict.

        Not knowing it speaks against the verdict as well.
        """
        with self._reading() as session:
            row = rotation_row(session, rotation_id)
            old, name = version_row(session, row.key_id, row.old_version), key_row(session, row.key_id).issuer
        return self._fallbacks_of(name, old) if RotationState(row.state) in QUESTIONS else ()

    def _fallbacks_of(self, name: str, old: VersionRow) -> tuple[str, ...]:
        """Places that would let a version in whatever its issuer says."""
        if name == BUILTIN:
            return ()
        try:
            issuer = self._issuer(name)
            mark = mark_of(old, issuer, self._ground.pepper)
            if mark is None:
                return (f"whatever {name} knows by a value that nobody here had",)
            return issuer.fallbacks(mark)
        except KeytuiError as error:
            return (f"{name}, as far as anybody can tell ({error.message}),",)

    def _issuer(self, name: str) -> Issuer:
        """Refused where this machine cannot ask it."""
        issuers = self._ground.issuers()
        if name not in issuers:
            known = ", ".join(issuers) or "none"
            raise Refused(
                f"no issuer is called {name!r} here; there are: {known}",
                f"describe it in the configuration as [issuers.{name}], or say it on the machine that has it",
            )
        return issuers[name]

    def _ask(self, operation: Operation, call: Call, told: Told) -> None:
        with self._reading(operation) as session:
            key, like = key_of(key_row(session, call.key_id)), version_row(session, call.key_id, call.version)
        issuer = self._issuer(key.issuer)
        self._refuse_unsettled(call, told, issuer)
        mark = mark_of(like, issuer, self._ground.pepper)
        if call.effect is Effect.ISSUE:
            self._ask_to_issue(operation, call, told, issuer=issuer, key=key, like=mark)
            return
        if mark is None and call.effect is not Effect.REVOKE:
            raise Refused(
                f"v{call.version} of {key.name} cannot be named to {issuer.name}: nobody here had its value",
                "see what it has: keytui sync; change it there",
            )
        self._begin(operation, call)
        try:
            if mark is not None:
                _change(issuer, call.effect, mark)
        except KeytuiError as error:
            raise self._noted(operation, call, error) from error
        told.done.add((call.key_id, call.version, call.effect))

    def _refuse_unsettled(self, call: Call, told: Told, issuer: Issuer) -> None:
        """Refused while another version of the key is refused at the issuer and not here, by a call that nobody heard
        the end of: whatever else is done next could leave nobody let in.
        """
        if call.effect not in _LETS_NOBODY_IN:
            return
        with self._reading() as session:
            if version_row(session, call.key_id, call.version).delivered_at is None:
                return  # it reached nobody
            doubts = [
                (row, version_row(session, row.key_id, row.version))
                for row in calls_of(session, call.key_id)
                if row.effect in _LETS_NOBODY_IN and row.version != call.version
            ]
        for row, other in doubts:
            if other.state in ACCEPTED and (row.key_id, row.version, Effect(row.effect)) not in told.done:
                self._refuse_if_done(issuer, row, other)

    def _refuse_if_done(self, issuer: Issuer, row: CallRow, other: VersionRow) -> None:
        mark = mark_of(other, issuer, self._ground.pepper)
        listed = None if mark is None else issuer.look_up(mark)
        if listed is None or listed.state is not VersionState.ACTIVE:
            raise Refused(
                f"v{row.version} is refused by {issuer.name}, and not here: to {row.effect} it was begun at"
                f" {row.began_at:%Y-%m-%d %H:%MZ}, and nobody heard how that ended",
                "do that again, which finishes it; what was suspended can be restored, or the key enabled",
            )

    def _ask_to_issue(
        self, operation: Operation, call: Call, told: Told, *, issuer: Issuer, key: Key, like: Mark | None
    ) -> None:
        value = issuer.new_value(self._randomness) if issuer.abilities.takes_our_value else None
        number = self._begin_issue(operation, call, value)
        issue = replace(call, version=number)
        try:
            new = issued_by(issuer, key, value, like)
        except KeytuiError as error:
            raise self._noted(operation, issue, error) from error
        if value is None:
            self._know_value(operation, issue, new)
        told.issued = (number, new)
        told.replaced = not issuer.abilities.overlaps
        told.done.add((key.id, number, Effect.ISSUE))

    def _begin(self, operation: Operation, call: Call) -> None:
        with self._writing(operation) as write:
            note_call(write, key_row(write.session, call.key_id), call)

    def _begin_issue(self, operation: Operation, call: Call, value: Secret | None) -> int:
        """The number of the version that the issuer is about to be asked to accept. One that reached nobody ends."""
        with self._writing(operation) as write:
            key = key_row(write.session, call.key_id)
            version = pending_version(
                write.session, key, write.now, value, randomness=self._randomness, label=call.label
            )
            if call.rotation_id is not None:
                rotation = rotation_row(write.session, call.rotation_id)
                if rotation.new_version is not None:
                    _end_reached_nobody(write, key, rotation)
                rotation.new_version = version.number
            repeat_versions(write.session, key)
            note_call(write, key, replace(call, version=version.number))
            return version.number

    def _know_value(self, operation: Operation, call: Call, new: NewVersion) -> None:
        """Before anything else can fail, the vault knows what the issuer has made."""
        with self._writing(operation) as write:
            version = version_row(write.session, call.key_id, call.version)
            know_value(version, new.secret, self._ground.pepper)
            version.reference = new.listed.mark.reference
            write.record(_event(write, call, "issuer.answered"))

    def _noted(self, operation: Operation, call: Call, error: KeytuiError) -> KeytuiError:
        """The error, after the vault has taken note of it."""
        if isinstance(error, OutcomeUnknown):
            self._note_unknown(operation, call, error)
            return OutcomeUnknown(
                f"nobody knows whether v{call.version} was {_PAST[call.effect]}: {error.message}",
                f"do the same again: it finds out; {error.hint}" if error.hint else "do the same again: it finds out",
            )
        with self._writing(operation) as write:
            end_call(write, call.key_id, call.version)
            if call.effect is Effect.ISSUE:
                _take_back(write, call)
            write.record(_event(write, call, "issuer.refused", refused=True, said=error.message))
        return error

    def _note_unknown(self, operation: Operation, call: Call, error: OutcomeUnknown) -> None:
        with self._writing(operation) as write:
            write.session.get_one(CallRow, (call.key_id, call.version)).said = error.message or "nothing"
            write.record(_event(write, call, "issuer.unknown", said=error.message))


_LETS_NOBODY_IN: Final = frozenset({Effect.SUSPEND, Effect.REVOKE})
_PAST: Final = {
    Effect.ISSUE: "issued",
    Effect.SUSPEND: "suspended",
    Effect.RESTORE: "restored",
    Effect.REVOKE: "revoked",
}


def _change(issuer: Issuer, effect: Effect, mark: Mark) -> None:
    if effect is Effect.SUSPEND:
        issuer.suspend(mark)
    elif effect is Effect.RESTORE:
        issuer.restore(mark)
    else:
        with suppress(NotFound):  # what it does not know it does not accept
            issuer.revoke(mark)


def issued_by(issuer: Issuer, key: Key, value: Secret | None, like: Mark | None) -> NewVersion:
    """A value of ours may be given again after a lost answer, and is found where it is already."""
    try:
        return issuer.issue(key, value, like)
    except OutcomeUnknown:
        if value is None:
            raise
        return issuer.issue(key, value, like)


def note_call(write: Write, key: KeyRow, call: Call) -> None:
    """Refused while another is at the issuer with this key."""
    now = time_of_all(write.session, write.now)
    for row in calls_of(write.session, key.id):
        if not row.said and row.actor != write.actor and now - row.began_at < LONGEST_CALL:
            raise Refused(
                f"{row.actor} is at {key.issuer} with {key.name}, to {row.effect} v{row.version}",
                f"wait until that has ended; it is nobody's any more at {row.began_at + LONGEST_CALL:%H:%M:%SZ}",
            )
    write.session.merge(
        CallRow(
            key_id=key.id,
            effect=call.effect,
            version=call.version,
            rotation_id=call.rotation_id,
            began_at=now,
            actor=write.actor,
            said="",
        )
    )
    write.record(_event(write, call, "issuer.asked"))


def _end_reached_nobody(write: Write, key: KeyRow, rotation: RotationRow) -> None:
    """What was issued before, and ended at the issuer before another is asked for."""
    lost = version_row(write.session, key.id, rotation.new_version or 0)
    if lost.revoked_at is None:
        mark_ended(lost, write)
        why = {"why": "never handed over"}
        write.record(Event("version.revoked", key.id, key.name, lost.number, rotation.id, why))


def _take_back(write: Write, call: Call) -> None:
    """The version that the issuer did not accept never was; its number stays used."""
    mark_ended(version_row(write.session, call.key_id, call.version), write)
    if call.rotation_id is not None:
        rotation = rotation_row(write.session, call.rotation_id)
        if rotation.state != RotationState.ISSUED:
            rotation.new_version = None
    repeat_versions(write.session, key_row(write.session, call.key_id))


def _event(write: Write, call: Call, type_: str, *, refused: bool = False, **details: str) -> Event:
    key = key_row(write.session, call.key_id)
    told = {"issuer": key.issuer, "effect": str(call.effect), **details}
    return Event(type_, key.id, key.name, call.version, call.rotation_id, told, refused)
