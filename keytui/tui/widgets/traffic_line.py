"""The top of the monitor: all keys together, over which time, and whether it holds still."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content

from keytui.domain.monitor import Monitor
from keytui.domain.ranges import Range
from keytui.tui.widgets.chart import bars, group_of, grouped
from keytui.tui.widgets.columns import sized
from keytui.tui.widgets.live_table import Line, LiveCells
from keytui.tui.wording import QUIET, rate

_WIDE: Final = 110
_WIDTHS: Final = {True: (9, None, 8, 20, 48), False: (0, None, 8, 11, 20)}
"""Cells of each part in a wide line and in a narrow one; the graph has the rest."""


class TrafficLine(Horizontal):
    """Graph, rate, refusals, range and the keys that change it: on one line, each drawn again when it changed."""

    DEFAULT_CSS = "TrafficLine { height: 1; padding: 0 1; }"

    def __init__(self, over: Range) -> None:
        super().__init__()
        self._over = over
        self._monitor: Monitor | None = None
        self._paused_at: datetime | None = None
        drawers = (self._label, self._graph, self._rate, self._refused, self._range)
        self._cells = [LiveCells(drawer) for drawer in drawers]

    def compose(self) -> ComposeResult:
        yield from self._cells

    def show(self, over: Range, monitor: Monitor | None, paused_at: datetime | None) -> None:
        """Show this moment; None while there is no answer yet."""
        self._over, self._monitor, self._paused_at = over, monitor, paused_at
        for cells in self._cells:
            cells.redraw()

    def on_resize(self) -> None:
        for cells, width in zip(self._cells, _WIDTHS[self._wide], strict=True):
            cells.display = width != 0
            cells.styles.width = "1fr" if width is None else width

    @property
    def _wide(self) -> bool:
        return self.size.width >= _WIDE

    def _label(self, _: int) -> Line:
        return "", Content("all keys" if self._wide else "")

    def _graph(self, _: int) -> Line:
        monitor = self._monitor
        if monitor is None:
            return "", Content.styled("◌ asking the vault …", QUIET)
        bucket = monitor.range.bucket
        group = group_of(monitor.points, bucket, self._bars)
        values = grouped(monitor.points, bucket, group, monitor.as_of)
        drawn = bars(values, max(values, default=0), len(values))
        return "", Content.styled(drawn, "$graph") if drawn.strip() else Content.styled("·", QUIET)

    @property
    def _bars(self) -> int:
        return self._cells[1].size.width - 1

    def _rate(self, _: int) -> Line:
        words = "" if self._monitor is None else f"{rate(self._monitor.per_second, 3)}/s"
        return "", self._at_the_right(2, Content.styled(words, "bold"))

    def _refused(self, _: int) -> Line:
        if self._monitor is None:
            return "", Content("")
        refused = self._monitor.refused_per_second
        if not refused:
            return "", Content.styled("  refused 0" if self._wide else " ! 0", QUIET)
        words = f"  ! refused {rate(refused)}/s" if self._wide else f" ! {rate(refused)}/s"
        return "", Content.styled(words, "bold $error")

    def _range(self, _: int) -> Line:
        label = self._over.label
        if self._paused_at is not None:
            since = f"{self._paused_at.astimezone():%H:%M:%S}"
            utc = f"{self._paused_at.astimezone(UTC):%H:%M}Z"
            words = f"{label}  ‖ PAUSED since {since} {utc}  " if self._wide else f"‖ PAUSED {since} "
            parts = (words, "bold $warning"), ("p", "bold $accent"), (" go on" if self._wide else "")
        elif self._wide:
            keys = ("p", "bold $accent"), (" pause   ", QUIET), ("[ ]", "bold $accent"), (" range", QUIET)
            return "", self._at_the_right(4, Content.assemble(f"last {label}   ", *keys))
        else:
            parts = (f"{label} ", ""), ("p [ ]", "bold $accent"), ""
        return "", self._at_the_right(4, Content.assemble(*parts))

    def _at_the_right(self, part: int, content: Content) -> Content:
        return sized(content, _WIDTHS[self._wide][part] or 0, True)
