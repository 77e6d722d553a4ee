"""The table itself: a million rows are as quick as ten, and nothing from outside is ever parsed."""

from __future__ import annotations

from textual import on
from textual.app import App, ComposeResult
from textual.content import Content

from keytui.tui.themes import DARK
from keytui.tui.widgets.columns import Column, fitted
from keytui.tui.widgets.paged_table import PagedTable
from keytui.tui.widgets.row_pages import PAGE
from keytui.tui.wording import outside, spark
from tests.tui.rotation.walking import until

MILLION = 1_000_000
HOSTILE = ("[red]x[/red]", "\x1b]52;c;aGVsbG8=\x07", "[/x]", "\u202egnp.exe", "日本語" * 20, "a\nb\tc", "")


class Rows(App[int]):
    """A store of numbered rows that counts what it is asked for."""

    def __init__(self, total: int = MILLION, *, counts: bool = True) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.theme = DARK.name
        self.total = total
        self.counts = counts
        self.names = [f"row-{number}" for number in range(min(total, 10))]
        self.asked: list[int] = []

    def compose(self) -> ComposeResult:
        columns: tuple[Column[str], ...] = (
            Column("NAME", 12, outside, grow=1),
            Column("LENGTH", 6, lambda row: Content(str(len(row))), right=True),
        )
        yield PagedTable(columns, lambda row: row, markable=True)

    @property
    def table(self) -> PagedTable[str]:
        return self.query_one(PagedTable)

    @on(PagedTable.Wanted)
    def _give(self, wanted: PagedTable.Wanted) -> None:
        self.asked.append(wanted.offset)
        last = min(wanted.offset + wanted.limit, self.total)
        rows = [self.names[at] if at < len(self.names) else f"row-{at}" for at in range(wanted.offset, last)]
        wanted.table.put(wanted.turn, wanted.offset, rows, self.total if self.counts else None)

    def lines(self) -> list[str]:
        """What the table shows."""
        return [self.table.render_line(y).text.rstrip() for y in range(self.table.size.height)]


async def test_only_what_is_seen_is_asked_for() -> None:
    app = Rows()
    async with app.run_test(size=(60, 20)) as pilot:
        await until(pilot, lambda: app.table.total == MILLION, "the first page")
        await pilot.press("G")
        await until(pilot, lambda: app.table.cursor_row == "row-999999", "the last row")
        assert app.lines()[-1].strip(" ▌").startswith("row-999999")
        await pilot.press("g")
        await until(pilot, lambda: app.table.cursor_row == "row-0", "the first row")
        assert set(app.asked) == {0, MILLION - PAGE}


async def test_moving_never_leaves_the_rows() -> None:
    app = Rows(3)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("k", "j", "j", "j", "j", "pagedown", "pageup", "down")
        assert app.table.cursor_row == "row-1"
        assert app.lines()[1].startswith(" ")
        assert app.lines()[2].startswith("▌")


async def test_hostile_names_are_shown_and_never_obeyed() -> None:
    app = Rows(len(HOSTILE))
    app.names = list(HOSTILE)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        lines = app.lines()
        assert "[red]x[/red]" in lines[1]
        assert "\\x1b]52;c;aGVsbG8=\\x07" in lines[2]
        assert "[/x]" in lines[3]
        assert "\\u202egnp.exe" in lines[4]
        assert "a\\x0ab\\x09c" in lines[6]
        assert all(
            app.table.render_line(y).cell_length == app.table.scrollable_content_region.width
            for y in range(len(HOSTILE) + 1)
        )
        assert lines[5].endswith(" 60"), "wide characters take two cells, and the numbers stay in line"


async def test_marks_and_cursor_belong_to_rows_and_not_to_places() -> None:
    app = Rows(5)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("j", "space")
        assert app.table.chosen() == ("row-1",)
        app.names.insert(0, "new")
        app.total = 6
        app.table.reload()
        await until(pilot, lambda: app.table.total == 6, "the new row")
        assert app.table.cursor_row == "row-2"
        assert [line.strip(" ▌").split("  ")[0] for line in app.lines()[1:5]] == ["new", "row-0", "✓ row-1", "row-2"]


async def test_an_older_answer_does_not_overwrite_a_newer_one() -> None:
    app = Rows(3)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        app.table.reload()
        await pilot.pause()
        app.table.put(1, 0, ["old-answer"], 1)
        assert app.table.total == 3


