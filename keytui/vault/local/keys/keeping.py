"""Keys made, changed and ended."""

from __future__ import annotations

from sqlmodel import Session, select

from keytui.domain.access import Operation
from keytui.domain.audit import Event
from keytui.domain.errors import AlreadyDone, Invalid, KeytuiError, OutcomeUnknown, Refused
from keytui.domain.keys import ACCEPTED, BUILTIN, Key, KeyDraft, KeyEdit, Kind, VersionState
from keytui.domain.rotation import Reason, RotationState
from keytui.domain.secrets import Secret, parse_format
from keytui.issuers.issuer import Issuer, NewVersion
from keytui.vault.local.access.requests import Act, use_approval
from keytui.vault.local.access.tenancy import of_tenant, refuse_another_manager, refuse_its_like
from keytui.vault.local.issuing.asking import Issuing, issued_by, note_call
from keytui.vault.local.issuing.fitness import refuse_first
from keytui.vault.local.issuing.pending import know_value, pending_version
from keytui.vault.local.issuing.told import Call, Effect, calls_of, end_call, tell
from keytui.vault.local.keys.counts import count_created, count_revoked
from keytui.vault.local.keys.drafts import (
    checked_draft,
    checked_edit,
    checked_note,
    refuse_disallowed,
    refuse_unknown,
)
from keytui.vault.local.keys.editing import apply_edit, grave_change
from keytui.vault.local.keys.ending import end_version
from keytui.vault.local.keys.minting import mint_version, new_key_id
from keytui.vault.local.mapping import fingerprint_of, key_of, stored_id, version_of
from keytui.vault.local.rotations.moves import subject_of
from keytui.vault.local.rows import key_row, repeat_versions, rotation_row, version_row, version_rows
from keytui.vault.local.section import Write
from keytui.vault.local.tables import IdempotencyRow, KeyRow, StepRow, VersionRow
from keytui.vault.model import Issued


class Keeping(Issuing):
    """The life of a key, its rotations apart."""

    def create(self, draft: KeyDraft, request_id: str) -> Issued:
        if draft.kind is not Kind.API_KEY:
            raise Refused(f"a {draft.kind} is not issued here", "keep one that exists: keytui seal NAME")
        parse_format(draft.format)
        if draft.issuer != BUILTIN:
            return self._create_elsewhere(draft, request_id)
        with self._writing(Operation.CREATE) as write:
            row = self._new(write, draft, request_id)
            version, secret = mint_version(write.session, row, write.now, self._randomness, draft.label)
            return _created(write, row, version, secret)

    def _create_elsewhere(self, draft: KeyDraft, request_id: str) -> Issued:
        """The key is in the vault, refused, before its issuer is asked; what the issuer refuses is gone again."""
        issuer = self._issuer(draft.issuer)
        refuse_first(issuer)
        value = issuer.new_value(self._randomness) if issuer.abilities.takes_our_value else None
        with self._writing(Operation.CREATE) as write:
            row = self._new(write, draft, request_id)
            pending_version(write.session, row, write.now, value, randomness=self._randomness, label=draft.label)
            repeat_versions(write.session, row)
            call = Call(Effect.ISSUE, row.id, 1, None)
            note_call(write, row, call)
            key = key_of(row)
        new = self._first_issued(issuer, key, value, request_id)
        with self._writing(Operation.CREATE) as write:
            row, version = key_row(write.session, key.id), version_row(write.session, key.id, 1)
            know_value(version, new.secret, self._ground.pepper)
            version.state, version.reference = VersionState.ACTIVE, new.listed.mark.reference
            end_call(write, key.id, 1)
            return _created(write, row, version, new.secret)

    def _first_issued(self, issuer: Issuer, key: Key, value: Secret | None, request_id: str) -> NewVersion:
        try:
            return issued_by(issuer, key, value, None)
        except OutcomeUnknown as error:
            self._note_unknown(Operation.CREATE, Call(Effect.ISSUE, key.id, 1, None), error)
            raise OutcomeUnknown(
                f"nobody knows whether {issuer.name} has {key.name} now: {error.message}",
                f"`keytui rotate {key.id} --strategy immediate` revokes what it may have, and issues another",
            ) from error
        except KeytuiError as error:
            with self._writing(Operation.CREATE) as write:
                _never_was(write, key.id, request_id)
                told = {"issuer": issuer.name, "said": error.message}
                write.record(Event("key.created", "", key.name, details=told, refused=True), key.tenant)
            raise

    def _new(self, write: Write, draft: KeyDraft, request_id: str) -> KeyRow:
        """The key, without a version yet."""
        refuse_repeat(write, request_id, "create")
        draft = of_tenant(checked_draft(draft, write.now), write.principal)
        refuse_unknown(draft.targets, self._ground.targets)
        refuse_disallowed(self._policies, draft.environment, draft.targets)
        made = Act(Operation.CREATE, "", draft.name, draft.environment, draft.tenant, in_words(draft))
        use_approval(write, draft.sensitive, made)
        row = new_key(write, draft, new_key_id(self._randomness))
        remember_request(write, request_id, "create", row.id)
        return row

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
            if row.disabled_at is not None:
                raise Refused(f"{row.name} is disabled already", "enable takes it back")
            self._tell_accepted(write, row, Effect.SUSPEND)
            row.disabled_at = write.now
            write.record(Event("key.disabled", row.id, row.name, row.version, details=_noted(note)))
            return write.answered(key_of(row))

        return self._carried_out(Operation.DISABLE, disabled)

    def enable(self, key_id: str, note: str) -> Key:
        def enabled(write: Write) -> Key:
            row = living_key(write.session, key_id)
            refuse_another_manager(write.principal, row)
            if row.disabled_at is None and not _half_disabled(write, row):
                raise Refused(f"{row.name} is not disabled", "there is nothing to take back")
            self._tell_accepted(write, row, Effect.RESTORE)
            row.disabled_at = None
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
            row = living_key(write.session, key_id)
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

        return self._carried_out(Operation.REVOKE, revoked)


