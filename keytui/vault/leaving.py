"""Somebody leaves: every key that they owned, made, were told, revealed or handed over, found in the vault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from keytui.domain.audit import AuditEntry, AuditFilter
from keytui.domain.leaving import Handed, had, of_interest
from keytui.domain.operators import person
from keytui.domain.query import Facet, Query, Sort, Term
from keytui.vault.protocol import Vault

_PAGE: Final = 1_000


def handed_to(vault: Vault, user: str) -> tuple[Handed, ...]:
    """The keys that are to be rotated or disabled when `user` leaves, by name. Those that have ended are left out."""
    entries = of_interest(_entries(vault, person(user)))
    ids = dict.fromkeys([*_owned(vault, person(user)), *entries])
    found = []
    for key_id in ids:
        detail = vault.detail(key_id)
        key = detail.summary.key
        why = had(user, key, detail.versions, entries.get(key_id, ()))
        if why and key.revoked_at is None:
            found.append(Handed(key, why))
    return tuple(sorted(found, key=lambda one: (one.key.name, one.key.environment, one.key.id)))


def _owned(vault: Vault, name: str) -> Iterator[str]:
    """Those whose owner is called so; `had` tells names apart that only look alike to the filter."""
    query, offset = Query((Term(Facet.OWNER, name.lower()),)), 0
    while True:
        page = vault.page(query, Sort(), offset, _PAGE)
        yield from (row.key.id for row in page.rows)
        offset += _PAGE
        if offset >= page.total:
            return


def _entries(vault: Vault, name: str) -> Iterator[AuditEntry]:
    """What the log has by that person from any host, newest first."""
    which = AuditFilter(actor=name)
    while True:
        entries = vault.audit(which, 0, _PAGE).entries
        yield from entries
        if len(entries) < _PAGE:
            return
        which = replace(which, before=entries[-1].sequence)
