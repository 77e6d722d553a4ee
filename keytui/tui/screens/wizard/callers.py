"""Who uses which version, with a symbol and words for how far each caller has moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from textual.content import Content

from keytui.domain.text import harmless
from keytui.domain.usage import CallerUse
from keytui.domain.verdict import Assessment, Finding, Verdict
from keytui.tui.widgets.columns import Column, cells, fitted, titles
from keytui.tui.wording import ago


class Moved(StrEnum):
    """How far one caller has moved; the value is its symbol. Most dangerous first."""

    NO = "✗"
    UNCLEAR = "?"
    WAIVED = "○"
    YES = "✓"


_STYLES: Final = {Moved.NO: "$error", Moved.UNCLEAR: "$warning", Moved.WAIVED: "$quiet", Moved.YES: "$success"}


@dataclass(frozen=True, slots=True)
class CallerRow:
    """One caller on both versions."""

    name: str
    old: CallerUse | None
    new: CallerUse | None
    moved: Moved
    remark: str


def caller_rows(
    uses: Sequence[CallerUse], old_version: int, new_version: int | None, assessment: Assessment | None
) -> list[CallerRow]:
    """One row a caller, those that have not moved first."""
    old = {use.caller.name: use for use in uses if use.version == old_version}
    new = {use.caller.name: use for use in uses if use.version == new_version}
    reasons = () if assessment is None else assessment.reasons
    rows = [
        _row(name, old.get(name), new.get(name), [reason for reason in reasons if reason.caller == name])
        for name in dict.fromkeys([*old, *new])
    ]
    return sorted(rows, key=lambda row: list(Moved).index(row.moved))


def _row(name: str, old: CallerUse | None, new: CallerUse | None, findings: Sequence[Finding]) -> CallerRow:
    """The most dangerous finding that stands decides; without any, what was seen."""
    standing = {finding.verdict for finding in findings if not finding.waived_by}
    if Verdict.NOT_SAFE in standing:
        arrived = old is not None and new is not None and new.last_seen > old.last_seen
        return CallerRow(name, old, new, Moved.NO, "not silent long enough" if arrived else "still on the old version")
    if Verdict.UNKNOWN in standing:
        return CallerRow(name, old, new, Moved.UNCLEAR, "not known to have moved")
    if waived_by := next((finding.waived_by for finding in findings if finding.waived_by), ""):
        return CallerRow(name, old, new, Moved.WAIVED, f"waived by {waived_by}")
    if old is None:
        return CallerRow(name, old, new, Moved.YES, "on the new version only")
    if new is None:
        return CallerRow(name, old, new, Moved.UNCLEAR, "not seen on the new version")
    return CallerRow(name, old, new, Moved.YES, "has moved")


def caller_table(
    rows: Sequence[CallerRow], versions: tuple[int, int | None], now: datetime, width: int, height: int
) -> Content:
    """The rows as a table of `width` cells and at most `height` callers; what does not fit is counted."""
    if not rows:
        return Content.styled("no caller of either version is known", "$quiet")
    columns = fitted(_columns(*versions, now), width - 2)
    lines = [Content("  ") + titles(columns).stylize("$quiet")]
    lines += [
        Content.assemble((f"{row.moved} ", _STYLES[row.moved]), cells(columns, row)).rstrip() for row in rows[:height]
    ]
    if len(rows) > height:
        lines.append(Content.styled(f"  and {len(rows) - height} more", "$quiet"))
    return Content("\n").join(lines)


def _columns(old: int, new: int | None, now: datetime) -> list[Column[CallerRow]]:
    return [
        Column("CALLER", 14, lambda row: Content(harmless(row.name)), grow=1),
        Column(f"OLD v{old}", 10, lambda row: _seen(row.old, now), right=True),
        Column(f"NEW v{new}", 10, lambda row: _seen(row.new, now), right=True),
        Column("", 28, lambda row: Content.styled(harmless(row.remark), "$quiet"), rank=1),
    ]


def _seen(use: CallerUse | None, now: datetime) -> Content:
    return Content("–") if use is None else ago(use.last_seen, now)
