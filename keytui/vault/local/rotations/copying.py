"""What a secret was copied to, on the record."""

from __future__ import annotations

from keytui.domain.access import Operation
from keytui.domain.audit import Event
from keytui.domain.errors import Invalid
from keytui.domain.keys import Key
from keytui.vault.local.keys.drafts import checked_note
from keytui.vault.local.mapping import fingerprint_of, key_of
from keytui.vault.local.rows import key_row, rotation_row, version_row
from keytui.vault.local.section import Section, Write
from keytui.vault.local.tables import DeliveryRow, KeyRow, VersionRow


class Copying(Section):
    """Copies of secrets, which no target tells of."""

    def note_copied(self, key_id: str, version: int, to: str) -> Key:
        place = checked_note(to)
        if not place:
            raise Invalid("a copy goes somewhere", "name the clipboard")
        with self._writing(Operation.ROTATE) as write:
            row = key_row(write.session, key_id)
            copied = version_row(write.session, row.id, version)
            rotation_id = _note_among_deliveries(write, row, copied, place)
            write.record(Event("value.copied", row.id, row.name, version, rotation_id, {"how": place}))
            return write.answered(key_of(row))


def _note_among_deliveries(write: Write, row: KeyRow, copied: VersionRow, place: str) -> int | None:
    """The open rotation that the version is the new one of: it is asked later where a lost secret may stand."""
    if place in key_of(row).targets:
        raise Invalid(f"{place} is a target of {row.name}, and no clipboard", "deliver to it")
    if row.rotation_id is None or rotation_row(write.session, row.rotation_id).new_version != copied.number:
        return None
    write.session.add(
        DeliveryRow(
            rotation_id=row.rotation_id,
            target=place,
            state="sent",
            at=write.now,
            fingerprint=fingerprint_of(copied),
        )
    )
    return row.rotation_id
