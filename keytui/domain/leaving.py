"""Somebody leaves: which secrets they had in their hands, as the log knows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from keytui.domain.audit import AuditEntry
from keytui.domain.keys import Key, Version, VersionState
from keytui.domain.operators import person

_HAD: Final[Mapping[str, str]] = {
    "key.created": "created it, and was told v{}",
    "rotation.issued": "was told v{}",
    "rotation.reissued": "was told v{}",
    "rotation.delivered": "handed v{} over",
    "value.sealed": "typed v{} in",
    "value.revealed": "revealed v{}",
    "value.copied": "copied v{}",
    "key.imported": "brought v{} in",
}
"""Entries whose actor had the value of their version on the screen, in a clipboard or in a pipe."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A key that somebody who leaves could go on using, and each reason why, oldest first."""

    key: Key
    why: tuple[str, ...]


def had(user: str, key: Key, versions: Iterable[Version], entries: Iterable[AuditEntry]) -> tuple[str, ...]:
    """Why `user` may have a value of the key that is not over; empty where there is no reason.

    A name before an @ is one person on every host: `ada@laptop` is `ada`. `entries` may be of any key, newest first.
    """
    living = {version.number for version in versions if version.state is not VersionState.REVOKED}
    reasons = dict.fromkeys(["owns it"] if person(key.owner) == person(user) else [])
    for entry in reversed(list(entries)):
        words = _HAD.get(entry.event.type)
        number = entry.event.version
        if entry.event.key_id != key.id or words is None or entry.event.refused or number not in living:
            continue
        how = entry.event.details.get("how", "")
        said = words.format(number) + (f" ({how})" if how else "")
        reasons.setdefault(f"{said} on {entry.at:%Y-%m-%d}")
    return tuple(reasons)


def of_interest(entries: Iterable[AuditEntry]) -> dict[str, list[AuditEntry]]:
    """Entries that say somebody had a value, by key."""
    found: dict[str, list[AuditEntry]] = {}
    for entry in entries:
        if entry.event.type in _HAD and entry.event.key_id and not entry.event.refused:
            found.setdefault(entry.event.key_id, []).append(entry)
    return found
