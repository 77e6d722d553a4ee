"""The rotation, verb by verb."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from keytui.domain.rotation import Plan, Rotation
from keytui.domain.secrets import Secret
from keytui.vault.model import Delivery, Issued
from keytui.vault.probed import Probed
from keytui.vault.remote.section import Section, key_path, rotation_path

_LOOK: Final = "keytui rotations"


class Rotating(Section):
    """Each is one change at the server."""

    def plan(self, key_id: str, plan: Plan, request_id: str) -> Rotation:
        body = {"plan": plan, "request_id": request_id}
        return self._change(Rotation, key_path(key_id, "/rotations"), body, look=_LOOK)

    def issue(self, rotation_id: int) -> Issued:
        return self._change(Issued, rotation_path(rotation_id, "/issue"), look=_LOOK)

    def reissue(self, rotation_id: int) -> Issued:
        return self._change(Issued, rotation_path(rotation_id, "/reissue"), look=_LOOK)

    def prove(self, rotation_id: int, pasted: Secret) -> Rotation:
        return self._moved(rotation_id, "prove", {"pasted": pasted})

    def handed_over(self, rotation_id: int, delivery: Delivery) -> Rotation:
        return self._moved(rotation_id, "handed-over", {"delivery": delivery})

    def deliver(self, rotation_id: int, delivery: Delivery) -> Rotation:
        return self._moved(rotation_id, "deliver", {"delivery": delivery})

    def retire(self, rotation_id: int, override: str = "") -> Rotation:
        return self._moved(rotation_id, "retire", {"override": override})

    def restore(self, rotation_id: int) -> Rotation:
        return self._moved(rotation_id, "restore")

    def revoke_old(self, rotation_id: int, override: str = "") -> Rotation:
        return self._moved(rotation_id, "revoke-old", {"override": override})

    def complete(self, rotation_id: int, override: str = "") -> Rotation:
        return self._moved(rotation_id, "complete", {"override": override})

    def rollback(self, rotation_id: int, note: str) -> Rotation:
        return self._moved(rotation_id, "rollback", {"note": note})

    def abandon(self, rotation_id: int, note: str) -> Rotation:
        return self._moved(rotation_id, "abandon", {"note": note})

    def waive(self, rotation_id: int, subject: str, why: str) -> Rotation:
        return self._moved(rotation_id, "waive", {"subject": subject, "why": why})

    def leave_note(self, rotation_id: int, note: str) -> Rotation:
        return self._moved(rotation_id, "note", {"note": note})

    def note_probed(self, rotation_id: int, probed: Probed) -> Rotation:
        return self._moved(rotation_id, "probed", {"probed": probed})

    def take_over(self, rotation_id: int) -> Rotation:
        return self._moved(rotation_id, "take-over")

    def _moved(self, rotation_id: int, verb: str, body: Mapping[str, object] | None = None) -> Rotation:
        return self._change(Rotation, rotation_path(rotation_id, f"/{verb}"), body, look=_LOOK)
