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
from functools import partial
from typing import Final, TypeVar

from keytui.domain.access import Operation
from keytui.domain.audit import Event
from keytui.domain.errors import IssuerAway, KeytuiError, NotFound, OutcomeUnknown, Refused, Unreachable
from keytui.domain.keys import ACCEPTED, BUILTIN, Key, VersionState
from keytui.domain.rotation import RotationState
from keytui.issuers.issuer import Abilities, Issuer, Mark, NewVersion
from keytui.vault.local.evidence.verdicts import QUESTIONS
from keytui.vault.local.issuing.calls import (
    Unheard,
    alone_with,
    begin_call,
    call_changed_nothing,
    call_unheard,
    calls_of,
    event_of,
)
from keytui.vault.local.issuing.going_back import refuse_shut_out, way_back
from keytui.vault.local.issuing.issuance import Begun, found_by_tag, issued_by, not_found, taken_back_if_lost
from keytui.vault.local.issuing.marking import mark_of
from keytui.vault.local.issuing.one_at_a_time import has_successor, is_surely, mark_there, replaces
from keytui.vault.local.issuing.pending import know_value, pending_version, tag_of
from keytui.vault.local.issuing.told import LETS_NOBODY_IN, Call, Effect, Told, Wanted, end_call, why_ended
from keytui.vault.local.issuing.trial import Overtaken, see_it_is_wanted
from keytui.vault.local.keys.ending import mark_ended
from keytui.vault.local.mapping import key_of
from keytui.vault.local.rows import key_row, repeat_versions, rotation_row, version_row, version_rows
from keytui.vault.local.section import Section, Write
from keytui.vault.local.tables import CallRow, KeyRow, RotationRow, VersionRow

Answer = TypeVar("Answer")


