"""Keys: listed, made, brought in, changed, ended."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from keytui.domain.keys import Key, KeyDraft, KeyEdit
from keytui.domain.no_such_value import NoSuchValue
from keytui.domain.query import parse
from keytui.domain.rotation import Reason
from keytui.server.asking import Asked, Changed, KeyId, Version
from keytui.server.bodies import NO_NOTE, Body, Note
from keytui.server.pages import FILTER, Listing
from keytui.server.route import VaultRoute, told
from keytui.vault.many_keys import AddedKeys, NewKey, Origin
from keytui.vault.model import Found, ImportReport, Issued, KeyDetail, Page, Rows
from keytui.vault.wire import encode

keys = APIRouter(prefix="/admin/keys", tags=["keys"], route_class=VaultRoute)


class Create(Body):
    draft: KeyDraft
    request_id: str = ""


class Import(Body):
    found: tuple[Found, ...]
    draft: KeyDraft


class Batch(Body):
    new: tuple[NewKey, ...]
    origin: Origin
    rehearse: bool = False


class Edit(Body):
    edit: KeyEdit


class Copied(Body):
    version: int
    to: str


@keys.get("", response_model=Page)
def page(vault: Asked, listing: Annotated[Listing, Depends()]) -> Response:
    """Keys that match, in order. The Link header leads to the next page."""
    found, link = listing.page(vault)
    return told(encode(found), headers=link)


@keys.get("/rows", response_model=Rows)
def rows(vault: Asked, listing: Annotated[Listing, Depends()]) -> Response:
    """The same rows without waiting for their number: `total` is null where it would have to be counted."""
    return told(encode(listing.rows(vault)))


@keys.get("/count")
def count(vault: Asked, filter: Annotated[str, FILTER] = "") -> int:  # noqa: A002  # the parameter's name
    """How many keys match."""
    return vault.count(parse(filter))


@keys.get("/no-such-values")
def no_such_values(vault: Asked, filter: Annotated[str, FILTER] = "") -> tuple[NoSuchValue, ...]:  # noqa: A002  # the parameter's name
    """Values that a filter names and that no key has, each with what may have been meant."""
    return vault.no_such_values(parse(filter))


@keys.post("", status_code=201)
def create(vault: Changed, asked: Create) -> Issued:
    """Make a key. Its secret is told this once."""
    return vault.create(asked.draft, asked.request_id or secrets.token_urlsafe(32))


@keys.get("/find")
def find(vault: Asked, reference: Annotated[str, Query(max_length=256)]) -> Key:
    """The key with this id, unique name, unique prefix or fingerprint of a version."""
    return vault.find(reference)


@keys.post("/import")
def adopt(vault: Changed, asked: Import) -> ImportReport:
    """Bring values in that exist elsewhere, by digest only."""
    return vault.adopt(asked.found, asked.draft)


@keys.post("/batch")
def add_keys(vault: Changed, asked: Batch) -> AddedKeys:
    """Add many keys at once, by their digests; a value that is known adds nothing."""
    return vault.add_keys(asked.new, asked.origin, rehearse=asked.rehearse)


@keys.get("/{key_id}")
def detail(vault: Asked, key_id: KeyId) -> KeyDetail:
    """All of one key."""
    return vault.detail(key_id)


@keys.patch("/{key_id}")
def edit(vault: Changed, key_id: KeyId, asked: Edit) -> Key:
    """Change what may change."""
    return vault.edit(key_id, asked.edit)


@keys.delete("/{key_id}")
def revoke(
    vault: Changed,
    key_id: KeyId,
    reason: Reason,
    version: Version = None,
    asked: Note = NO_NOTE,
) -> Key:
    """End a key, or one version of it, at once and for good."""
    return vault.revoke(key_id, version, reason, asked.note)


@keys.post("/{key_id}/copied")
def note_copied(vault: Changed, key_id: KeyId, asked: Copied) -> Key:
    """Keep in the log that a version's secret went to somebody's clipboard. The secret itself is not told."""
    return vault.note_copied(key_id, asked.version, asked.to)


@keys.post("/{key_id}/disable")
def disable(vault: Changed, key_id: KeyId, asked: Note = NO_NOTE) -> Key:
    """Refuse the whole key, reversibly."""
    return vault.disable(key_id, asked.note)


@keys.post("/{key_id}/enable")
def enable(vault: Changed, key_id: KeyId, asked: Note = NO_NOTE) -> Key:
    """Take a disable back."""
    return vault.enable(key_id, asked.note)
