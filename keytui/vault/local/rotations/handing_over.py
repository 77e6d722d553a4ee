"""The hand-over: a new secret goes out, and its arrival is proven."""

from __future__ import annotations

import hmac
from dataclasses import replace

from keytui.domain.access import Operation
from keytui.domain.errors import Invalid, Refused
from keytui.domain.rotation import Rotation, RotationState, Verb, move
from keytui.domain.secrets import Secret
from keytui.vault.deliveries import PUTTING_BACK, SKIPPED, is_beginning, tells_of_the_end
from keytui.vault.local.evidence.probed import let_in
from keytui.vault.local.issuing.asking import Issuing
from keytui.vault.local.issuing.pending import never_let_in
from keytui.vault.local.issuing.told import LETS_NOBODY_IN
from keytui.vault.local.keys.drafts import refuse_disallowed
from keytui.vault.local.leases import time_of_all
from keytui.vault.local.mapping import key_of, stored_id, version_of
from keytui.vault.local.rotations.moves import (
    Subject,
    carry_out,
    held,
    refuse_beside_another,
    take_up,
)
from keytui.vault.local.rotations.rehearsal import overlap_of
from keytui.vault.local.rows import stored_rotation, version_row
from keytui.vault.local.section import Write
from keytui.vault.local.tables import CallRow, DeliveryRow, VersionRow
from keytui.vault.model import Delivery

_STATES_OF_A_DELIVERY = ("begun", "sent", "proven", "failed")


class HandingOver(Issuing):
    """The verbs by which somebody comes to have the new secret, and the notes of every delivery."""

    def prove(self, rotation_id: int, pasted: Secret) -> Rotation:
        with self._writing(Operation.ROTATE) as write:
            subject = take_up(write, rotation_id)
            move(subject.rotation, Verb.DELIVER)
            new = _new_version(write, subject)
            digest = pasted.keyed_digest(self._ground.pepper) if new.keyed else pasted.digest()
            whole = hmac.compare_digest(digest, new.digest)
            if whole:
                proven = Delivery("pasted back", "proven", write.now, version_of(new).known_as)
                _note_delivery(write, subject, proven)
                self._hand_over(write, subject, new, "pasted back")
            else:
                write.record(subject.event("rotation.proven", new.number, refused=True, why="it differs"))
            rotation = stored_rotation(write.session, subject.row)
            if whole:
                write.answered(rotation)
        if not whole:
            raise Refused(
                "what was pasted is not the new secret",
                "copy it again, whole and without spaces; if it is lost, issue another",
            )
        return rotation

    def handed_over(self, rotation_id: int, delivery: Delivery) -> Rotation:
        with self._writing(Operation.ROTATE) as write:
            subject = take_up(write, rotation_id)
            move(subject.rotation, Verb.DELIVER)
            new = _new_version(write, subject)
            if delivery.state in {"begun", "failed"}:
                hint = "deliver it again, or paste the secret back"
                raise Invalid(f"a {delivery.state} delivery hands nothing over", hint)
            _note_delivery(write, subject, _checked(delivery, new))
            self._hand_over(write, subject, new, delivery.target)
            return write.answered(stored_rotation(write.session, subject.row))

    def deliver(self, rotation_id: int, delivery: Delivery) -> Rotation:
        if is_beginning(delivery) and delivery.detail == PUTTING_BACK:
            self._refuse_in_doubt(rotation_id)  # a target would be given a secret that its issuer refuses
        with self._writing(Operation.ROTATE) as write:
            subject = (held if delivery.state == "failed" else take_up)(write, rotation_id)
            new = _new_version(write, subject, over=tells_of_the_end(delivery))
            if delivery.state == "failed" or delivery.detail == PUTTING_BACK:
                refuse_beside_another(write, subject, delivery)
            if is_beginning(delivery) and delivery.detail != PUTTING_BACK:
                refuse_disallowed(self._policies, subject.key.environment, (delivery.target,))
            _note_delivery(write, subject, _checked(delivery, new))
            why = delivery.detail if tells_of_the_end(delivery) or delivery.detail.startswith(SKIPPED) else ""
            write.record(
                subject.event("delivery.noted", new.number, target=delivery.target, state=delivery.state, why=why)
            )
            return write.answered(stored_rotation(write.session, subject.row))

    def _hand_over(self, write: Write, subject: Subject, new: VersionRow, how: str) -> None:
        row, key = subject.row, subject.key
        _refuse_doubted(write, subject, new)
        new.delivered_at = row.delivered_at = write.now
        carry_out(write, subject, Verb.DELIVER, how)
        if not subject.rotation.plan.at_once:
            key.rotated_at = write.now
            policy = self._policies.of(key.environment)
            row.overlap_ends_at = write.now + overlap_of(key_of(key), subject.rotation.plan, policy, write.now)
        write.record(subject.event("rotation.delivered", new.number, how=how))
        if subject.rotation.plan.at_once:
            _complete_unless_let_in(write, subject)


