"""A rotation on its way: planned and issued. How it goes on is in `handing_over`, how it ends in `ending`."""

from __future__ import annotations

from dataclasses import replace

from sqlmodel import col, select

from keytui.domain.access import Operation
from keytui.domain.errors import AlreadyDone, Invalid, Refused, RotationOpen
from keytui.domain.keys import BUILTIN
from keytui.domain.operators import person
from keytui.domain.rotation import First, Plan, Reason, Rotation, RotationState, Verb, move
from keytui.vault.local.access.requests import Act, use_approval
from keytui.vault.local.access.tenancy import refuse_another_manager, refuse_its_own_leak
from keytui.vault.local.issuing.asking import Issuing
from keytui.vault.local.issuing.fitness import unfit_as_it_stands
from keytui.vault.local.issuing.one_at_a_time import end_replaced
from keytui.vault.local.issuing.told import Effect, issued_elsewhere, tell, why_ended
from keytui.vault.local.keys.drafts import checked_note
from keytui.vault.local.keys.ending import end_version
from keytui.vault.local.keys.minting import mint_version
from keytui.vault.local.keys.repeats import refuse_repeat, remember_request
from keytui.vault.local.mapping import key_of, version_of
from keytui.vault.local.rotations.holding import refuse_arrived
from keytui.vault.local.rotations.moves import Subject, add_step, carry_out, take_up, take_up_beside
from keytui.vault.local.rotations.rehearsal import problems
from keytui.vault.local.rows import key_row, repeat_versions, rotation_row, stored_rotation, version_row
from keytui.vault.local.section import Write
from keytui.vault.local.tables import AutoRotationRow, KeyRow, RotationRow, StepRow, WaiverRow
from keytui.vault.model import Issued


