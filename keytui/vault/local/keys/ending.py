"""The end of a version."""

from __future__ import annotations

from keytui.domain.keys import VersionState
from keytui.vault.local.issuing.told import tell_state
from keytui.vault.local.section import Write
from keytui.vault.local.tables import VersionRow
from keytui.vault.local.webhooks.messaging import drop_secrets


def end_version(row: VersionRow, write: Write) -> None:
    """Revoke one version, at its issuer too."""
    tell_state(write, row, VersionState.REVOKED)
    mark_ended(row, write)


def mark_ended(row: VersionRow, write: Write) -> None:
    """Note that a version is revoked, of which its issuer knows already, or never did."""
    row.state = VersionState.REVOKED
    row.revoked_at = write.now
    if (row.key_id, row.number) not in write.told.unasked:
        row.drift = ""  # its issuer has said that it ends
    drop_secrets(write.session, row.key_id, row.number)
