"""Mode 3: which keys work, how hard, and with which of their versions, over the last 24 hours."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import partial
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.content import Content

from keytui.domain.usage import Usage
from keytui.tui.screens.key import KeyScreen
from keytui.tui.screens.mode import ModeScreen
from keytui.tui.widgets.columns import Column
from keytui.tui.widgets.paged_table import PAGE, PagedTable
from keytui.tui.widgets.words import Words
from keytui.tui.wording import QUIET, count, outside, spark

SINCE: Final = timedelta(hours=24)


class UsageScreen(ModeScreen):
    """The busiest keys of the last 24 hours, by requests."""

    MODE = "usage"
    CSS_PATH = "usage.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#usage"

    @property
    def table(self) -> PagedTable[Usage]:
        return self.query_one("#usage", PagedTable)

    def body(self) -> ComposeResult:
        yield Words(id="all")
        yield PagedTable(
            _COLUMNS, lambda usage: usage.key_id, id="usage", empty="requests show here as verifiers report them"
        )

    @on(PagedTable.Wanted, "#usage")
    def _fetch(self, wanted: PagedTable.Wanted) -> None:
        since = self.console.clock() - SINCE
        self.ask(lambda vault: vault.usage(None, since, PAGE), partial(self._arrived, wanted.turn), slot="usage")

    def _arrived(self, turn: int, usages: tuple[Usage, ...]) -> None:
        self.table.put(turn, 0, usages, len(usages))
        accepted, refused = sum(usage.accepted for usage in usages), sum(usage.refused for usage in usages)
        words: list[str | tuple[str, str]] = [f"{count(accepted)} requests", ("  accepted, last 24 h", QUIET)]
        if refused:
            words.append((f"   ! {count(refused)} refused", "bold $error"))
        if not usages:
            words = [("no request has been recorded in the last 24 h", QUIET)]
        self.query_one("#all", Words).say(Content.assemble(*words))

    def refetch(self) -> None:
        self.table.reload()

    @on(PagedTable.Opened, "#usage")
    def _open(self) -> None:
        usage = self.table.cursor_row
        if usage is not None:
            self.app.push_screen(KeyScreen(usage.key_id))


def _versions(usage: Usage) -> Content:
    """The versions' shares of what was accepted, the busiest first."""
    shares: Counter[int] = Counter()
    for point in usage.points:
        shares[point.version] += point.accepted
    total = sum(shares.values())
    if not total:
        return Content.styled("—", QUIET)
    return Content("  ".join(f"v{version} {_share(part, total)}" for version, part in shares.most_common(3) if part))


def _share(part: int, total: int) -> str:
    return "<1%" if part * 100 < total else f"{part * 100 // total}%"


def _refused(usage: Usage) -> Content:
    return Content.styled(f"! {count(usage.refused)}", "$error") if usage.refused else Content.styled("0", QUIET)


def _graph(usage: Usage) -> Content:
    buckets: Counter[float] = Counter()
    for point in usage.points:
        buckets[point.at.timestamp()] += point.accepted
    first, size = usage.since.timestamp(), max(usage.bucket.total_seconds(), 1)
    parts = [0] * max(int((usage.until - usage.since).total_seconds() // size) + 1, 1)
    for at, accepted in buckets.items():
        parts[min(max(int((at - first) // size), 0), len(parts) - 1)] += accepted
    return spark(parts, 12)


_COLUMNS: Final[tuple[Column[Usage], ...]] = (
    Column("KEY", 20, lambda usage: outside(usage.key_name), grow=2),
    Column("24 H", 12, _graph, rank=2),
    Column("REQUESTS", 8, lambda usage: Content(count(usage.accepted)), right=True),
    Column("REFUSED", 8, _refused, right=True),
    Column("VERSIONS", 20, _versions, rank=1, grow=1),
)
