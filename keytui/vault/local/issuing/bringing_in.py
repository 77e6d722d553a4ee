"""Versions that an issuer has and nobody here knew: brought into the vault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from keytui.vault.local.keys.counts import count_created
from keytui.vault.local.keys.drafts import checked_name, checked_word
from keytui.vault.local.keys.free_names import FreeNames
from keytui.vault.local.keys.minting import new_key_id, next_number
from keytui.vault.local.keys.new_key import drafted
from keytui.vault.local.mapping import fingerprinted, key_of, version_of
from keytui.vault.local.rows import key_row, repeat, repeat_versions
from keytui.vault.local.section import Write
from keytui.vault.local.tables import KeyRow, VersionRow
from keytui.vault.sync_report import Skipped

_MOST_SCOPES: Final = 100


class Arrivals:
    """One comparison's new versions of an issuer, taken in by batches: each takes few statements, however large."""

    def __init__(self, issuer: str, placing: Placing, randomness: Randomness) -> None:
        self._issuer = issuer
        self._placing = placing
        self._randomness = randomness
        self._names = FreeNames(placing.tenant, placing.environment)

    def bring_in(self, write: Write, batch: Sequence[New]) -> list[KeyRow | Skipped]:
        """For each the key that has it from now on; why not, where its value is known already."""
        known = _same_values(write, [one.heard.digest for one in batch])
        keys: dict[int, KeyRow] = {}
        left_out: dict[int, Skipped] = {}
        first: dict[str, int] = {}
        fresh: list[int] = []
        for place, one in enumerate(batch):
            digest = one.heard.digest
            if digest in known:
                left_out[place] = _seen_elsewhere(write, self._issuer, one.heard, known[digest])
            elif digest and first.setdefault(digest, place) != place:
                continue
            elif heir := _heir(write, one):
                keys[place] = self._next_version(write, heir, one)
            else:
                fresh.append(place)
        keys |= zip(fresh, self._new_keys(write, [batch[place] for place in fresh]), strict=True)
        for place in range(len(batch)):
            if place not in keys and place not in left_out:
                twice = keys[first[batch[place].heard.digest]]
                left_out[place] = _listed_twice(batch[place].heard, twice, twice.version)
        return [keys[place] if place in keys else left_out[place] for place in range(len(batch))]

    def _new_keys(self, write: Write, new: Sequence[New]) -> list[KeyRow]:
        if not new:
            return []
        names = self._names.give(write.session, [_name(self._issuer, one.heard) for one in new])
        keys = [self._new_key(write, one, name) for one, name in zip(new, names, strict=True)]
        versions = [
            _version(write, key, one, number=1, randomness=self._randomness) for one, key in zip(new, keys, strict=True)
        ]
        for key, version in zip(keys, versions, strict=True):
            repeat(key, [version])
        write.session.add_all(keys)
        count_created(write.session, keys[0], len(keys))
        write.session.flush()
        write.session.add_all(versions)
        write.record_all(self._found(key, version) for key, version in zip(keys, versions, strict=True))
        return keys

    def _new_key(self, write: Write, new: New, name: str) -> KeyRow:
        one, placing = new.heard, self._placing
        draft = KeyDraft(
            name=name,
            environment=placing.environment,
            owner=placing.owner,
            tenant=placing.tenant,
            scopes=_scopes(one.scopes),
            format=one.format,
            issuer=self._issuer,
            expires_at=one.expires_at,
        )
        key = drafted(draft, new_key_id(self._randomness), write.now)
        key.created_at = one.created_at or write.now
        return key

    def _next_version(self, write: Write, key: KeyRow, new: New) -> KeyRow:
        key.rotated_at = write.now
        number = next_number(write.session, key.id)
        version = _version(write, key, new, number=number, randomness=self._randomness)
        write.session.add(version)
        repeat_versions(write.session, key)
        write.record(self._found(key, version))
        return key

    def _found(self, key: KeyRow, version: VersionRow) -> Event:
        details = {"issuer": self._issuer, "env": key.environment, **fingerprinted("new_fingerprint", version)}
        return Event("key.found", key.id, key.name, version.number, details=details)


def _same_values(write: Write, digests: Sequence[str]) -> Mapping[str, VersionRow]:
    """The versions that have these values, by what is stored of them."""
    those = col(VersionRow.digest).in_({digest for digest in digests if digest}), col(VersionRow.sealed).is_(None)
    return {row.digest: row for row in write.session.exec(select(VersionRow).where(*those))}


def _heir(write: Write, new: New) -> KeyRow | None:
    """The key that it is the next version of, if that still takes one."""
    key = write.session.get(KeyRow, new.heir) if new.heir else None
    return key if key is not None and key.rotation_id is None and key.revoked_at is None else None


def _seen_elsewhere(write: Write, issuer: str, one: Heard, known: VersionRow) -> Skipped:
    """One value that two issuers accept is shared, as one that two applications use."""
    key = key_row(write.session, known.key_id)
    if key.issuer == issuer:
        return _listed_twice(one, key, known.number)
    if not known.shared:
        known.shared = True
        repeat_versions(write.session, key)
        write.record(Event("key.shared", key.id, key.name, known.number, details={"issuer": issuer}))
    return Skipped(one.label, f"its value is that of {key.name} v{known.number}, of issuer {key.issuer}")


def _listed_twice(one: Heard, key: KeyRow, number: int) -> Skipped:
    return Skipped(one.label, f"it is v{number} of {key.name}, listed twice")


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


def _version(write: Write, key: KeyRow, new: New, *, number: int, randomness: Randomness) -> VersionRow:
    """Accepted. One whose value nobody here had gets a digest that no value has, and shows no fingerprint.

    What the key's own row says of its use and of its being refused there is brought up to date.
    """
    one, at = new.heard, new.heard.created_at or write.now
    if not one.accepted:
        key.disabled_at = write.now
    key.last_used_at = max((used for used in (key.last_used_at, one.last_used_at) if used is not None), default=None)
    version = VersionRow(
        key_id=key.id,
        number=number,
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
    here = key_of(key).accepts(version_of(version), write.now)
    version.drift = drift_between(here, one.accepted, Drift.APPEARED if new.appeared else None) or ""
    return version
