"""The live table: what did not change is not drawn, and the cursor stays on its row whatever moves."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from textual import on
from textual.app import App, ComposeResult
from textual.content import Content
from textual.geometry import Region

from keytui.tui.themes import DARK
from keytui.tui.widgets.columns import Column
from keytui.tui.widgets.live_table import AHEAD, LiveCells, LiveTable
from keytui.tui.wording import outside
from tests.tui.rotation.walking import until


@dataclass(frozen=True, slots=True)
class Service:
    """A row."""

    name: str
    rate: int


def services(count: int) -> list[Service]:
    return [Service(f"service-{at}", 100 + at) for at in range(count)]


class Rows(App[int]):
    """A table of services, of which as many are shown as it wants."""

    def __init__(self, total: int) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.theme = DARK.name
        self.all = services(total)
        self.opened: list[Service] = []

    def compose(self) -> ComposeResult:
        columns: tuple[Column[Service], ...] = (
            Column("SERVICES", 14, lambda row: outside(row.name), grow=1),
            Column("ENV", 11, lambda _: Content("production"), rank=1),
            Column("/S", 5, lambda row: Content(str(row.rate)), right=True),
        )
        yield LiveTable(columns, lambda row: row.name, empty="none runs")

    @property
    def table(self) -> LiveTable[Service]:
        return self.query_one(LiveTable)

    @on(LiveTable.Wanted)
    def show(self) -> None:
        self.table.show(self.all[: self.table.reach], len(self.all))

    @on(LiveTable.Opened)
    def _open(self) -> None:
        row = self.table.cursor_row
        assert row is not None
        self.opened.append(row)

    def lines(self) -> list[str]:
        """What the screen shows."""
        return ["".join(segment.text for segment in strip) for strip in self.screen._compositor.render_strips()]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Region]:
    """The regions that columns ask to have drawn again."""
    regions: list[Region] = []
    refresh = LiveCells.refresh

    def noted(
        self: LiveCells, *which: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> LiveCells:
        regions.extend(which)
        return refresh(self, *which, repaint=repaint, layout=layout, recompose=recompose)

    monkeypatch.setattr(LiveCells, "refresh", noted)
    return regions


async def test_a_cell_that_changed_is_drawn_and_no_other(drawn: list[Region]) -> None:
    app = Rows(10)
    async with app.run_test(size=(60, 20)) as pilot:

        def nothing_is_drawn() -> bool:
            drawn.clear()
            app.show()
            return not drawn

        await until(pilot, nothing_is_drawn, "a table at rest")
        app.all[3] = Service("service-3", 7)
        app.show()
        await pilot.pause()
        assert drawn == [Region(0, 4, 5, 1)], "the rate's five cells on the fourth row's line"
        assert app.lines()[4].rstrip().endswith("  7")
        await until(pilot, nothing_is_drawn, "a table at rest again")


async def test_the_cursor_follows_its_row_and_stays_in_sight() -> None:
    app = Rows(40)
    async with app.run_test(size=(60, 12)) as pilot:
        app.show()
        await pilot.press("j", "j")
        app.all.append(app.all.pop(2))
        app.show()
        await pilot.pause()
        assert app.table.cursor_row == Service("service-2", 102)
        assert app.lines()[-1].startswith("▌ service-2 ")
        app.all.pop()
        app.show()
        await pilot.pause()
        assert app.table.cursor_row == app.all[-1], "a row that is gone leaves the cursor at its place"


async def test_rows_beyond_are_asked_for_as_the_cursor_comes_near_them() -> None:
    app = Rows(1000)
    async with app.run_test(size=(60, 20)) as pilot:
        app.show()
        await pilot.pause()
        assert app.table.lines == 1 + 20 + AHEAD
        await pilot.press("pagedown", "pagedown", "pagedown", "pagedown")
        assert app.table.lines > 1 + 20 + 2 * AHEAD
        await pilot.press("G")
        await pilot.pause()
        assert app.table.cursor_row == app.all[-1]
        assert "982-1,000/1,000" in app.lines()[0].replace("SERVICES ", "")
        await pilot.press("g")
        await pilot.pause()
        app.show()
        assert app.table.lines == 1 + 20 + AHEAD


async def test_the_first_the_middle_and_the_last_row_in_sight_are_one_key_away() -> None:
    app = Rows(7)
    async with app.run_test(size=(60, 20)) as pilot:
        for height, rows in ((20, (0, 3, 6)), (4, (0, 1, 2))):
            app.table.styles.height = height
            await pilot.pause()
            app.show()
            await pilot.press("g")
            for pressed, at in zip("HML", rows, strict=True):
                await pilot.press(pressed)
                assert app.table.cursor_row == app.all[at], f"{pressed} of {height} lines"
        await pilot.press("G", "H")
        assert app.table.cursor_row == app.all[4]


async def test_a_narrow_table_loses_columns_and_an_empty_one_says_so() -> None:
    app = Rows(1)
    async with app.run_test(size=(30, 10)) as pilot:
        app.show()
        await pilot.pause()
        assert "ENV" not in app.lines()[0]
        assert app.lines()[0].rstrip().endswith("/S")
        app.all.clear()
        app.show()
        await pilot.pause()
        assert app.lines()[0].strip() == "SERVICES   none runs"
        await pilot.press("enter", "G", "k")
        assert app.opened == []


async def test_a_click_moves_the_cursor_and_a_second_one_opens() -> None:
    app = Rows(5)
    async with app.run_test(size=(60, 20)) as pilot:
        app.show()
        await pilot.pause()
        await pilot.click(offset=(3, 3))
        assert app.table.cursor_row == app.all[2]
        await pilot.click(offset=(3, 3), times=2)
        await pilot.press("l")
        assert app.opened == [app.all[2], app.all[2]]
