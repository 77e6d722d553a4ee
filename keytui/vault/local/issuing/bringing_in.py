"""Versions that an issuer has and nobody here knew: brought into the vault."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlmodel import col, select

from keytui.domain.audit import Event
from keytui.domain.drift import Drift, drift_between
from keytui.domain.errors import Invalid
from keytui.domain.keys import KeyDraft, VersionState
from keytui.domain.secrets import Randomness
from keytui.issuers.placing import Placing
from keytui.vault.local.issuing.comparing import New
from keytui.vault.local.issuing.heard import Heard
from keytui.vault.local.issuing.pending import unknown_digest
from keytui.vault.local.keys.adopting import with_free_name
from keytui.vault.local.keys.drafts import checked_name, checked_word
from keytui.vault.local.keys.minting import new_key_id, next_number
from keytui.vault.local.keys.new_key import new_key
from keytui.vault.local.mapping import fingerprinted, key_of, version_of
from keytui.vault.local.rows import key_row, repeat_versions
from keytui.vault.local.section import Write
from keytui.vault.local.tables import KeyRow, VersionRow
from keytui.vault.sync_report import Skipped

_MOST_SCOPES: Final = 100


def bring_in(write: Write, issuer: str, new: New, placing: Placing, randomness: Randomness) -> KeyRow | Skipped:
    """The key that has it from now on; why not, where its value is known already."""
    known = _same_value(write, new.heard)
    if known is not None:
        return _seen_elsewhere(write, issuer, new.heard, known)
    heir = write.session.get(KeyRow, new.heir) if new.heir else None
    key = heir if heir is not None and heir.rotation_id is None and heir.revoked_at is None else None
    if key is None:
        key = new_key(write, _draft(write, issuer, new.heard, placing), new_key_id(randomness))
        key.created_at = new.heard.created_at or write.now
    else:
        key.rotated_at = write.now
    if not new.heard.accepted:
        key.disabled_at = write.now
    version = _version(write, key, new, randomness)
    before = Drift.APPEARED if new.appeared else None
    here = key_of(key).accepts(version_of(version), write.now)
    version.drift = drift_between(here, new.heard.accepted, before) or ""
    write.session.add(version)
    used = [at for at in (key.last_used_at, version.last_used_at) if at is not None]
    key.last_used_at = max(used, default=None)
    repeat_versions(write.session, key)
    details = {"issuer": issuer, "env": key.environment, **fingerprinted("new_fingerprint", version)}
    write.record(Event("key.found", key.id, key.name, version.number, details=details))
    return key


def _same_value(write: Write, one: Heard) -> VersionRow | None:
    if not one.digest:
        return None
    known = select(VersionRow).where(VersionRow.digest == one.digest, col(VersionRow.sealed).is_(None))
    return write.session.exec(known).first()


def _seen_elsewhere(write: Write, issuer: str, one: Heard, known: VersionRow) -> Skipped:
    """One value that two issuers accept is shared, as one that two applications use."""
    key = key_row(write.session, known.key_id)
    if key.issuer == issuer:
        return Skipped(one.label, f"it is v{known.number} of {key.name}, listed twice")
    if not known.shared:
        known.shared = True
        repeat_versions(write.session, key)
        write.record(Event("key.shared", key.id, key.name, known.number, details={"issuer": issuer}))
    return Skipped(one.label, f"its value is that of {key.name} v{known.number}, of issuer {key.issuer}")


def _draft(write: Write, issuer: str, one: Heard, placing: Placing) -> KeyDraft:
    draft = KeyDraft(
        name=_name(issuer, one),
        environment=placing.environment,
        owner=placing.owner,
        tenant=placing.tenant,
        scopes=_scopes(one.scopes),
        format=one.format,
        issuer=issuer,
        expires_at=one.expires_at,
    )
    return with_free_name(write, draft)


def _name(issuer: str, one: Heard) -> str:
    """What the issuer calls it, where that can be a name."""
    for name in (one.label, f"{issuer}-{one.told.reference}" if one.told.reference else ""):
        try:
            return checked_name(name)
        except Invalid:
            continue
    return f"{issuer}-key"


def _scopes(told: Sequence[str]) -> tuple[str, ...]:
    fit: dict[str, None] = {}
    for scope in told[:_MOST_SCOPES]:
        try:
            fit[checked_word("scope", scope)] = None
        except Invalid:
            continue
    fit.pop("", None)
    return tuple(fit)


def _version(write: Write, key: KeyRow, new: New, randomness: Randomness) -> VersionRow:
    """Accepted. One whose value nobody here had gets a digest that no value has, and shows no fingerprint."""
    one, at = new.heard, new.heard.created_at or write.now
    return VersionRow(
        key_id=key.id,
        number=next_number(write.session, key.id),
        state=VersionState.ACTIVE,
        created_at=at,
        digest=one.digest or unknown_digest(randomness),
        keyed=one.weak or not one.digest,
        prefix=one.told.prefix or None,
        weak=one.weak,
        last_used_at=one.last_used_at,
        delivered_at=at,
        reference=one.told.reference,
    )
