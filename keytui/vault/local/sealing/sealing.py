"""Values that come back: sealed under one data key, which a passphrase wraps; each reveal is in the log."""

from __future__ import annotations

import math
from threading import Lock
from typing import Final
from urllib.parse import urlsplit

from sqlmodel import Session, select

from keytui.domain.access import Operation
from keytui.domain.audit import Event
from keytui.domain.errors import Invalid, Locked, Refused
from keytui.domain.keys import Key, KeyDraft, Kind, VersionState
from keytui.domain.secrets import Secret, is_weak
from keytui.domain.text import harmless
from keytui.vault.local.access.requests import Act, use_approval
from keytui.vault.local.access.tenancy import of_tenant
from keytui.vault.local.keys.drafts import checked_draft
from keytui.vault.local.keys.ending import end_version
from keytui.vault.local.keys.minting import new_key_id, next_number
from keytui.vault.local.keys.new_key import new_key
from keytui.vault.local.mapping import key_of
from keytui.vault.local.rows import living_key, repeat_versions, version_row, version_rows
from keytui.vault.local.sealing.keyring import (
    NONCE_BYTES,
    HeldKey,
    new_data_key,
    opened_value,
    sealed_value,
    unwrapped,
    wait_left,
    wrapped,
)
from keytui.vault.local.section import Section, Write
from keytui.vault.local.tables import KeyringRow, KeyRow, VersionRow
from keytui.vault.standing import SealState

PASSPHRASE_AT_LEAST: Final = 8
_ONE_TRY: Final = Lock()
"""A try takes half a second and 64 MiB: there is one at a time in a process, and its outcome is known to the next.

Whoever may not try does not wait for it.
"""


