"""What systems said of an old version when probes asked them, as the log keeps it."""

from __future__ import annotations

from sqlmodel import Session, col, select

from keytui.domain.errors import Refused
from keytui.domain.rotation import Rotation
from keytui.probes.key_probe import Outcome
from keytui.vault.local.entry_rows import stored_entries
from keytui.vault.local.tables import AuditRow
from keytui.vault.probed import PROBED, LastWord, last_words


def refuse_let_in(session: Session, rotation: Rotation) -> None:
    """Refused where a system lets the old version in by its last word.

    Whoever completes may be on a machine that has no probe, or ask over HTTP; what was said elsewhere counts.
    """
    word = let_in(session, rotation)
    if word is not None:
        raise Refused(
            f"v{rotation.old_version} of {rotation.key_name} was STILL ACCEPTED at {word.probe}"
            f" ({word.at:%Y-%m-%d %H:%MZ}): the rotation is not completed",
            f"ask again where the probe and the old secret are: `keytui complete {rotation.key_id} --old -`; or"
            " override it, and say why it is over there all the same",
        )


def let_in(session: Session, rotation: Rotation) -> LastWord | None:
    """The last word of a system on the old version, since that was over, that it lets it in; None where none does.

    Where it was over from the beginning no time is asked for: a clock that was set back would hide the word.
    """
    found = select(AuditRow).where(
        AuditRow.rotation_id == rotation.id, AuditRow.type == PROBED, AuditRow.version == rotation.old_version
    )
    if not rotation.plan.at_once:
        found = found.where(AuditRow.at >= (rotation.suspended_at or rotation.started_at))
    entries = stored_entries(session, found.order_by(col(AuditRow.sequence).desc()))
    while_over = (entry for entry in entries if entry.event.details.get("expected") == Outcome.REFUSED)
    return next((word for word in last_words(while_over, rotation.id) if word.still_accepted), None)