class Issuing(Section):
    """Sections whose changes may be an issuer's too."""

    def _carried_out(
        self, operation: Operation, act: Callable[[Write], Answer], *, lets_nobody_in: bool = False
    ) -> Answer:
        """Do `act` in one transaction, after the key's issuer has done its part. `act` may be begun several times.

        `lets_nobody_in`: that is what it is for, so no doubt whether anybody still is let in holds it back.
        """
        try:
            with self._writing(operation) as write:
                return act(write)
        except Wanted as wanted:
            key_id = wanted.call.key_id
        with alone_with(key_id):
            return self._carried_out_alone(operation, act, Told(lets_nobody_in=lets_nobody_in))

    def _carried_out_alone(self, operation: Operation, act: Callable[[Write], Answer], told: Told) -> Answer:
        while True:
            try:
                with self._writing(operation, told) as write:
                    return act(write)
            except Wanted as wanted:
                with suppress(Overtaken):
                    self._ask(operation, wanted.call, told, partial(see_it_is_wanted, act, wanted.call))

    def _abilities(self, issuer: str) -> Abilities | None:
        """What an issuer can do; None of our own, which can do everything. Refused where this machine cannot ask it."""
        return None if issuer == BUILTIN else self._issuer(issuer).abilities

    def _fallbacks(self, rotation_id: int, *, anew: bool = False) -> tuple[str, ...]:
        """What would accept a rotation's old version all the same, as far as anybody can tell; none without a verdict.

        Not knowing it speaks against the verdict as well. Whoever ends the old version asks anew; whoever reads the
        verdict is told what was heard a few seconds ago.
        """
        with self._reading() as session:
            row = rotation_row(session, rotation_id)
            old, name = version_row(session, row.key_id, row.old_version), key_row(session, row.key_id).issuer
        if RotationState(row.state) not in QUESTIONS:
            return ()
        ask = partial(self._fallbacks_of, name, old)
        return ask() if anew else self._ground.fallbacks.of((old.key_id, old.number), self._clock, ask)

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

    def _ask(self, operation: Operation, call: Call, told: Told, still_wanted: Callable[[Write], None]) -> None:
        with self._reading(operation) as session:
            key, like = key_of(key_row(session, call.key_id)), version_row(session, call.key_id, call.version)
        issuer = self._issuer(key.issuer)
        self._refuse_unsettled(call, told, issuer)
        mark = self._mark(call, like, issuer)
        if call.effect is Effect.ISSUE:
            begun = self._begin_issue(operation, call, told, issuer, still_wanted)
            self._ask_to_issue(operation, begun, told, issuer=issuer, key=key, like=mark)
            return
        if call.effect is Effect.REVOKE and self._has_successor(issuer, like):
            told.done.add((call.key_id, call.version, call.effect))
            return
        reached_nobody = like.delivered_at is None and like.revoked_at is None
        if mark is None and not (call.effect is Effect.REVOKE and reached_nobody):
            raise Refused(
                f"v{call.version} of {key.name} cannot be named to {issuer.name}: nobody here had its value",
                "see what it has: keytui sync; change it there",
            )
        before = self._begin(operation, call, told, still_wanted)
        try:
            mark = mark or found_by_tag(issuer, like)
            if mark is not None:
                _change(issuer, call.effect, mark)
        except KeytuiError as error:
            raise self._noted(operation, call, error, before) from error
        if mark is None:
            told.unasked[call.key_id, call.version] = not_found(issuer)
        told.done.add((call.key_id, call.version, call.effect))

    def _mark(self, call: Call, version: VersionRow, issuer: Issuer) -> Mark | None:
        if not replaces(issuer):
            return mark_of(version, issuer, self._ground.pepper)
        with self._reading() as session:
            versions = version_rows(session, call.key_id)
        return mark_there(call, issuer, versions, self._ground.pepper)

    def _refuse_unsettled(self, call: Call, told: Told, issuer: Issuer) -> None:
        """Refused while another version of the key is refused at the issuer and not here, by a call that nobody heard
        the end of: whatever else is done next could leave nobody let in.
        """
        if call.effect not in LETS_NOBODY_IN or told.lets_nobody_in:
            return
        with self._reading() as session:
            version = version_row(session, call.key_id, call.version)
            if version.delivered_at is None or version.revoked_at is not None:
                return  # it lets nobody in
            doubts = [
                (row, version_row(session, row.key_id, row.version))
                for row in calls_of(session, call.key_id)
                if row.effect in LETS_NOBODY_IN and row.version != call.version
            ]
        for row, other in doubts:
            if other.state in ACCEPTED and (row.key_id, row.version, Effect(row.effect)) not in told.done:
                self._refuse_if_done(issuer, row, other)

    def _refuse_in_doubt(self, rotation_id: int) -> None:
        """Refused where the old version is refused at the issuer and not here, or may be: giving up the new one would
        leave nobody let in.
        """
        with self._reading(Operation.ROTATE) as session:
            rotation = rotation_row(session, rotation_id)
            key_id, name = rotation.key_id, key_row(session, rotation.key_id).issuer
            old = version_row(session, key_id, rotation.old_version)
            doubts = [row for row in calls_of(session, key_id) if _is_of_old(row, rotation)]
            way = way_back(session, rotation, self._clock())
        if doubts and old.state in ACCEPTED:
            self._refuse_if_done(self._issuer(name), doubts[0], old)
        if way is not None:
            refuse_shut_out(way, self._issuer(name), self._ground.pepper)

    def _refuse_if_done(self, issuer: Issuer, row: CallRow, other: VersionRow) -> None:
        mark = mark_of(other, issuer, self._ground.pepper)
        listed = None if mark is None else issuer.look_up(mark)
        if listed is None or listed.state is not VersionState.ACTIVE:
            raise Refused(
                f"v{other.number} is refused by {issuer.name}, and not here: to {row.effect} v{row.version} was begun"
                f" at {row.began_at:%Y-%m-%d %H:%MZ}, and nobody heard how that ended",
                "do that again, which finishes it; what was suspended can be restored, or the key enabled",
            )
        if row.effect == Effect.ISSUE and replaces(issuer) and not (mark and is_surely(mark, listed.mark)):
            raise Refused(
                f"v{row.version} may have taken the place of v{other.number} at {issuer.name}: to issue it was"
                f" begun at {row.began_at:%Y-%m-%d %H:%MZ}, and nobody heard how that ended",
                f"issue it again, which ends that: `keytui rotate {row.key_id} --resume`",
            )

    def _has_successor(self, issuer: Issuer, version: VersionRow) -> bool:
        if not replaces(issuer):
            return False
        with self._reading() as session:
            return has_successor(version, version_rows(session, version.key_id))

    def _ask_to_issue(
        self,
        operation: Operation,
        begun: Begun,
        told: Told,
        *,
        issuer: Issuer,
        key: Key,
        like: Mark | None,
    ) -> None:
        number = begun.call.version
        try:
            new = issued_by(issuer, key, begun, like)
        except KeytuiError as error:
            raise self._noted(operation, begun.call, error, None) from error
        if begun.value is None:
            with taken_back_if_lost(issuer, new, begun):
                self._know_value(operation, begun.call, new)
        told.issued = (number, new)
        told.replaced = replaces(issuer)
        told.done.add((key.id, number, Effect.ISSUE))

    def _begin(
        self, operation: Operation, call: Call, told: Told, still_wanted: Callable[[Write], None]
    ) -> Unheard | None:
        with self._writing(operation, told) as write:
            still_wanted(write)
            return begin_call(write, key_row(write.session, call.key_id), call)

    def _begin_issue(
        self, operation: Operation, call: Call, told: Told, issuer: Issuer, still_wanted: Callable[[Write], None]
    ) -> Begun:
        """The version that the issuer is about to be asked to accept.

        One that reached nobody ends; at an issuer that replaces it, with the outcome.
        """
        value = issuer.new_value(self._randomness) if issuer.abilities.takes_our_value else None
        with self._writing(operation, told) as write:
            still_wanted(write)
            key = key_row(write.session, call.key_id)
            version = pending_version(
                write.session, key, write.now, value, randomness=self._randomness, label=call.label
            )
            if call.rotation_id is not None:
                rotation = rotation_row(write.session, call.rotation_id)
                if rotation.new_version is not None and not replaces(issuer):
                    _end_reached_nobody(write, key, rotation, told)
                rotation.new_version = version.number
            repeat_versions(write.session, key)
            issue = replace(call, version=version.number)
            begin_call(write, key, issue)
            return Begun(issue, value, tag_of(version))

    def _know_value(self, operation: Operation, call: Call, new: NewVersion) -> None:
        """Before anything else can fail, the vault knows what the issuer has made."""
        with self._writing(operation) as write:
            version = version_row(write.session, call.key_id, call.version)
            know_value(version, new.secret, self._ground.pepper)
            version.reference = new.listed.mark.reference
            write.record(event_of(write, call, "issuer.answered"))

    def _noted(self, operation: Operation, call: Call, error: KeytuiError, before: Unheard | None) -> KeytuiError:
        """The error, after the vault has taken note of it."""
        if isinstance(error, OutcomeUnknown):
            self._note_unknown(operation, call, error)
            return OutcomeUnknown(
                f"nobody knows whether v{call.version} was {_PAST[call.effect]}: {error.message}",
                f"do the same again: it finds out; {error.hint}" if error.hint else "do the same again: it finds out",
            )
        with self._writing(operation) as write:
            call_changed_nothing(write, call, before)
            if call.effect is Effect.ISSUE:
                _take_back(write, call)
            write.record(event_of(write, call, "issuer.refused", refused=True, said=error.message))
        return IssuerAway(error.message, error.hint) if isinstance(error, Unreachable) else error

    def _note_unknown(self, operation: Operation, call: Call, error: OutcomeUnknown) -> None:
        with self._writing(operation) as write:
            call_unheard(write, call, error.message)
            write.record(event_of(write, call, "issuer.unknown", said=error.message))