class Rotating(Issuing):
    """The verbs before the hand-over, and those that leave a rotation where it is."""

    def plan(self, key_id: str, plan: Plan, request_id: str) -> Rotation:
        plan = replace(plan, label=checked_note(plan.label), reason_text=checked_note(plan.reason_text))
        with self._writing(Operation.ROTATE) as write:
            refuse_repeat(write, request_id, "plan")
            key = key_row(write.session, key_id)
            refuse_another_manager(write.principal, key)
            refuse_its_own_leak(write.principal, key, plan.reason)
            _refuse_open(key)
            self._refuse_switched_off(write, key)
            can = self._abilities(key.issuer)
            current = version_row(write.session, key.id, key.version)
            found = next(problems(key, current, plan, write.now, can=can, policies=self._policies), None)
            if found is not None:
                raise _cannot_rotate(key, found)
            if not _revokes_unasked(plan):
                use_approval(write, key.sensitive, Act.on(key, Operation.ROTATE, _in_words(plan)))
            row = _new_rotation(write, key, plan, suspends=can is None or can.suspends)
            key.rotation_id = row.id
            if plan.reason is Reason.COMPROMISE:
                version_row(write.session, key.id, key.version).leaked = True
                repeat_versions(write.session, key)
            rotation = stored_rotation(write.session, row)
            remember_request(write, request_id, "plan", str(row.id))
            subject = Subject(write.session, row, key, rotation)
            told = subject.event(
                "rotation.planned", key.version, strategy=plan.strategy, reason=plan.reason, note=plan.reason_text
            )
            write.record(told)
            return write.answered(rotation)

    def issue(self, rotation_id: int) -> Issued:
        self._revoke_old_first(rotation_id)

        def issued(write: Write) -> Issued:
            subject = take_up(write, rotation_id)
            move(subject.rotation, Verb.ISSUE)
            self._refuse_switched_off(write, subject.key)
            if _revokes_unasked(subject.rotation.plan):
                use_approval(write, subject.key.sensitive, _rest_of_emergency(subject))
            else:
                _refuse_anothers_secret(write, subject)
            self._end_lost(write, subject)
            return write.answered(self._issued(write, subject, Verb.ISSUE))

        return self._carried_out(Operation.ROTATE, issued)

    def reissue(self, rotation_id: int) -> Issued:
        def issued_again(write: Write) -> Issued:
            subject = take_up(write, rotation_id)
            move(subject.rotation, Verb.REISSUE)
            self._refuse_switched_off(write, subject.key)
            _refuse_anothers_secret(write, subject)
            self._end_lost(write, subject)
            return write.answered(self._issued(write, subject, Verb.REISSUE))

        return self._carried_out(Operation.ROTATE, issued_again)

    def waive(self, rotation_id: int, subject: str, why: str) -> Rotation:
        if not subject or not why:
            raise Invalid("a waiver needs the finding's name and a reason", "name what is set aside, and say why")
        with self._writing(Operation.ROTATE) as write:
            taken = _open(take_up_beside(write, rotation_id))
            write.session.merge(
                WaiverRow(
                    rotation_id=rotation_id, subject=subject, actor=write.actor, at=write.now, why=checked_note(why)
                )
            )
            add_step(write, taken.row, "waive", f"{subject}: {why}")
            write.record(taken.event("rotation.waived", subject=subject, why=why))
            return write.answered(stored_rotation(write.session, taken.row))

    def leave_note(self, rotation_id: int, note: str) -> Rotation:
        with self._writing(Operation.ROTATE) as write:
            taken = _open(take_up(write, rotation_id))
            taken.row.note = checked_note(note)
            write.record(taken.event("rotation.noted", note=taken.row.note))
            return write.answered(stored_rotation(write.session, taken.row))

    def take_over(self, rotation_id: int) -> Rotation:
        with self._writing(Operation.ROTATE) as write:
            taken = _open(take_up(write, rotation_id))
            if write.head is None:
                raise AlreadyDone(f"rotation #{rotation_id} is yours already", "go on with it", str(rotation_id))
            return write.answered(stored_rotation(write.session, taken.row))

    def _refuse_switched_off(self, write: Write, key: KeyRow) -> None:
        """A run of auto-rotation looked at the key a moment ago; what counts is what stands now."""
        if self._ground.lease is None:
            return
        if key.sensitive or write.session.get(AutoRotationRow, key.id) is None:
            why = "is sensitive now" if key.sensitive else "was switched off"
            raise Refused(f"{key.name} does not rotate by itself any more: it {why}", "rotate it by hand")

    def _refuse_as_it_stands(self, write: Write, subject: Subject) -> None:
        """Before anything is issued that the rotation could not go on from."""
        key, can = subject.key, self._abilities(subject.key.issuer)
        if can is not None and write.told.issued is None:
            old = version_row(write.session, key.id, subject.row.old_version)
            found = next(unfit_as_it_stands(key, old, subject.rotation.plan, can), None)
            if found is not None:
                raise _cannot_rotate(key, found)

    def _revoke_old_first(self, rotation_id: int) -> None:
        """In an emergency that revokes first, the old version dies in a transaction of its own."""
        with self._reading(Operation.ROTATE) as session:
            rotation = stored_rotation(session, rotation_row(session, rotation_id))
        if rotation.plan.first is not First.REVOKE or rotation.state is not RotationState.PLANNED:
            return

        def old_revoked(write: Write) -> None:
            subject = take_up(write, rotation_id)
            carry_out(write, subject, Verb.REVOKE_OLD)
            write.record(
                subject.event("rotation.old-revoked", subject.row.old_version, reason=subject.rotation.plan.reason)
            )

        self._carried_out(Operation.ROTATE, old_revoked)

    def _end_lost(self, write: Write, subject: Subject) -> None:
        """Whatever was issued before, and reached nobody, ends before another is issued; where its issuer accepts one
        version at a time, with that.
        """
        number = subject.row.new_version
        if number is None or write.told.issued is not None:
            return
        lost = version_row(write.session, subject.key.id, number)
        if subject.rotation.state is RotationState.ISSUED:
            refuse_arrived(subject, lost)
        can = self._abilities(subject.key.issuer)
        if lost.revoked_at is None and (can is None or can.overlaps):
            end_version(lost, write)
            why = why_ended(write.told, lost.key_id, number)
            write.record(subject.event("version.revoked", number, why=why))

    def _issued(self, write: Write, subject: Subject, verb: Verb) -> Issued:
        key, row, label = subject.key, subject.row, subject.rotation.plan.label
        if key.issuer == BUILTIN:
            version, secret = mint_version(write.session, key, write.now, self._randomness, label)
        else:
            self._refuse_as_it_stands(write, subject)
            version, secret = issued_elsewhere(write, key, row.old_version, label)
        row.new_version = version.number
        if write.told.replaced:
            end_replaced(write, key, row)
        carry_out(write, subject, verb)
        if key.disabled_at is not None:
            tell(write, key, version.number, Effect.SUSPEND)
        if subject.rotation.plan.at_once:
            key.rotated_at = write.now
            key.last_used_at = None
        write.record(
            subject.event(
                "rotation.issued" if verb is Verb.ISSUE else "rotation.reissued",
                version.number,
                prefix=version.prefix or "",
            ),
            new=secret,
        )
        return Issued(key_of(key), version_of(version), secret, stored_rotation(write.session, row))


