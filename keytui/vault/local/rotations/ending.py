"""How a rotation ends: the old version retired and revoked on a verdict, or the way back."""

from __future__ import annotations

from keytui.domain.access import Operation
from keytui.domain.errors import Refused, Unsafe
from keytui.domain.rotation import Rotation, RotationState, Verb, move
from keytui.domain.verdict import Assessment, Verdict
from keytui.vault.local.evidence.probed import refuse_let_in
from keytui.vault.local.evidence.verdicts import assessed, require_safe
from keytui.vault.local.issuing.asking import Issuing
from keytui.vault.local.issuing.told import Effect, end_call, tell
from keytui.vault.local.keys.drafts import checked_note
from keytui.vault.local.keys.ending import end_version
from keytui.vault.local.rotations.holding import refuse_held, refuse_put_back
from keytui.vault.local.rotations.moves import Subject, carry_out, subject_of, take_up
from keytui.vault.local.rows import key_row, stored_rotation, version_row
from keytui.vault.local.section import Write
from keytui.vault.local.tables import CallRow


class Ending(Issuing):
    """The verbs after the hand-over, and those that go back."""

    def retire(self, rotation_id: int, override: str = "") -> Rotation:
        return self._end_old(rotation_id, Verb.RETIRE, override)

    def revoke_old(self, rotation_id: int, override: str = "") -> Rotation:
        return self._end_old(rotation_id, Verb.REVOKE_OLD, override)

    def complete(self, rotation_id: int, override: str = "") -> Rotation:
        return self._end_old(rotation_id, Verb.COMPLETE, override)

    def open_rotation_to_end(self, key_id: str) -> int:
        """The number of the key's open rotation, for somebody who may rotate. Refused when there is none."""
        with self._reading(Operation.ROTATE) as session:
            number = key_row(session, key_id).rotation_id
        if number is None:
            raise Refused("the key has no open rotation", "begin one: keytui rotate")
        return number

    def restore(self, rotation_id: int) -> Rotation:
        def restored(write: Write) -> Rotation:
            subject = take_up(write, rotation_id)
            if _half_suspended(write, subject):
                _take_back_suspension(write, subject)
            else:
                carry_out(write, subject, Verb.RESTORE)
            subject.row.suspended_at = None
            write.record(subject.event("rotation.restored", subject.row.old_version))
            return write.answered(stored_rotation(write.session, subject.row))

        return self._carried_out(Operation.ROTATE, restored)

    def rollback(self, rotation_id: int, note: str) -> Rotation:
        note = checked_note(note)
        self._refuse_in_doubt(rotation_id)

        def rolled_back(write: Write) -> Rotation:
            subject = take_up(write, rotation_id)
            move(subject.rotation, Verb.ROLLBACK)
            refuse_held(subject, _by_command("rollback", subject))
            carry_out(write, subject, Verb.ROLLBACK, note)
            old = version_row(write.session, subject.key.id, subject.row.old_version)
            # The old version is current again, so the key was last rotated when that one came in.
            subject.key.rotated_at = old.delivered_at if old.number > 1 else None
            write.record(subject.event("rotation.rolled-back", subject.row.new_version, note=note))
            return write.answered(stored_rotation(write.session, subject.row))

        return self._carried_out(Operation.ROTATE, rolled_back)

    def abandon(self, rotation_id: int, note: str) -> Rotation:
        note = checked_note(note)
        self._refuse_in_doubt(rotation_id)

        def abandoned(write: Write) -> Rotation:
            subject = take_up(write, rotation_id)
            move(subject.rotation, Verb.ABANDON)
            refuse_held(subject, _by_command("abandon", subject))
            _end_pending(write, subject)
            carry_out(write, subject, Verb.ABANDON, note)
            write.record(subject.event("rotation.abandoned", subject.row.new_version, note=note))
            return write.answered(stored_rotation(write.session, subject.row))

        return self._carried_out(Operation.ROTATE, abandoned)

    def _end_old(self, rotation_id: int, verb: Verb, override: str) -> Rotation:
        override = checked_note(override)
        self._require(Operation.ROTATE)  # before anything tells whether the rotation is there
        fallbacks = self._fallbacks(rotation_id, anew=True)

        def ended(write: Write) -> Rotation:
            subject = take_up(write, rotation_id)
            move(subject.rotation, verb)
            if subject.rotation.state is RotationState.PROVING:
                return _completed(write, subject, override)
            assessment = assessed(
                write.session,
                subject.rotation,
                self._policies,
                write.now,
                self._ground.expected,
                fallbacks=fallbacks,
            )
            if not (override or write.told.done):  # its issuer was asked on a verdict that was SAFE
                refuse_put_back(subject)
                require_safe(assessment, subject.rotation)
                if verb is Verb.COMPLETE:
                    refuse_let_in(write.session, subject.rotation)
            carry_out(write, subject, verb, override)
            _record_end(write, subject, verb, assessment, override)
            return write.answered(stored_rotation(write.session, subject.row))

        try:
            return self._carried_out(Operation.ROTATE, ended)
        except Unsafe as refusal:
            self._record_refusal(rotation_id, verb, refusal.assessment)
            raise

    def _record_refusal(self, rotation_id: int, verb: Verb, assessment: Assessment) -> None:
        """The refused transaction was undone, so this stands in one of its own; trying takes nothing over."""
        with self._writing(Operation.ROTATE) as write:
            subject = subject_of(write.session, rotation_id)
            write.record(
                subject.event(
                    _EVENTS[verb],
                    subject.row.old_version,
                    refused=True,
                    verdict=str(assessment.verdict),
                    reasons=_against(assessment),
                )
            )


