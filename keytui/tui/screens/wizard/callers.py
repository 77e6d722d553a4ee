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

_SHOWN: Final = 12


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
    findings = {} if assessment is None else {finding.subject: finding for finding in assessment.reasons}
    rows = [_row(name, old.get(name), new.get(name), findings.get(name)) for name in dict.fromkeys([*old, *new])]
    return sorted(rows, key=lambda row: list(Moved).index(row.moved))


def _row(name: str, old: CallerUse | None, new: CallerUse | None, finding: Finding | None) -> CallerRow:
    if finding is not None and finding.waived_by:
        return CallerRow(name, old, new, Moved.WAIVED, f"waived by {finding.waived_by}")
    if finding is not None and finding.verdict is Verdict.NOT_SAFE:
        return CallerRow(name, old, new, Moved.NO, "still on the old version")
    if finding is not None and finding.verdict is Verdict.UNKNOWN:
        return CallerRow(name, old, new, Moved.UNCLEAR, "not known to have moved")
    if old is None:
        return CallerRow(name, old, new, Moved.YES, "new here, on the new version")
    if new is None:
        return CallerRow(name, old, new, Moved.UNCLEAR, "not seen on the new version")
    return CallerRow(name, old, new, Moved.YES, "has moved")


def caller_table(rows: Sequence[CallerRow], old: int, new: int | None, now: datetime, width: int) -> Content:
    """The rows as a table in `width` cells; what does not fit is counted."""
    if not rows:
        return Content.styled("no caller of either version is known", "$quiet")
    columns = fitted(_columns(old, new, now), width - 2)
    lines = [Content("  ") + titles(columns).stylize("$quiet")]
    lines += [
        Content.assemble((f"{row.moved} ", _STYLES[row.moved]), cells(columns, row)).rstrip() for row in rows[:_SHOWN]
    ]
    if len(rows) > _SHOWN:
        lines.append(Content.styled(f"  and {len(rows) - _SHOWN} more", "$quiet"))
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
