"""Issuers that keep one value under a name: what is issued there takes the place of what stood there.

So nothing is revoked there before another is issued, because then nothing would be left to replace; and a version
whose answer was lost is named by its issuer's name alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from keytui.domain.audit import Event
from keytui.domain.keys import ACCEPTED
from keytui.domain.secrets import PREFIX_LENGTH
from keytui.issuers.issuer import Issuer, Mark
from keytui.vault.local.issuing.marking import mark_of
from keytui.vault.local.issuing.pending import never_let_in
from keytui.vault.local.issuing.told import Call, Effect, end_call
from keytui.vault.local.keys.ending import mark_ended
from keytui.vault.local.rows import version_rows
from keytui.vault.local.section import Write
from keytui.vault.local.tables import KeyRow, RotationRow, VersionRow


def replaces(issuer: Issuer) -> bool:
    """Whether it ends one version by issuing the next."""
    return not issuer.abilities.overlaps


def mark_there(call: Call, issuer: Issuer, versions: Sequence[VersionRow], pepper: bytes) -> Mark | None:
    """How what a call concerns is named. `versions` are the key's, newest first. May ask the issuer.

    A new version replaces the newest one that stands there; where none of ours does, whatever a call has put there that
    nobody heard the end of. That is also what is revoked as a version whose answer was lost, unless another of ours
    stands there: then it never came.
    """
    living = [row for row in versions if row.revoked_at is None]
    (concerned,) = [row for row in versions if row.number == call.version]
    if call.effect is not Effect.ISSUE and not never_let_in(concerned):
        return mark_of(concerned, issuer, pepper)
    marks = [mark for row in living if (mark := mark_of(row, issuer, pepper)) is not None]
    there = next((mark for mark in marks if issuer.look_up(mark) is not None), None)
    unheard = _by_name(versions) if any(never_let_in(row) for row in living) else None
    if call.effect is Effect.ISSUE:
        return there or unheard or mark_of(concerned, issuer, pepper)
    return None if there is not None else unheard


def has_successor(version: VersionRow, versions: Sequence[VersionRow]) -> bool:
    """Whether another of these goes by its name at the issuer by now, and would be ended in its place."""
    named = (row for row in versions if row.reference and row.reference == version.reference)
    return any(row.number > version.number and row.state in ACCEPTED for row in named)


def is_surely(here: Mark, there: Mark) -> bool:
    """Whether the two are one value: the name outlives it, and too little of its beginning does not tell."""
    if here.digest and there.digest:
        return here.digest == there.digest
    return here.prefix == there.prefix and len(there.prefix) == PREFIX_LENGTH


def end_replaced(write: Write, key: KeyRow, rotation: RotationRow) -> None:
    """What the rotation had issued before its new version ended there with that."""
    new = rotation.new_version or 0
    for row in version_rows(write.session, key.id):
        if rotation.old_version < row.number < new and row.revoked_at is None:
            mark_ended(row, write)
            end_call(write, key.id, row.number)
            why = {"why": "never handed over"}
            write.record(Event("version.revoked", key.id, key.name, row.number, rotation.id, why))


def _by_name(versions: Sequence[VersionRow]) -> Mark | None:
    name = next((row.reference for row in versions if row.reference), "")
    return Mark("", "", name) if name else None
