"""Keys: made, brought in, changed, ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from keytui.domain.keys import Key, KeyDraft, KeyEdit
from keytui.domain.rotation import Reason
from keytui.vault.many_keys import AddedKeys, NewKey, Origin
from keytui.vault.model import Found, ImportReport, Issued
from keytui.vault.remote.section import Section, key_path

_LONGEST_BATCH: Final = 30.0
"""Seconds more than other answers."""


class Keeping(Section):
    """Each is one change at the server."""

    def create(self, draft: KeyDraft, request_id: str) -> Issued:
        body = {"draft": draft, "request_id": request_id}
        return self._change(Issued, "/admin/keys", body, look="keytui list")

    def adopt(self, found: Sequence[Found], draft: KeyDraft) -> ImportReport:
        body = {"found": tuple(found), "draft": draft}
        return self._change(ImportReport, "/admin/keys/import", body, look="keytui list")

    def add_keys(self, new: Sequence[NewKey], origin: Origin, *, rehearse: bool = False) -> AddedKeys:
        body = {"new": tuple(new), "origin": origin, "rehearse": rehearse}
        if rehearse:
            return self._line.ask(AddedKeys, "/admin/keys/batch", body, wait=_LONGEST_BATCH)
        return self._change(AddedKeys, "/admin/keys/batch", body, look="keytui audit", wait=_LONGEST_BATCH)

    def edit(self, key_id: str, edit: KeyEdit) -> Key:
        return self._change(Key, key_path(key_id), {"edit": edit}, method="PATCH", look=f"keytui show {key_id}")

    def disable(self, key_id: str, note: str) -> Key:
        return self._change(Key, key_path(key_id, "/disable"), {"note": note}, look=f"keytui show {key_id}")

    def enable(self, key_id: str, note: str) -> Key:
        return self._change(Key, key_path(key_id, "/enable"), {"note": note}, look=f"keytui show {key_id}")

    def note_copied(self, key_id: str, version: int, to: str) -> Key:
        body = {"version": version, "to": to}
        return self._change(Key, key_path(key_id, "/copied"), body, look=f"keytui audit --key {key_id}")

    def revoke(self, key_id: str, version: int | None, reason: Reason, note: str) -> Key:
        query = {"reason": str(reason), **({} if version is None else {"version": str(version)})}
        look = f"keytui show {key_id}"
        return self._change(Key, key_path(key_id), {"note": note}, method="DELETE", query=query, look=look)
