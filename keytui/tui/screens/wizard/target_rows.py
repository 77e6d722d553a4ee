"""How a key's targets stand, as rows: from what is told while they are delivered to, and from what the vault knows."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from keytui.domain.durations import short
from keytui.tui.widgets.system_rows import Mark, SystemRow
from keytui.vault.progress import Holds, Stands, Told, What

_MARKS: Final = {
    What.BEGINS: Mark.ASKING,
    What.PROVEN: Mark.OK,
    What.SENT: Mark.SENT,
    What.HAS_IT: Mark.OK,
    What.FAILED: Mark.FAILED,
    What.UNKNOWN: Mark.UNKNOWN,
    What.SKIPPED: Mark.NOT_ASKED,
    What.PUT_BACK: Mark.OK,
    What.NOT_BACK: Mark.FAILED,
    What.LEFT_ALONE: Mark.WARNING,
    What.SETTLED: Mark.OK,
    What.NOT_SETTLED: Mark.WARNING,
}


def told_row(told: Told, now: datetime) -> SystemRow:
    """What was told last of one target."""
    new = f"v{told.version}"
    words = {
        What.BEGINS: f"asked with {new}, {short(now - told.at)} ago",
        What.PROVEN: f"proven: it holds {new}, as read back",
        What.SENT: f"sent: it took {new}, and nobody can read back what it holds",
        What.HAS_IT: f"has it: it held {new} already",
        What.FAILED: f"failed: it has not got {new}",
        What.UNKNOWN: f"unknown: it may hold {new}, or what it held before",
        What.SKIPPED: "skipped: it keeps what it held",
        What.PUT_BACK: f"put back: it holds what it held before {new}",
        What.NOT_BACK: f"not put back: it may still hold {new}",
        What.LEFT_ALONE: f"left alone: it holds neither {new} nor the version before it",
        What.SETTLED: "settled: it carries the former secret no longer",
        What.NOT_SETTLED: "not settled: it still carries the former secret, which is refused",
    }[told.what]
    said = ((Mark.WAITING, told.said),) if told.said and told.what is not What.PUT_BACK else ()
    return SystemRow(told.target, _MARKS[told.what], words, said, (told.hint,) if told.hint else ())


def standing_row(stands: Stands, old: int, new: int) -> SystemRow:
    """What the vault knows of one target that is not being asked. `old` is 0 of a new key."""
    said = ((Mark.WAITING, f"last said: {stands.said}"),) if stands.said else ()
    if stands.skipped:
        return SystemRow(stands.target, Mark.NOT_ASKED, f"skipped: it keeps what it held before v{new}")
    if stands.holds is Holds.YES:
        return SystemRow(stands.target, Mark.OK, f"has it: it holds v{new}")
    if stands.holds is Holds.MAYBE:
        return SystemRow(stands.target, Mark.UNKNOWN, f"unknown: it may hold v{new}, or what it held before", said)
    still = f"it holds v{old} still" if old else f"it has not got v{new}"
    if stands.said:
        return SystemRow(stands.target, Mark.FAILED, f"failed: {still}", said)
    return SystemRow(stands.target, Mark.WAITING, f"waits: {still}")
