"""Keys changed, refused for a while, and ended."""

from __future__ import annotations

from collections.abc import Sequence

from keytui.domain.access import Operation
from keytui.domain.audit import Event
from keytui.domain.drift import Drift
from keytui.domain.errors import Invalid, Refused
from keytui.domain.keys import ACCEPTED, BUILTIN, Key, KeyEdit
from keytui.domain.rotation import Reason, RotationState
from keytui.vault.local.access.requests import Act, use_approval
from keytui.vault.local.access.tenancy import refuse_another_manager, refuse_its_like
from keytui.vault.local.issuing.asking import Issuing
from keytui.vault.local.issuing.calls import calls_of
from keytui.vault.local.issuing.told import Effect, tell
from keytui.vault.local.keys.counts import count_revoked
from keytui.vault.local.keys.drafts import checked_edit, checked_note, refuse_disallowed, refuse_unknown
from keytui.vault.local.keys.editing import apply_edit, grave_change
from keytui.vault.local.keys.ending import end_version
from keytui.vault.local.keys.new_key import refuse_taken_name
from keytui.vault.local.mapping import fingerprinted, key_of, stored_id
from keytui.vault.local.rotations.moves import subject_of
from keytui.vault.local.rows import key_row, living_key, repeat_versions, rotation_row, version_row, version_rows
from keytui.vault.local.section import Write
from keytui.vault.local.tables import KeyRow, StepRow, VersionRow


class Keeping(Issuing):
    """The life of a key, its rotations apart."""

    def edit(self, key_id: str, edit: KeyEdit) -> Key:
        with self._writing(Operation.EDIT) as write:
            row = key_row(write.session, key_id)
            refuse_another_manager(write.principal, row)
            checked = checked_edit(edit, write.now)
            refuse_unknown(checked.targets or (), self._ground.targets)
            refuse_disallowed(self._policies, row.environment, checked.targets or ())
            refuse_its_like(self._ground.principal, checked.scopes or ())
            before = key_of(row)
            changes = apply_edit(row, checked)
            refuse_taken_name(write.session, row)
            if grave := grave_change(before, key_of(row)):
                use_approval(write, before.sensitive, Act.on(before, Operation.EDIT, grave))
            write.record(Event("key.edited", row.id, row.name, row.version, details=changes))
            return write.answered(key_of(row))

    def disable(self, key_id: str, note: str) -> Key:
        def disabled(write: Write) -> Key:
            row = living_key(write.session, key_id)
            let_in = _marked(write, row, Drift.STILL_ACCEPTED)
            if row.disabled_at is not None and not let_in:
                raise Refused(f"{row.name} is disabled already", "enable takes it back")
            self._tell_accepted(write, row, Effect.SUSPEND)
            row.disabled_at = row.disabled_at or write.now
            for version in let_in:
                version.drift = ""
            repeat_versions(write.session, row)
            write.record(Event("key.disabled", row.id, row.name, row.version, details=_noted(note)))
            return write.answered(key_of(row))

        return self._carried_out(Operation.DISABLE, disabled, lets_nobody_in=True)

    def enable(self, key_id: str, note: str) -> Key:
        def enabled(write: Write) -> Key:
            row = living_key(write.session, key_id)
            refuse_another_manager(write.principal, row)
            shut_out = _marked(write, row, Drift.REFUSED)
            if row.disabled_at is None and not (shut_out or _half_disabled(write, row)):
                raise Refused(f"{row.name} is not disabled", "there is nothing to take back")
            self._tell_accepted(write, row, Effect.RESTORE)
            row.disabled_at = None
            for version in shut_out:
                version.drift = ""
            repeat_versions(write.session, row)
            write.record(Event("key.enabled", row.id, row.name, row.version, details=_noted(note)))
            return write.answered(key_of(row))

        return self._carried_out(Operation.DISABLE, enabled)

    def _tell_accepted(self, write: Write, row: KeyRow, effect: Effect) -> None:
        """Have the key's issuer suspend or restore every version that is accepted here."""
        can = self._abilities(row.issuer)
        if can is not None and not can.suspends:
            raise Refused(f"{row.issuer} cannot refuse a key and accept it again", "rotate it, or revoke it for good")
        for version in version_rows(write.session, row.id):
            if version.state in ACCEPTED:
                tell(write, row, version.number, effect)

    def revoke(self, key_id: str, version: int | None, reason: Reason, note: str) -> Key:
        if reason is Reason.OTHER and not note:
            raise Invalid("the reason 'other' needs words", "say why, as a note")

        def revoked(write: Write) -> Key:
            row = key_row(write.session, key_id)
            if ended_before := _ended_before(write, row, version):
                return _revoked_again(write, row, ended_before)
            living_key(write.session, key_id)
            ended = version_row(write.session, row.id, version or row.version)
            details = {"reason": str(reason), **_noted(note), **fingerprinted("old_fingerprint", ended)}
            if reason is not Reason.COMPROMISE:  # an emergency does not wait
                all_or_one = "the whole key" if version is None else f"v{version}"
                use_approval(write, row.sensitive, Act.on(row, Operation.REVOKE, f"{all_or_one}, {reason}"))
            if version is None:
                _revoke_key(write, row)
            else:
                _revoke_version(write, row, version)
            repeat_versions(write.session, row)
            what = "key.revoked" if version is None else "version.revoked"
            write.record(Event(what, row.id, row.name, ended.number, details=details))
            return write.answered(key_of(row))

        return self._carried_out(Operation.REVOKE, revoked, lets_nobody_in=version is None)


