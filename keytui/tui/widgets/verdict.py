"""The verdict with everything that it rests on: source, count, as-of time and window of every reason."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from textual.content import Content
from textual.widgets import Static

from keytui.domain.durations import short
from keytui.domain.text import harmless
from keytui.domain.verdict import Assessment, Finding, Verdict

_FACES: Final = {
    Verdict.SAFE: ("✓ SAFE", "bold $success"),
    Verdict.NOT_SAFE: ("✗ NOT SAFE", "bold $error"),
    Verdict.UNKNOWN: ("? UNKNOWN", "bold $warning"),
}
_SYMBOLS: Final = {Verdict.SAFE: "✓", Verdict.NOT_SAFE: "✗", Verdict.UNKNOWN: "?"}


def verdict_word(verdict: Verdict) -> Content:
    """Symbol and word."""
    return Content.styled(*_FACES[verdict])


class VerdictPanel(Static):
    """Shows an Assessment. It repaints only when its words change."""

    DEFAULT_CSS = """
    VerdictPanel { height: auto; margin-top: 1; }
    """

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self._shown = Content("")

    def show(self, assessment: Assessment | None, now: datetime) -> None:
        """Show this verdict as it reads at `now`."""
        content = Content("no verdict is asked at this point") if assessment is None else verdict(assessment, now)
        if not content.is_same(self._shown):
            self._shown = content
            self.update(content)


def verdict(assessment: Assessment, now: datetime) -> Content:
    """The word, the reasons that speak against it first, and SAFE's assumption."""
    lines = [Content.assemble(verdict_word(assessment.verdict), ("  to " + assessment.question, "$quiet"))]
    order = [Verdict.NOT_SAFE, Verdict.UNKNOWN, Verdict.SAFE]
    for reason in sorted(assessment.reasons, key=lambda reason: (bool(reason.waived_by), order.index(reason.verdict))):
        lines.extend(_reason(reason, now))
    if assessment.assumption:
        lines.append(Content.assemble(("  assumes ", "$quiet"), harmless(assessment.assumption)))
    return Content("\n").join(lines)


def _reason(reason: Finding, now: datetime) -> list[Content]:
    symbol = "○" if reason.waived_by else _SYMBOLS[reason.verdict]
    style = "$quiet" if reason.waived_by else _FACES[reason.verdict][1].removeprefix("bold ")
    lines = [Content.assemble((f"  {symbol} ", style), harmless(reason.detail))]
    if reason.waived_by:
        lines.append(Content.styled(f"    waived by {harmless(reason.waived_by)}", "$quiet"))
    elif reason.remedy:
        lines.append(Content.assemble(("    → ", "$quiet"), harmless(reason.remedy)))
    lines.append(Content.styled(f"    {_basis(reason, now)}", "$quiet"))
    return lines


def _basis(reason: Finding, now: datetime) -> str:
    window = short(reason.window.end - reason.window.start)
    counted = f"{reason.count:,} counted · " if reason.count else ""
    waivable = f" · w waives {harmless(reason.subject)}" if reason.subject and not reason.waived_by else ""
    return f"{harmless(reason.source)} · {counted}as of {short(now - reason.as_of)} ago · window {window}{waivable}"