def new_key(write: Write, draft: KeyDraft, key_id: str) -> KeyRow:
    """A key from a checked draft, in the session, without a version yet. Refused when the name is taken."""
    row = KeyRow(
        id=key_id,
        name=draft.name,
        environment=draft.environment,
        tenant=draft.tenant,
        issuer=draft.issuer,
        kind=draft.kind,
        description=draft.description,
        owner=draft.owner,
        scopes=draft.scopes,
        apps=draft.apps,
        format=draft.format,
        sensitive=draft.sensitive,
        targets=draft.targets,
        created_at=write.now,
        expires_at=draft.expires_at,
        version_created_at=write.now,
    )
    refuse_taken_name(write.session, row)
    write.session.add(row)
    count_created(write.session, row)
    write.session.flush()
    return row


def _created(write: Write, row: KeyRow, version: VersionRow, secret: Secret) -> Issued:
    """The key with its first version, which is handed over by the answer."""
    version.delivered_at = write.now
    repeat_versions(write.session, row)
    details = {"env": row.environment, **fingerprinted("new_fingerprint", version)}
    write.record(Event("key.created", row.id, row.name, version.number, details=details))
    return write.answered(Issued(key_of(row), version_of(version), secret))


def _half_disabled(write: Write, row: KeyRow) -> bool:
    """Whether a version may be suspended at the issuer by a call that nobody heard the end of, or is restored now."""
    begun = {call.effect for call in calls_of(write.session, row.id)}
    return bool(write.told.done) or not begun.isdisjoint({Effect.SUSPEND, Effect.RESTORE})


def _never_was(write: Write, key_id: str, request_id: str) -> None:
    """Take a key out again that its issuer did not accept: its name and the request are free for another try."""
    row = key_row(write.session, key_id)
    end_call(write, key_id, 1)
    write.session.delete(version_row(write.session, key_id, 1))
    write.session.delete(write.session.get_one(IdempotencyRow, _own(write, request_id)))
    write.session.flush()
    count_revoked(write.session, row)
    write.session.delete(row)


def in_words(draft: KeyDraft) -> str:
    """What the key could do and who would receive it are a part of what is agreed to.

    When it expires is not: a duration ends later each time.
    """
    receivers = f", targets {', '.join(sorted(draft.targets))}" if draft.targets else ""
    return f"owner {draft.owner or 'nobody'}, scopes {', '.join(sorted(draft.scopes)) or 'none'}{receivers}"


def living_key(session: Session, key_id: str) -> KeyRow:
    """The key's row; Refused once it is revoked."""
    row = key_row(session, key_id)
    if row.revoked_at is not None:
        raise Refused(f"{row.name} is revoked, which is final", "create a new key")
    return row


def refuse_taken_name(session: Session, row: KeyRow) -> None:
    """Refused when another key of the tenant, environment and issuer has the row's name."""
    with session.no_autoflush:
        taken = named(session, row)
    if taken is not None and taken.id != row.id:
        hint = "choose another name, or rename that one first: keytui edit --name"
        state = " (revoked)" if taken.revoked_at is not None else ""
        raise Refused(f"{row.environment} has a key called {row.name} already{state}", hint)


def named(session: Session, row: KeyRow) -> KeyRow | None:
    """The stored key with the row's name, tenant, environment and issuer."""
    return session.exec(
        select(KeyRow).where(
            KeyRow.tenant == row.tenant,
            KeyRow.environment == row.environment,
            KeyRow.issuer == row.issuer,
            KeyRow.name == row.name,
        )
    ).first()


def refuse_repeat(write: Write, request_id: str, operation: str) -> None:
    """AlreadyDone when this request was carried out before; Refused when its id was another operation's."""
    if not request_id:
        raise Invalid("a request needs an id of its own", "give a random one, and the same again to repeat it")
    done = write.session.get(IdempotencyRow, _own(write, request_id))
    if done is not None and done.operation != operation:
        raise Refused("this request id was used for something else", "give each request a random one of its own")
    if done is not None:
        raise AlreadyDone(
            f"this request was carried out at {done.at:%Y-%m-%d %H:%M:%SZ}; its secret is not told twice",
            f"see what it made ({done.reference}); if the secret is lost, rotate the key",
            done.reference,
        )


def remember_request(write: Write, request_id: str, operation: str, reference: str) -> None:
    """So that a repeat is recognised."""
    own = _own(write, request_id)
    write.session.add(IdempotencyRow(request_id=own, operation=operation, reference=reference, at=write.now))


def _own(write: Write, request_id: str) -> str:
    """The id as the tenant's own, so that nobody learns of another's by choosing the same."""
    tenant = write.principal.tenant
    return request_id if tenant is None else f"{tenant}\n{request_id}"


def fingerprinted(name: str, version: VersionRow) -> dict[str, str]:
    """The version's fingerprint as a detail of the log; nothing for a weak value."""
    found = fingerprint_of(version)
    return {name: found} if found else {}


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
