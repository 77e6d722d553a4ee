"""The rotation, verb by verb. Acting on a rotation that another holds takes it over, and says so in the log."""

from __future__ import annotations

from typing import Protocol

from keytui.domain.rotation import Plan, Rotation
from keytui.domain.secrets import Secret
from keytui.vault.model import Delivery, Issued
from keytui.vault.probed import Probed


class Rotating(Protocol):
    """The rotation, verb by verb. Acting on a rotation that another holds takes it over, and says so in the log."""

    def plan(self, key_id: str, plan: Plan, request_id: str) -> Rotation:
        """Open a rotation. RotationOpen names the one that is open already; Refused says what rehearsal found."""
        ...

    def issue(self, rotation_id: int) -> Issued:
        """Make the issuer accept the next version (in an emergency, revoke the old one first)."""
        ...

    def reissue(self, rotation_id: int) -> Issued:
        """Revoke the version that was never delivered, then issue another. Refused when it is in use already."""
        ...

    def prove(self, rotation_id: int, pasted: Secret) -> Rotation:
        """The new secret, pasted back, proves possession: the hand-over is done. Refused if it differs.

        Where the old version is over already that completes the rotation, unless a system's last word in the log is
        that it lets it in: then the rotation is `proving`. `handed_over` does the same.
        """
        ...

    def handed_over(self, rotation_id: int, delivery: Delivery) -> Rotation:
        """The secret went out by a way that cannot be pasted back (a pipe, a file): the hand-over is done."""
        ...

    def deliver(self, rotation_id: int, delivery: Delivery) -> Rotation:
        """Note one delivery, one that begins, or one that failed; the hand-over stays open."""
        ...

    def retire(self, rotation_id: int, override: str = "") -> Rotation:
        """Suspend the old version. Unsafe without SAFE, unless `override` says why; it is audited."""
        ...

    def restore(self, rotation_id: int) -> Rotation:
        """Accept a suspended version again."""
        ...

    def revoke_old(self, rotation_id: int, override: str = "") -> Rotation:
        """Revoke the old version where nothing suspends it first, and leave the rotation open until it is proven.

        `complete` ends it then. Unsafe without SAFE, unless `override` says why.
        """
        ...

    def complete(self, rotation_id: int, override: str = "") -> Rotation:
        """Revoke the old version, unless it is. Needs SAFE (where it was suspended a second one), or `override`."""
        ...

    def rollback(self, rotation_id: int, note: str) -> Rotation:
        """Revoke the new version, and go on with the old one."""
        ...

    def abandon(self, rotation_id: int, note: str) -> Rotation:
        """Give up before anything was handed over."""
        ...

    def waive(self, rotation_id: int, subject: str, why: str) -> Rotation:
        """Set one finding of the verdict aside by its subject."""
        ...

    def leave_note(self, rotation_id: int, note: str) -> Rotation:
        """The hand-over note for whoever comes next."""
        ...

    def note_probed(self, rotation_id: int, probed: Probed) -> Rotation:
        """Keep in the log what a system said of one of the rotation's versions, also once that has ended.

        It takes nothing over and changes no key. Refused for any other version.
        """
        ...

    def take_over(self, rotation_id: int) -> Rotation:
        """Hold the rotation from now on."""
        ...
