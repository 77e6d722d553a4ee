"""Rows of many new keys: what one key's rows would be, put in by few statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from keytui.domain.audit import Event
from keytui.domain.keys import BUILTIN, Kind, VersionState
from keytui.domain.secrets import BASE36, Randomness, drawn, fingerprint
from keytui.vault.local.columns import microseconds, together
from keytui.vault.local.keys.counts import count_more
from keytui.vault.local.keys.fit_keys import FitKey
from keytui.vault.local.keys.minting import ID_LENGTH
from keytui.vault.local.many_rows import insert_rows
from keytui.vault.local.section import Write
from keytui.vault.local.tables import KeyRow, VersionRow
from keytui.vault.many_keys import Origin

_ALIKE: Final = 5
"""Characters that the ids of one call begin with: so their rows stand together in every index. Eleven are their own."""
_KEY: Final = (
    *("id", "name", "environment", "tenant", "issuer", "kind", "description", "owner", "scopes", "apps", "format"),
    *("sensitive", "targets", "created_at", "expires_at", "version", "version_created_at", "prefix"),
    *("weak", "shared", "leaked", "drifted"),
)
_VERSION: Final = (
    *("key_id", "number", "state", "created_at", "digest", "keyed", "prefix", "weak", "delivered_at", "label"),
    *("shared", "leaked", "reference", "drift"),
)


class NewRows:
    """The rows of one call's new keys."""

    def __init__(self, write: Write, randomness: Randomness, origin: Origin) -> None:
        self._write = write
        self._randomness = randomness
        self._made = origin is Origin.MADE
        self._now = microseconds(write.now)
        self._alike = drawn(BASE36, _ALIKE, randomness)

    def put(self, keys: Sequence[FitKey]) -> None:
        """Put the keys in, each with its first version and its entry of the log; their names and values are free."""
        if not keys:
            return
        session = self._write.session
        ids = self._ids(len(keys))
        session.flush()
        insert_rows(session, KeyRow, _KEY, [self._key(*one) for one in zip(ids, keys, strict=True)])
        insert_rows(session, VersionRow, _VERSION, [self._version(*one) for one in zip(ids, keys, strict=True)])
        for (tenant, environment), number in Counter((one.draft.tenant, one.draft.environment) for one in keys).items():
            count_more(session, tenant, environment, number)
        self._write.record_new(
            [(self._event(key_id, one), one.draft.tenant) for key_id, one in zip(ids, keys, strict=True)]
        )

    def _ids(self, number: int) -> list[str]:
        own = ID_LENGTH - _ALIKE
        letters = drawn(BASE36, own * number, self._randomness)
        return sorted(self._alike + letters[at : at + own] for at in range(0, own * number, own))

    def _key(self, key_id: str, one: FitKey) -> tuple[object, ...]:
        draft = one.draft
        return (
            *(key_id, one.name, draft.environment, draft.tenant, BUILTIN, Kind.API_KEY.value, draft.description),
            *(draft.owner, together(draft.scopes), together(draft.apps), draft.format, draft.sensitive),
            *(together(draft.targets), self._now),
            None if draft.expires_at is None else microseconds(draft.expires_at),
            *(1, self._now, one.prefix, one.weak, False, False, False),
        )

    def _version(self, key_id: str, one: FitKey) -> tuple[object, ...]:
        return (
            *(key_id, 1, VersionState.ACTIVE.value, self._now, one.digest, one.weak, one.prefix, one.weak),
            *(self._now, one.draft.label, False, False, "", ""),
        )

    def _event(self, key_id: str, one: FitKey) -> Event:
        shown = {} if one.weak else {"new_fingerprint": fingerprint(one.digest)}
        variable = {} if self._made else {"variable": one.variable}
        details = {"env": one.draft.environment, **variable, **shown}
        return Event("key.created" if self._made else "key.imported", key_id, one.name, 1, details=details)
