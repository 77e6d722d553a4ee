"""Asking with a secret: whether it is let in, why not, and whether an old one is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, func, select

from keytui.domain.access import Operation
from keytui.domain.audit import AuditEntry
from keytui.domain.diagnosis import cleaned, diagnose
from keytui.domain.errors import Refused
from keytui.domain.keys import ACCEPTED, BUILTIN, VersionState
from keytui.domain.rotation import First, Rotation, Strategy
from keytui.domain.secrets import Secret, parse_format
from keytui.domain.usage import Caller, Use
from keytui.domain.verification import Check, Credential, Outcome
from keytui.vault.local.backup.state import refuse_unreconciled
from keytui.vault.local.entry_rows import stored_entries
from keytui.vault.local.evidence.coverage import serves
from keytui.vault.local.keys.drafts import checked_note
from keytui.vault.local.mapping import key_of, version_of
from keytui.vault.local.rotations.moves import open_to, subject_of
from keytui.vault.local.rows import key_row, rotation_row, stored_rotation, version_row
from keytui.vault.local.section import Section, audited
from keytui.vault.local.tables import (
    AcknowledgementRow,
    AuditRow,
    KeyRow,
    RecorderRow,
    SeriesRow,
    UsageRow,
    VersionRow,
)
from keytui.vault.local.usage.recording import count_uses
from keytui.vault.model import Acknowledgement, Diagnosis, Proof, Refusal
from keytui.vault.probed import PROBED, Probed

WITHOUT_CONTACT: Final = timedelta(seconds=30)
"""A verifier that has not been heard of for this long refuses everything, so nobody waits for its word."""
_OLD_REVOKED: Final = "rotation.old-revoked"
_ENDS_OLD: Final = {
    (Strategy.ROLLING, None): "rotation.retired",
    (Strategy.IMMEDIATE, None): "rotation.issued",
    (Strategy.EMERGENCY, First.REVOKE): _OLD_REVOKED,
    (Strategy.EMERGENCY, First.REPLACE): "rotation.completed",
}
_UNKNOWN: Final = Check(False, Outcome.UNKNOWN)


class Checking(Section):
    """Answers about secrets."""

    def check(self, secret: Secret, scopes: Sequence[str], caller: Caller) -> Check:
        now = self._clock()
        with self._reading(Operation.CHECK) as session:
            refuse_unreconciled(session, self._ground.ledger.kept_beyond(session))
            answer = self._answer(session, secret, frozenset(scopes), now)
        if probe := _probe(answer, caller, now):
            with self._ground.database.writing() as session:
                count_uses(session, probe)
        return answer

    def diagnose(self, secret: Secret) -> Diagnosis:
        bare = cleaned(secret)
        with self._reading(Operation.CHECK) as session:
            refuse_unreconciled(session, self._ground.ledger.kept_beyond(session))
            answer = self._answer(session, bare, frozenset(), self._clock())
            begins = select(VersionRow.prefix).where(VersionRow.prefix == bare.prefix()).limit(1)
            prefixes = {prefix for prefix in session.exec(begins) if prefix}
            names = session.exec(select(KeyRow.format).distinct()).all()
        formats = tuple(parse_format(name) for name in sorted({"tk", "hk", "base64", *names}))
        return Diagnosis(answer, diagnose(secret, answer, prefixes, formats))

    def proof(self, rotation_id: int, old: Secret | None = None) -> Proof:
        refusal = Refusal.NOT_ASKED if old is None else self._asked(rotation_id, old)
        with self._reading() as session:
            rotation = stored_rotation(session, rotation_row(session, rotation_id))
            old_version = version_row(session, rotation.key_id, rotation.old_version)
            return Proof(
                rotation_id=rotation_id,
                new_accepted_at=_first_accepted(session, rotation),
                old=refusal,
                old_state=VersionState(old_version.state),
                acknowledgements=tuple(_acknowledgements(session, rotation, old_version)),
            )

    def note_probed(self, rotation_id: int, probed: Probed) -> Rotation:
        with self._writing(Operation.ROTATE) as write:
            subject = open_to(write, rotation_id)
            if probed.version not in {subject.row.old_version, subject.row.new_version}:
                raise Refused(
                    f"v{probed.version} is no version of rotation #{rotation_id}", "name its old or its new version"
                )
            write.record(
                subject.event(
                    PROBED,
                    probed.version,
                    probe=checked_note(probed.probe),
                    expected=probed.expected,
                    outcome=probed.outcome,
                    said=checked_note(probed.said),
                    after=f"{probed.after.total_seconds():.1f} s",
                )
            )
            return write.answered(subject.rotation)

    def _asked(self, rotation_id: int, old: Secret) -> Refusal:
        """The answer to the old secret; it is part of the proof, so the log keeps it. No guard: it changes nothing."""
        self._require(Operation.CHECK)
        with audited(self._ground) as write:
            subject = subject_of(write.session, rotation_id)
            if subject.key.issuer != BUILTIN:
                raise Refused(
                    f"{subject.key.issuer} accepts or refuses this key, and what the vault says of it proves nothing",
                    f"ask the system itself: `keytui prove {subject.key.id} --probe NAME`",
                )
            answer = self._answer(write.session, old, frozenset(), write.now)
            if (answer.key_id, answer.version) != (subject.key.id, subject.row.old_version):
                raise Refused("that is not the old secret, so asking with it proves nothing", "paste the old one")
            refusal = Refusal.ACCEPTED if answer.valid else Refusal.REFUSED
            write.record(subject.event("proof.asked", answer.version, old=refusal, because=answer.reason))
        return refusal

    def _answer(self, session: Session, secret: Secret, scopes: frozenset[str], now: datetime) -> Check:
        digests = (secret.digest(), secret.keyed_digest(self._ground.pepper))
        row = session.exec(
            select(VersionRow).where(col(VersionRow.digest).in_(digests), col(VersionRow.sealed).is_(None))
        ).first()
        if row is None:
            return _UNKNOWN
        key = key_of(key_row(session, row.key_id))
        return Credential(row.digest, row.keyed, key, version_of(row)).judged(scopes, now)


def _probe(answer: Check, caller: Caller, now: datetime) -> tuple[Use, ...]:
    """Our own question, as usage keeps it: recorded, and never counted as use. Unknown secrets belong to no key."""
    if answer.key_id is None or answer.version is None:
        return ()
    minute = now.replace(second=0, microsecond=0)
    accepted, refused = int(answer.valid), int(not answer.valid)
    return (Use(answer.key_id, answer.version, caller, minute, now, now, accepted, refused, probe=True),)


def _first_accepted(session: Session, rotation: Rotation) -> datetime | None:
    """When the new version was first let in, by whomever."""
    first: datetime | None = session.exec(
        select(func.min(UsageRow.first_at))
        .join(SeriesRow, col(SeriesRow.id) == UsageRow.series)
        .where(SeriesRow.key_id == rotation.key_id, SeriesRow.version == rotation.new_version, UsageRow.accepted > 0)
    ).one()
    return first


def _acknowledgements(session: Session, rotation: Rotation, old: VersionRow) -> Iterator[Acknowledgement]:
    """Every verifier of the key that ran as the old version came to be refused, and how long it took to know it."""
    key = key_row(session, rotation.key_id)
    end = None if old.state in ACCEPTED or key.issuer != BUILTIN else _end_of_old(session, rotation)
    if end is None:
        return
    ran = select(RecorderRow).where(
        RecorderRow.started_at <= end.at,
        RecorderRow.last_flush_at >= end.at - WITHOUT_CONTACT,
        serves(RecorderRow, key.tenant),
    )
    for recorder in session.exec(ran.order_by(col(RecorderRow.name), col(RecorderRow.id))).all():
        taken_in: datetime | None = session.exec(
            select(func.min(AcknowledgementRow.at)).where(
                AcknowledgementRow.recorder == recorder.id, AcknowledgementRow.position >= end.sequence
            )
        ).one()
        if taken_in is not None:
            yield Acknowledgement(recorder.name, max(taken_in - end.at, timedelta()))
        elif recorder.ended_at is None:
            yield Acknowledgement(recorder.name, None)


def _end_of_old(session: Session, rotation: Rotation) -> AuditEntry | None:
    """The entry of the log from which on the old version was refused: before the completion, where it was proven."""
    at_once = rotation.plan.strategy is Strategy.ROLLING and not rotation.suspends
    ends = "rotation.completed" if at_once else _ENDS_OLD[rotation.plan.strategy, rotation.plan.first]
    found = select(AuditRow).where(
        AuditRow.rotation_id == rotation.id,
        col(AuditRow.type).in_((ends, _OLD_REVOKED)),
        col(AuditRow.refused).is_(False),
    )
    first, newest = (col(AuditRow.type) == _OLD_REVOKED).desc(), col(AuditRow.sequence).desc()
    return next(iter(stored_entries(session, found.order_by(first, newest).limit(1))), None)