def _cannot_rotate(key: KeyRow, why: str) -> Refused:
    """`why` ends with the way out, after a colon."""
    return Refused(f"{key.name} cannot be rotated: {why}", why.rpartition(": ")[2])


def _in_words(plan: Plan) -> str:
    """What is agreed to of a plan: how the old version ends, and why."""
    first = f", {plan.first} first" if plan.first else ""
    return f"{plan.strategy}{first}, {plan.reason}"


def _revokes_unasked(plan: Plan) -> bool:
    """Whether the old version of a sensitive key dies before anybody has agreed: an emergency does not wait.

    It is what whoever may revoke could do anyway. The new secret waits.
    """
    return plan.first is First.REVOKE and plan.reason is Reason.COMPROMISE


def _rest_of_emergency(subject: Subject) -> Act:
    """What is left to agree to once the old version is revoked."""
    key, rotation = subject.key, subject.rotation
    return replace(
        Act.on(key, Operation.ROTATE, _in_words(rotation.plan)),
        so_far=f"v{rotation.old_version} is revoked",
        then=f"go on with `keytui rotate {key.id} --resume`",
    )


def _refuse_anothers_secret(write: Write, subject: Subject) -> None:
    """What was agreed to was agreed to for one person; whoever else would receive a sensitive secret asks anew."""
    key, number = subject.key, subject.row.id
    receiving = select(StepRow.actor).where(
        StepRow.rotation_id == number, col(StepRow.verb).in_(("plan", Verb.ISSUE, Verb.REISSUE))
    )
    agreed = write.session.exec(receiving.order_by(col(StepRow.id).desc()).limit(1)).one()
    if person(agreed) != person(write.actor):
        use_approval(write, key.sensitive, Act.on(key, Operation.ROTATE, f"receive the secret of rotation #{number}"))


def _refuse_open(key: KeyRow) -> None:
    if key.rotation_id is not None:
        raise RotationOpen(
            f"{key.name} has an open rotation already: #{key.rotation_id}",
            "continue it with --resume, or roll it back, or abandon it",
            key.rotation_id,
        )


def _open(subject: Subject) -> Subject:
    if not subject.rotation.open:
        raise Refused(
            f"rotation #{subject.rotation.id} of {subject.key.name} has ended: it is {subject.rotation.state}",
            "nothing can be added to it any more",
        )
    return subject


def _new_rotation(write: Write, key: KeyRow, plan: Plan, *, suspends: bool) -> RotationRow:
    row = RotationRow(
        key_id=key.id,
        strategy=plan.strategy,
        first=plan.first,
        reason=plan.reason,
        reason_text=plan.reason_text,
        overlap=plan.overlap,
        label=plan.label,
        state=RotationState.PLANNED,
        old_version=key.version,
        started_at=write.now,
        holder=write.actor,
        suspends=suspends,
    )
    write.session.add(row)
    write.session.flush()
    add_step(write, row, "plan", plan.reason_text or plan.reason)
    return row