def _half_disabled(write: Write, row: KeyRow) -> bool:
    """Whether a version may be suspended at the issuer by a call that nobody heard the end of, or is restored now."""
    begun = {call.effect for call in calls_of(write.session, row.id)}
    return bool(write.told.done) or not begun.isdisjoint({Effect.SUSPEND, Effect.RESTORE})


def _marked(write: Write, row: KeyRow, drift: Drift) -> tuple[VersionRow, ...]:
    """Versions that would be accepted if their key is, and of which the last sync said this."""
    found = version_rows(write.session, row.id)
    return tuple(version for version in found if version.state in ACCEPTED and version.drift == drift)


def _ended_before(write: Write, row: KeyRow, number: int | None) -> tuple[VersionRow, ...]:
    """Versions that are revoked here, to be revoked at their issuer once more: the one that is named, whose end may
    have been undone or carried out late; of a whole key those that the last sync found accepted there.
    """
    if row.issuer == BUILTIN:
        return ()
    return tuple(
        version
        for version in version_rows(write.session, row.id)
        if version.revoked_at is not None
        if version.number == number
        or (number is None and row.revoked_at is not None and version.drift == Drift.STILL_ACCEPTED)
    )


def _revoked_again(write: Write, row: KeyRow, versions: Sequence[VersionRow]) -> Key:
    """What was over here, and perhaps not at the issuer, is over there too."""
    for version in versions:
        tell(write, row, version.number, Effect.REVOKE)
        why = f"{row.issuer} still accepted it" if version.drift else f"{row.issuer} was asked again"
        version.drift = ""
        told = {"why": why, **fingerprinted("old_fingerprint", version)}
        write.record(Event("version.revoked", row.id, row.name, version.number, details=told))
    repeat_versions(write.session, row)
    return write.answered(key_of(row))


def _revoke_key(write: Write, row: KeyRow) -> None:
    for version in version_rows(write.session, row.id):
        if version.revoked_at is None:
            end_version(version, write)
    row.revoked_at = write.now
    count_revoked(write.session, row)
    if row.rotation_id is None:
        return
    rotation = rotation_row(write.session, row.rotation_id)
    rotation.state = RotationState.ABANDONED
    rotation.closed_at = write.now
    row.rotation_id = None
    detail = "the whole key was revoked"
    write.session.add(
        StepRow(
            rotation_id=stored_id(rotation.id),
            at=write.now,
            actor=write.actor,
            verb="revoke",
            state=rotation.state,
            detail=detail,
        )
    )
    write.record(subject_of(write.session, stored_id(rotation.id)).event("rotation.abandoned", why=detail))


def _revoke_version(write: Write, row: KeyRow, number: int) -> None:
    version = version_row(write.session, row.id, number)
    if version.revoked_at is not None:
        raise Refused(f"v{number} of {row.name} is revoked already", "nothing is left to do")
    if row.rotation_id is not None:
        rotation = rotation_row(write.session, row.rotation_id)
        if number == rotation.new_version:
            raise Refused(
                f"v{number} is the new version of rotation #{rotation.id}",
                "roll it back, or abandon it before the hand-over",
            )
        if number == rotation.old_version:
            raise Refused(f"v{number} is the old version of rotation #{rotation.id}", "retire it there, then complete")
    if number == row.version:
        raise Refused(
            f"v{number} is the only version of {row.name} that is accepted",
            "revoke the whole key, or rotate it: an emergency can revoke first",
        )
    end_version(version, write)


def _noted(note: str) -> dict[str, str]:
    checked = checked_note(note)
    return {"note": checked} if checked else {}