class Sealing(Section):
    """Sealed values and the passphrase over them. The data key is in memory only while the seal is open."""

    def seal(self, draft: KeyDraft, value: Secret) -> Key:
        if draft.kind is Kind.API_KEY:
            raise Refused("the secret of an API key is never kept", "seal a token or a connection string")
        _refuse_unfit(value)
        with self._writing(Operation.SEAL) as write:
            data_key = self._data_key(write.session)
            draft = of_tenant(checked_draft(draft, write.now), write.principal)
            row = _key_for(write, draft, new_key_id(self._randomness))
            _end_earlier(write, row)
            version = self._sealed_version(write, row, data_key, value)
            version.label = draft.label
            write.session.add(version)
            repeat_versions(write.session, row)
            write.record(Event("value.sealed", row.id, row.name, version.number, details={"kind": row.kind}))
            return write.answered(key_of(row))

    def reveal(self, key_id: str) -> Secret:
        with self._writing(Operation.REVEAL) as write:
            key = living_key(write.session, key_id)
            use_approval(write, key.sensitive, Act.on(key, Operation.REVEAL, "the current value"))
            version = version_row(write.session, key.id, key.version)
            if version.sealed is None or version.nonce is None:
                raise Refused(f"the value of {key.name} is not kept", "only sealed values come back; rotate the key")
            data_key = self._data_key(write.session)
            value = opened_value(data_key, version.sealed, version.nonce, key.id, version.number)
            write.record(Event("value.revealed", key.id, key.name, version.number, refused=value is None))
            if value is not None:
                write.answered(value)
        if value is None:
            raise Refused(
                f"the sealed value of {key.name} was changed, or moved here from another key",
                "restore the vault from a backup, and look in the audit log for who was here",
            )
        return value

    def set_passphrase(self, new: Secret) -> None:
        _refuse_short(new)
        self._require(Operation.PASSPHRASE)
        with _ONE_TRY:
            self._refuse_another()
            data_key = new_data_key(self._randomness)
            keyring = self._wrapped(data_key, new)
            with self._writing(Operation.PASSPHRASE) as write:
                _refuse_second(write.session)
                write.session.add(keyring)
                write.record(Event("passphrase.set"))
                write.answered(None)
        self._ground.held_key.hold(data_key, 0)

    def change_passphrase(self, old: Secret, new: Secret) -> None:
        _refuse_short(new)
        self._require(Operation.PASSPHRASE)
        with _ONE_TRY:
            tried, data_key = self._tried(Operation.PASSPHRASE, old)
            fresh = self._wrapped(data_key, new) if data_key is not None else None
            with self._writing(Operation.PASSPHRASE) as write:
                row = _outcome(write, tried, data_key)
                if fresh is not None:
                    for name in ("salt", "memory_kib", "iterations", "lanes", "nonce", "wrapped", "set_at"):
                        setattr(row, name, getattr(fresh, name))
                    row.epoch += 1
                    write.record(Event("passphrase.changed"))
                    write.answered(None)
        self._hold(row, data_key)

    def unlock(self, passphrase: Secret) -> None:
        self._require(Operation.REVEAL)
        with _ONE_TRY:
            tried, data_key = self._tried(Operation.REVEAL, passphrase)
            with self._writing(Operation.REVEAL) as write:
                row = _outcome(write, tried, data_key)
                if data_key is not None:
                    write.record(Event("seal.unlocked"))
        self._hold(row, data_key)

    def lock(self) -> None:
        """Here whoever asks; for everybody only by one who stands for the whole vault, as its tenants share it."""
        self._ground.held_key.drop()
        with self._writing(Operation.PASSPHRASE) as write:
            _keyring(write.session).epoch += 1
            write.record(Event("seal.locked"))
            write.answered(None)

    def _refuse_another(self) -> None:
        """A second passphrase is refused before it costs a derivation. Raises Repeated for the first one, repeated."""
        with self._reading(Operation.PASSPHRASE) as session:
            if self._ground.repeatable is not None:
                self._ground.repeatable.refuse_repeat(session, self._clock())
            _refuse_second(session)

    def _tried(self, operation: Operation, passphrase: Secret) -> tuple[KeyringRow, bytes | None]:
        """The keyring as it stood, and the data key if the passphrase opens it. No transaction waits for that."""
        with self._reading(operation) as session:
            row = _keyring(session)
            session.expunge(row)
        left = wait_left(row, self._clock())
        if left:
            raise Refused(
                f"the last passphrase was wrong: try again in {math.ceil(left.total_seconds())} s",
                "each wrong passphrase doubles the wait",
            )
        return row, unwrapped(row, passphrase)

    def _wrapped(self, data_key: bytes, passphrase: Secret) -> KeyringRow:
        return wrapped(data_key, passphrase, self._ground.cost, self._randomness, self._clock())

    def _hold(self, row: KeyringRow, data_key: bytes | None) -> None:
        if data_key is None:
            seconds = math.ceil(wait_left(row, row.failed_at or self._clock()).total_seconds())
            raise Refused("that is not the passphrase", f"the next try is possible in {seconds} s")
        self._ground.held_key.hold(data_key, row.epoch)

    def _data_key(self, session: Session) -> bytes:
        data_key = self._ground.held_key.take(_keyring(session).epoch)
        if data_key is None:
            raise Locked("the vault is locked", "unlock it with the passphrase")
        return data_key

    def _sealed_version(self, write: Write, key: KeyRow, data_key: bytes, value: Secret) -> VersionRow:
        """The next version of a kept value. Its digest is keyed, whatever its strength: nobody is let in by it."""
        number = next_number(write.session, key.id)
        nonce = self._randomness(NONCE_BYTES)
        weak = key.kind == Kind.TOKEN and is_weak(value)
        return VersionRow(
            key_id=key.id,
            number=number,
            state=VersionState.ACTIVE,
            created_at=write.now,
            delivered_at=write.now,
            digest=value.keyed_digest(self._ground.pepper),
            keyed=True,
            weak=weak,
            prefix=None if weak else _shown(Kind(key.kind), value),
            sealed=sealed_value(data_key, value, nonce, key.id, number),
            nonce=nonce,
        )


def seal_state(session: Session, held_key: HeldKey) -> SealState:
    """Whether sealed values can be read by this process."""
    row = session.get(KeyringRow, 1)
    if row is None:
        return SealState.UNSET
    return SealState.OPEN if held_key.is_held(row.epoch) else SealState.LOCKED