def test_columns_go_by_rank_and_numbers_stay() -> None:
    columns: tuple[Column[str], ...] = (
        Column("NAME", 10, outside),
        Column("ENV", 10, outside, rank=1),
        Column("OWNER", 10, outside, rank=2),
    )
    assert [column.title for column, _ in fitted(columns, 34)] == ["NAME", "ENV", "OWNER"]
    assert [column.title for column, _ in fitted(columns, 33)] == ["NAME", "ENV"]
    assert [column.title for column, _ in fitted(columns, 5)] == ["NAME"]


def test_a_graph_keeps_its_highest_part_and_its_gaps() -> None:
    assert spark((0, 0, 0)).plain == "·"
    assert spark((1, 0, 8)).plain == "▁ █"
    assert spark(tuple(range(24))).plain == "▁▂▃▄▅▆▇█"


async def test_an_answer_that_was_overtaken_changes_neither_rows_nor_their_number() -> None:
    app = Rows(40)
    async with app.run_test(size=(60, 20)) as pilot:
        await until(pilot, lambda: app.table.total == 40, "the first page")
        overtaken = app.table._pages.turn
        app.table.reload(top=True)
        await until(pilot, lambda: app.table.waiting is False, "the second answer")
        app.table.put(overtaken, 3 * PAGE, ["row-300"], MILLION)
        assert app.table.total == 40


async def test_rows_are_there_before_they_are_counted_and_the_end_waits_for_the_count() -> None:
    app = Rows(counts=False)
    async with app.run_test(size=(60, 20)) as pilot:
        await until(pilot, lambda: app.table.cursor_row == "row-0", "the first rows")
        assert app.table.total is None
        await pilot.press("G")
        assert app.table.cursor_row == f"row-{PAGE - 1}", "the last row that is known"
        app.table.count(1, MILLION)
        await until(pilot, lambda: app.table.cursor_row == "row-999999", "the last row of all")
        app.table.reload()
        await until(pilot, lambda: app.table.waiting is False, "the same rows again")
        assert app.table.total == MILLION, "what was counted before holds until it is counted anew"


async def test_who_moved_on_while_rows_are_counted_stays_there() -> None:
    app = Rows(counts=False)
    async with app.run_test(size=(60, 20)) as pilot:
        await until(pilot, lambda: app.table.cursor_row == "row-0", "the first rows")
        await pilot.press("G", "k")
        app.table.count(1, MILLION)
        await pilot.pause()
        assert app.table.cursor_row == f"row-{PAGE - 2}"


async def test_the_count_of_another_question_is_dropped_with_its_rows() -> None:
    app = Rows(counts=False)
    async with app.run_test(size=(60, 20)) as pilot:
        await until(pilot, lambda: app.table.cursor_row == "row-0", "the first rows")
        app.table.count(1, MILLION)
        app.names = ["other"]
        app.total = 1
        app.table.reload(top=True)
        app.table.count(1, MILLION)
        await until(pilot, lambda: app.table.cursor_row == "other", "the other rows")
        assert app.table.total is None
        assert app.table.extent == 1


async def test_arrows_and_vi_go_the_same_ways() -> None:
    app = Rows()
    async with app.run_test(size=(60, 20)) as pilot:
        await until(pilot, lambda: app.table.total == MILLION, "the first page")
        page, half = app.table.size.height - 1, (app.table.size.height - 1) // 2
        for pressed, at in (
            (("j", "down", "k"), 1),
            (("pagedown",), 1 + page),
            (("ctrl+f",), 1 + 2 * page),
            (("ctrl+b", "pageup"), 1),
            (("ctrl+d",), 1 + half),
            (("ctrl+u", "ctrl+u"), 0),
            (("G",), MILLION - 1),
            (("g",), 0),
            (("end",), MILLION - 1),
            (("home",), 0),
            (("L",), page - 1),
            (("M",), (page - 1) // 2),
            (("pagedown", "pagedown"), (page - 1) // 2 + 2 * page),
            (("H",), (page - 1) // 2 + page + 1),
        ):
            await pilot.press(*pressed)
            await until(pilot, lambda at=at: app.table.cursor_row == f"row-{at}", f"row {at} after {pressed}")  # type: ignore[misc]  # mypy cannot infer a lambda with a default
