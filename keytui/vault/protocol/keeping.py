"""Keys: made, brought in, changed, ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from keytui.domain.keys import Key, KeyDraft, KeyEdit
from keytui.domain.rotation import Reason
from keytui.vault.many_keys import AddedKeys, NewKey, Origin
from keytui.vault.model import Found, ImportReport, Issued


class Keeping(Protocol):
    """Keys: made, brought in, changed, ended."""

    def create(self, draft: KeyDraft, request_id: str) -> Issued:
        """A new key with its first version. AlreadyDone when this request id was carried out before."""
        ...

    def adopt(self, found: Sequence[Found], draft: KeyDraft) -> ImportReport:
        """Import values by digest; `draft` gives what they have in common. A value that is known adds nothing."""
        ...

    def add_keys(self, new: Sequence[NewKey], origin: Origin, *, rehearse: bool = False) -> AddedKeys:
        """Add up to `MOST_AT_ONCE` keys, in one transaction. A value that is known adds nothing, so the same again is
        safe. Imported ones whose name is taken, or that nobody could make, are left out; of made ones none is added
        then (Refused). `rehearse` says what would become of them, and writes nothing.
        """
        ...

    def edit(self, key_id: str, edit: KeyEdit) -> Key:
        """Change what may change."""
        ...

    def disable(self, key_id: str, note: str) -> Key:
        """Refuse the whole key, reversibly."""
        ...

    def enable(self, key_id: str, note: str) -> Key:
        """Take a disable back."""
        ...

    def note_copied(self, key_id: str, version: int, to: str) -> Key:
        """Keep in the log that a version's secret went to a clipboard, called `to`; no secret is told.

        Where the version is an open rotation's new one, that is noted among its deliveries too.
        """
        ...

    def revoke(self, key_id: str, version: int | None, reason: Reason, note: str) -> Key:
        """End a key, or one version of it, for good. A key's open rotation ends with it."""
        ...