def seal_epoch(session: Session) -> int:
    """How often it was closed for everybody."""
    row = session.get(KeyringRow, 1)
    return row.epoch if row is not None else 0


def _outcome(write: Write, tried: KeyringRow, data_key: bytes | None) -> KeyringRow:
    """Put on record how a try ended: one more failure, or none any more. Refused when the keyring is another by now."""
    row = _keyring(write.session)
    if row.wrapped != tried.wrapped:
        raise Refused("the passphrase was changed at that moment", "try again, with the new one")
    if data_key is None:
        row.failures += 1
        row.failed_at = write.now
        write.record(Event("seal.unlocked", refused=True, details={"failures": str(row.failures)}))
    else:
        row.failures, row.failed_at = 0, None
    return row


def _refuse_second(session: Session) -> None:
    if session.get(KeyringRow, 1) is not None:
        raise Refused("there is a passphrase already", "change it: keytui passphrase change")


def _keyring(session: Session) -> KeyringRow:
    row = session.get(KeyringRow, 1)
    if row is None:
        raise Locked("no passphrase is set yet", "set one first: keytui passphrase set")
    return row


def _key_for(write: Write, draft: KeyDraft, key_id: str) -> KeyRow:
    """The key of that name, which gets a new version, or a new one. Refused when it is of another kind."""
    stored = write.session.exec(
        select(KeyRow).where(
            KeyRow.tenant == draft.tenant, KeyRow.environment == draft.environment, KeyRow.name == draft.name
        )
    ).first()
    if stored is None:
        made = Act(Operation.CREATE, "", draft.name, draft.environment, draft.tenant, f"a {draft.kind} that is kept")
        use_approval(write, draft.sensitive, made)
        return new_key(write, draft, key_id)
    use_approval(write, stored.sensitive, Act.on(stored, Operation.ROTATE, "a new value that is kept"))
    if stored.kind != draft.kind:
        raise Refused(f"{stored.name} is there already, and is a {stored.kind}", "choose another name")
    for field, said, is_now in (
        ("owner", draft.owner, stored.owner),
        ("description", draft.description, stored.description),
        ("applications", draft.apps, stored.apps),
        ("expiry", draft.expires_at, stored.expires_at),
    ):
        if said and said != is_now:
            raise Refused(
                f"{stored.name} is there already, with another {field}",
                f"seal the new value without it; `keytui edit {stored.id}` changes what the key is",
            )
    return living_key(write.session, stored.id)


def _end_earlier(write: Write, row: KeyRow) -> None:
    """The value that is kept now takes the place of every earlier one."""
    for earlier in version_rows(write.session, row.id):
        row.rotated_at = write.now
        if earlier.revoked_at is None:
            end_version(earlier, write)


def _shown(kind: Kind, value: Secret) -> str | None:
    """What lists may show of a kept value: a token's first characters, a connection string's scheme and host."""
    if kind is Kind.TOKEN:
        return harmless(value.prefix())
    try:
        parts = urlsplit(value.reveal())
        host = parts.hostname
    except ValueError:
        return None
    # An @ further on means that the password holds a character that ends a host: what looks like one may be part of it.
    torn = "@" in parts.path + parts.query + parts.fragment
    return harmless(f"{parts.scheme}://{host}") if parts.scheme and host and not torn else None


def _refuse_unfit(value: Secret) -> None:
    if not value:
        raise Invalid("there is nothing to seal", "give the value on standard input")
    try:
        value.reveal().encode()
    except UnicodeEncodeError:
        raise Invalid("the value is not text in UTF-8", "encode it as base64, and seal that") from None


def _refuse_short(passphrase: Secret) -> None:
    if len(passphrase) < PASSPHRASE_AT_LEAST:
        raise Invalid(
            f"a passphrase has {PASSPHRASE_AT_LEAST} characters or more",
            "several words are easy to keep and hard to guess",
        )