_PAST: Final = {
    Effect.ISSUE: "issued",
    Effect.SUSPEND: "suspended",
    Effect.RESTORE: "restored",
    Effect.REVOKE: "revoked",
}


def _is_of_old(row: CallRow, rotation: RotationRow) -> bool:
    """Also one that issues: where only one version is accepted at a time, that ends the old one."""
    return row.effect == Effect.ISSUE or (row.version == rotation.old_version and row.effect in LETS_NOBODY_IN)


def _change(issuer: Issuer, effect: Effect, mark: Mark) -> None:
    if effect is Effect.SUSPEND:
        _suspend(issuer, mark)
    elif effect is Effect.RESTORE:
        issuer.restore(mark)
    else:
        try:
            issuer.revoke(mark)
        except NotFound:  # what it does not know it does not accept, where it would have been found
            if not (mark.reference or issuer.abilities.takes_our_value):
                raise


def _suspend(issuer: Issuer, mark: Mark) -> None:
    """One that is gone there lets nobody in already: a rotation whose old version vanished goes on."""
    try:
        issuer.suspend(mark)
    except (NotFound, Refused):
        if not _is_over(issuer, mark):
            raise


def _is_over(issuer: Issuer, mark: Mark) -> bool:
    """Whether the issuer says that it has revoked the version, or does not know it and would."""
    if not issuer.abilities.lists:
        return False
    with suppress(KeytuiError):
        listed = issuer.look_up(mark)
        if listed is not None:
            return listed.state is VersionState.REVOKED
        return bool(mark.reference or issuer.abilities.takes_our_value)
    return False


def _end_reached_nobody(write: Write, key: KeyRow, rotation: RotationRow, told: Told) -> None:
    """What was issued before, and ended at the issuer before another is asked for."""
    lost = version_row(write.session, key.id, rotation.new_version or 0)
    if lost.revoked_at is None:
        if (key.id, lost.number, Effect.REVOKE) not in told.done:
            raise Refused(f"v{lost.number} of {key.name} was issued meanwhile", "look again, and go on with that")
        mark_ended(lost, write)
        end_call(write, key.id, lost.number)
        why = {"why": why_ended(told, key.id, lost.number)}
        write.record(Event("version.revoked", key.id, key.name, lost.number, rotation.id, why))


def _take_back(write: Write, call: Call) -> None:
    """The version that the issuer did not accept never was; its number stays used. What it was to replace stays."""
    mark_ended(version_row(write.session, call.key_id, call.version), write)
    if call.rotation_id is not None:
        rotation = rotation_row(write.session, call.rotation_id)
        before = [row.number for row in version_rows(write.session, call.key_id) if row.revoked_at is None]
        stays = next((number for number in before if number > rotation.old_version), None)
        if stays is not None or rotation.state != RotationState.ISSUED:
            rotation.new_version = stays
    repeat_versions(write.session, key_row(write.session, call.key_id))