_EVENTS = {
    Verb.RETIRE: "rotation.retired",
    Verb.REVOKE_OLD: "rotation.old-revoked",
    Verb.COMPLETE: "rotation.completed",
}


def _completed(write: Write, subject: Subject, override: str) -> Rotation:
    """The old version was revoked on a verdict; what is left is what systems said of it."""
    if not override:
        refuse_let_in(write.session, subject.rotation)
    carry_out(write, subject, Verb.COMPLETE, override)
    write.record(subject.event(_EVENTS[Verb.COMPLETE], subject.row.old_version, override=override))
    return write.answered(stored_rotation(write.session, subject.row))


def _record_end(write: Write, subject: Subject, verb: Verb, assessment: Assessment, override: str) -> None:
    row = subject.row
    if row.state == RotationState.SUSPENDED:
        row.suspended_at = write.now
    write.record(
        subject.event(
            _EVENTS[verb],
            row.old_version,
            verdict=str(assessment.verdict),
            override=override,
            reasons=_against(assessment),
        )
    )


def _half_suspended(write: Write, subject: Subject) -> bool:
    """Whether the old version may be suspended at its issuer while it is not here: nobody knows how that call ended."""
    old = subject.row.old_version
    if (subject.key.id, old, Effect.RESTORE) in write.told.done:
        return subject.rotation.state is RotationState.OVERLAPPING
    call = write.session.get(CallRow, (subject.key.id, old))
    begun = call is not None and call.effect == Effect.SUSPEND
    return begun and subject.rotation.state is RotationState.OVERLAPPING


def _take_back_suspension(write: Write, subject: Subject) -> None:
    """Whatever became of it there, the old version is to be let in; that of a disabled key is not, as it is."""
    if subject.key.disabled_at is None:
        tell(write, subject.key, subject.row.old_version, Effect.RESTORE)
    else:
        end_call(write, subject.key.id, subject.row.old_version)


def _end_pending(write: Write, subject: Subject) -> None:
    """A version that the issuer was asked to accept, without an outcome that came this far."""
    number = subject.row.new_version
    if number is not None and subject.rotation.state in {RotationState.PLANNED, RotationState.REVOKED}:
        end_version(version_row(write.session, subject.key.id, number), write)


def _by_command(command: str, subject: Subject) -> str:
    """The way out where targets hold the new version: only the machine that delivers to them can give it back."""
    return (
        f"on the machine that has the targets, `keytui {command} {subject.key.id}` gives them the old secret first;"
        " if you gave it to them by hand, say --yes there"
    )


def _against(assessment: Assessment) -> str:
    """The findings that stood against SAFE, as the log keeps them."""
    against = (found for found in assessment.reasons if found.verdict is not Verdict.SAFE and not found.waived_by)
    return "; ".join(found.detail for found in against)