def _complete_unless_let_in(write: Write, subject: Subject) -> None:
    """The old version is over, so nothing is left but what systems say of it: one that lets it in keeps this open."""
    proving = replace(subject, rotation=stored_rotation(write.session, subject.row))
    if let_in(write.session, proving.rotation) is None:
        carry_out(write, proving, Verb.COMPLETE)


def _refuse_doubted(write: Write, subject: Subject, new: VersionRow) -> None:
    """A version that its issuer may refuse, by a call that nobody heard the end of, is handed over to nobody."""
    if never_let_in(new):
        raise Refused(
            f"nobody knows whether {subject.key.issuer} has v{new.number} of {subject.key.name}",
            f"issue it again: `keytui rotate {subject.key.id} --resume`",
        )
    call = write.session.get(CallRow, (new.key_id, new.number))
    if call is not None and call.effect in LETS_NOBODY_IN:
        key = subject.key
        raise Refused(
            f"{key.issuer} may refuse v{new.number} of {key.name}: to {call.effect} it was begun at"
            f" {call.began_at:%Y-%m-%d %H:%MZ}, and nobody heard how that ended",
            f"finish that: `keytui abandon {key.id}`, or issue another with `keytui rotate {key.id} --resume`",
        )


def _new_version(write: Write, subject: Subject, *, over: bool = False) -> VersionRow:
    """The rotation's new version; `over`: for a word on what became of the old one once the rotation was completed."""
    goes_on = subject.rotation.open or (over and subject.rotation.state is RotationState.COMPLETED)
    if subject.row.new_version is None or not goes_on:
        raise Refused(
            f"rotation #{subject.row.id} of {subject.key.name} is {subject.rotation.state}: it has no new secret",
            "issue it first" if subject.rotation.open else "start a new rotation",
        )
    return version_row(write.session, subject.key.id, subject.row.new_version)


def _checked(delivery: Delivery, new: VersionRow) -> Delivery:
    """The delivery; Refused when what a place holds is not the new version.

    A secret that is on its way while another operator issues again arrives revoked: it must not count as handed over.
    """
    if delivery.state not in _STATES_OF_A_DELIVERY:
        raise Invalid(f"a delivery cannot be {delivery.state!r}", "it is begun, sent, proven or failed")
    expected = version_of(new).known_as
    unread = delivery.state == "failed" or (delivery.state == "sent" and delivery.fingerprint is None)
    if not unread and delivery.fingerprint != expected:
        raise Refused(
            f"{delivery.target} holds {delivery.fingerprint or 'nothing'}, not the new version ({expected})",
            "deliver it again",
        )
    return delivery


def _note_delivery(write: Write, subject: Subject, delivery: Delivery) -> None:
    """What is under way keeps others out for some minutes, which are counted by nobody's clock but the vault's."""
    at = time_of_all(write.session, write.now) if is_beginning(delivery) else delivery.at
    write.session.add(
        DeliveryRow(
            rotation_id=stored_id(subject.row.id),
            target=delivery.target,
            state=delivery.state,
            at=at,
            fingerprint=delivery.fingerprint,
            detail=delivery.detail,
            run=delivery.run,
        )
    )
