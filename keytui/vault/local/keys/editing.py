"""What an edit changes, and what of it weighs enough to be agreed to."""

from __future__ import annotations

from keytui.domain.keys import Key, KeyEdit
from keytui.vault.local.mapping import key_of
from keytui.vault.local.tables import KeyRow


def apply_edit(row: KeyRow, edit: KeyEdit) -> dict[str, str]:
    """Change the row; what changed, in words. A description may be anything, so the log does not repeat it."""
    before = key_of(row)
    if edit.name is not None:
        row.name = edit.name
    if edit.description is not None:
        row.description = edit.description
    if edit.owner is not None:
        row.owner = edit.owner
    if edit.scopes is not None:
        row.scopes = edit.scopes
    if edit.apps is not None:
        row.apps = edit.apps
    if edit.sensitive is not None:
        row.sensitive = edit.sensitive
    if edit.targets is not None:
        row.targets = edit.targets
    if edit.expires_at is not None or edit.never_expires:
        row.expires_at = edit.expires_at
    return _differences(before, key_of(row))


def grave_change(before: Key, after: Key) -> str:
    """What of an edit takes approval on a sensitive key: what it may do, who receives it, its end, and the mark.

    A time is told by its day, because a duration ends a little later when the same is done again.
    """
    told = ["no longer sensitive"] if before.sensitive and not after.sensitive else []
    for field in ("scopes", "targets"):
        was, is_now = getattr(before, field), getattr(after, field)
        told += [f"{field} {_told(was)} -> {_told(is_now)}"] if was != is_now else []
    if before.expires_at != after.expires_at:
        told.append("never expires" if after.expires_at is None else f"expires {after.expires_at:%Y-%m-%d}")
    return ", ".join(told)


def _differences(before: Key, after: Key) -> dict[str, str]:
    told = {
        field: f"{_told(getattr(before, field))} -> {_told(getattr(after, field))}"
        for field in ("name", "owner", "scopes", "apps", "sensitive", "targets", "expires_at")
        if getattr(before, field) != getattr(after, field)
    }
    return told | ({"description": "changed"} if before.description != after.description else {})


def _told(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return "none" if value is None or value == "" else str(value)
