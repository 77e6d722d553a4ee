"""The verdict with everything that it rests on: source, count, as-of time and window of every reason."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from textual.content import Content

from keytui.domain.durations import short
from keytui.domain.text import harmless
from keytui.domain.verdict import Assessment, Finding, Verdict
from keytui.tui.widgets.words import Words

_FACES: Final = {
    Verdict.SAFE: ("✓ SAFE", "bold $success"),
    Verdict.NOT_SAFE: ("✗ NOT SAFE", "bold $error"),
    Verdict.UNKNOWN: ("? UNKNOWN", "bold $warning"),
}
_SYMBOLS: Final = {Verdict.SAFE: "✓", Verdict.NOT_SAFE: "✗", Verdict.UNKNOWN: "?"}


def verdict_word(verdict: Verdict) -> Content:
    """Symbol and word."""
    return Content.styled(*_FACES[verdict])


class VerdictPanel(Words):
    """Shows an Assessment."""

    DEFAULT_CSS = """
    VerdictPanel { margin-top: 1; }
    """

    def show(self, assessment: Assessment | None, now: datetime) -> None:
        """Show this verdict as it reads at `now`."""
        if assessment is None:
            self.say(Content("no verdict is asked at this point"))
        else:
            self.say(verdict(assessment, now, self.content_size.width))


def verdict(assessment: Assessment, now: datetime, width: int) -> Content:
    """The word, what SAFE assumes, and the reasons: those that speak against it first."""
    lines = [Content.assemble(verdict_word(assessment.verdict), ("  to " + assessment.question, "$quiet"))]
    assumed = Content.assemble(("assumes ", "$quiet"), harmless(assessment.assumption)) if assessment.assumption else ""
    lines += [Content.assemble("  ", line) for line in Content.assemble(assumed).wrap(max(width - 2, 20)) if line]
    order = [Verdict.NOT_SAFE, Verdict.UNKNOWN, Verdict.SAFE]
    for reason in sorted(assessment.reasons, key=lambda reason: (bool(reason.waived_by), order.index(reason.verdict))):
        lines.extend(_reason(reason, now, width))
    return Content("\n").join(lines)


def _reason(reason: Finding, now: datetime, width: int) -> list[Content]:
    """What was found with its basis at the right, on one line where that fits; then the way out."""
    symbol = "○" if reason.waived_by else _SYMBOLS[reason.verdict]
    style = "$quiet" if reason.waived_by else _FACES[reason.verdict][1].removeprefix("bold ")
    found = Content(harmless(reason.detail))
    basis = Content.styled(_basis(reason, now), "$quiet")
    space = width - 4 - found.cell_length - basis.cell_length
    if space >= 2:
        lines = [Content.assemble(found, " " * space, basis)]
    else:
        lines = [*found.wrap(max(width - 4, 20)), *basis.wrap(max(width - 4, 20))]
    lines += Content.styled(_way_on(reason), "$quiet").wrap(max(width - 4, 20))
    return [
        Content.assemble((f"  {symbol} ", style) if at == 0 else "    ", line) for at, line in enumerate(lines) if line
    ]


def _way_on(reason: Finding) -> str:
    if reason.waived_by:
        return f"waived by {harmless(reason.waived_by)}"
    waivable = "  (w)" if reason.subject else ""
    return f"→ {harmless(reason.remedy)}{waivable}" if reason.remedy else ""


def _basis(reason: Finding, now: datetime) -> str:
    counted = f"{reason.count:,} counted, " if reason.count else ""
    window = short(reason.window.end - reason.window.start)
    return f"{harmless(reason.source)}, {counted}as of {short(now - reason.as_of)} ago, window {window}"
