"""Mode 1: every key, the dangerous ones first in the eye."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static

from keytui.domain.errors import Invalid, KeytuiError
from keytui.domain.keys import KeySummary
from keytui.domain.no_such_value import NoSuchValue, may_mislead
from keytui.domain.query import Query, Sort, SortField, parse
from keytui.domain.text import harmless
from keytui.tui.fields import go_and_type
from keytui.tui.permissions import WhyNot
from keytui.tui.screens.keeping import FilterKeeping
from keytui.tui.screens.key_actions import KeyActions
from keytui.tui.screens.mode import ModeScreen
from keytui.tui.widgets.key_columns import key_columns
from keytui.tui.widgets.key_glance import Glance
from keytui.tui.widgets.paged_table import PagedTable
from keytui.tui.widgets.words import Words
from keytui.vault.model import KeyDetail, Page, Rows
from keytui.vault.saved_filters import Of
from keytui.vault.wanted import Unwanted, Wanted

SORTS: Final = (
    Sort(SortField.NAME),
    Sort(SortField.AGE, descending=True),
    Sort(SortField.LAST_USED),
    Sort(SortField.LAST_USED, descending=True),
    Sort(SortField.EXPIRES),
    Sort(SortField.ENVIRONMENT),
    Sort(SortField.OWNER),
    Sort(SortField.CREATED, descending=True),
)
_EMPTY: Final = "no key to show   esc takes the filter away   N creates a key"
_LOOKING: Final = frozenset({"filter", "sort", "back", "refetch"})
"""What can be done while the vault is being opened."""
_SETTLED: Final = 0.08
"""Seconds the cursor rests on a key before its detail is asked for: holding an arrow key asks once."""


class KeysScreen(ModeScreen, KeyActions, FilterKeeping):
    """The key table with its filter above and the key under the cursor below."""

    MODE = "keys"
    FILTERS = Of.KEYS
    CSS_PATH = "keys.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#keys"
    BINDING_GROUP_TITLE = "Keys"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "slash", "filter", "filter", key_display="/", priority=True, id="keys.filter", tooltip="Filter as you type"
        ),
        Binding("s", "sort", "sort", id="keys.sort", tooltip="Sort by the next field"),
        Binding("f", "keep_filter", "keep filter", show=False, id="keys.keep", tooltip="Save this filter by a name"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._query = Query()
        self._wrong = ""
        """Why what stands in the filter does not parse; the rows are those of the last that did."""
        self._explained: Query | None = None
        """The query of whose values it was asked whether any key has them."""
        self._no_such = ""
        """Which no key has, where that explains what was found."""
        self._sort = 0
        self._wanted = Wanted()
        """What this query and order are asked with."""
        self._counted = 0
        """The turn of the table whose keys were counted last."""
        self._resting: Timer | None = None
        self._detail: KeyDetail | None = None

    @property
    def table(self) -> PagedTable[KeySummary]:
        return self.query_one("#keys", PagedTable)

    def body(self) -> ComposeResult:
        with Horizontal(id="find"):
            yield Static("/", id="slash")
            yield Input(placeholder="filter", compact=True, id="filter")
            yield Words(id="found")
        yield PagedTable(
            key_columns(self.console.clock), lambda row: row.key.id, id="keys", markable=True, empty=_EMPTY
        )
        yield Glance(id="glance")

    @on(PagedTable.Wanted, "#keys")
    def _fetch(self, asked: PagedTable.Wanted) -> None:
        query, sort, wanted = self._query, SORTS[self._sort], self._wanted
        self.ask(
            lambda vault: vault.rows(query, sort, asked.offset, asked.limit, wanted),
            partial(self._arrived, asked.turn),
            self._not_answered,
        )

    def glimpsed(self, page: Page) -> None:
        """Show what was read before the vault was open, until its own answer is here."""
        self.table.put(0, page.offset, page.rows, page.total)
        self._tell_count()

    def _arrived(self, turn: int, rows: Rows) -> None:
        self.table.put(turn, rows.offset, rows.rows, rows.total)
        self._tell_count()
        if rows.total is not None:
            self._explain(rows.total)
        elif turn > self._counted:
            self._counted = turn
            query, wanted = self._query, self._wanted
            self.ask(lambda vault: vault.count(query, wanted), partial(self._was_counted, turn), self._not_answered)

    def _was_counted(self, turn: int, total: int) -> None:
        self.table.count(turn, total)
        self._tell_count()
        self._explain(total)

    def _explain(self, found: int) -> None:
        """Ask once, where a value that no key has would explain it: `env:prod` finds nothing, `-env:prod` all.

        Of two answers the newer one holds: a key that has it may have come in between. None is needed: a server older
        than this console does not know the question.
        """
        query = self._query
        if query != self._explained and may_mislead(query, found):
            self._explained = query
            explained = partial(self._explained_by, query)
            self.ask(lambda vault: vault.no_such_values(query), explained, lambda _: None, slot="no-such")

    def _explained_by(self, query: Query, values: tuple[NoSuchValue, ...]) -> None:
        if query == self._query:
            self._no_such = "; ".join(value.in_words() for value in values)
            self.table.say_when_empty(f"{self._no_such}   esc shows all" if values else _EMPTY)
            self._tell_count()

    def _not_answered(self, error: KeytuiError) -> None:
        if not isinstance(error, Unwanted):
            self.unanswered(error)

    def _begin(self) -> None:
        """Ask another question: the answers to the one before are not wanted any more."""
        self._wanted.drop()
        self._wanted = Wanted()
        self._explained = None
        self.table.reload(top=True)

    def _tell_count(self) -> None:
        if self._wrong:
            self.query_one("#found", Words).say(Content.styled(self._wrong, "$error"))
            return
        total, marked = self.table.extent, len(self.table.marks)
        sort = SORTS[self._sort]
        words = f"{total:,} key{'' if total == 1 else 's'}" if self.table.total is not None else _counting(total)
        if self._no_such and total and may_mislead(self._query, total):
            words += f"   {self._no_such}"
        elif self.size.width >= 70:
            words += f"   by {sort.field} {'↓' if sort.descending else '↑'}"
        parts = [(f"✓ {marked} marked   ", "bold $accent")] if marked else []
        self.query_one("#found", Words).say(Content.assemble(*parts, words))

    def why_not(self, action: str) -> WhyNot | None:
        """Keys that were only glimpsed are looked at: what was typed into the filter is not done to them yet."""
        if not self.console.connection.is_open and action not in _LOOKING:
            return WhyNot("the vault is not open yet", "in a moment it is: press it again")
        return super().why_not(action)

    def action_filter(self) -> None:
        """Go to the filter."""
        go_and_type(self, self.query_one("#filter", Input))

    @on(Input.Changed, "#filter")
    def _filtering(self, event: Input.Changed) -> None:
        try:
            query = parse(self.saved.written_out(event.value))
        except Invalid as error:
            self._wrong = f"✗ {harmless(error.message)}; {harmless(error.hint)}"
        else:
            self._wrong = ""
            if query != self._query:
                self._query, self._no_such = query, ""
                self.table.say_when_empty(_EMPTY)
                self._begin()
        self._tell_count()

    @on(Input.Submitted, "#filter")
    def _filtered(self) -> None:
        self.set_focus(self.table)

    def action_back(self) -> None:
        """From the filter to the table; there, take the filter away, then the marks."""
        field = self.query_one("#filter", Input)
        if field.has_focus:
            self.set_focus(self.table)
        elif field.value:
            field.value = ""
        else:
            self.table.clear_marks()

    def action_sort(self) -> None:
        """Sort by the next field."""
        self._sort = (self._sort + 1) % len(SORTS)
        self._begin()

    @on(PagedTable.Opened, "#keys")
    def _open(self) -> None:
        from keytui.tui.screens.key import KeyScreen

        row = self.table.cursor_row
        if row is not None and self.console.connection.is_open:
            self.app.push_screen(KeyScreen(row.key.id))

    def pointed(self) -> KeySummary | None:
        return self.table.cursor_row

    def chosen(self) -> tuple[KeySummary, ...]:
        return self.table.chosen()

    def acted(self) -> None:
        self.table.clear_marks()
        self.refetch()

    @on(PagedTable.Marked)
    def _marked(self) -> None:
        self._tell_count()
        self.recheck()

    def refetch(self) -> None:
        """Ask again, also whether any key has what is looked for: one may have come."""
        self._explained = None
        self.table.reload()

    def ticked(self, now: datetime) -> None:
        self.table.repaint()
        self._show_glance()

    @on(PagedTable.Moved)
    def _rest(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(_SETTLED, self._ask_detail)

    def _ask_detail(self) -> None:
        self.recheck()
        row = self.table.cursor_row
        if row is None:
            self._detail = None
            self._show_glance()
        else:
            self.ask(lambda vault: vault.detail(row.key.id), self._glanced, slot="glance")

    def _glanced(self, detail: KeyDetail) -> None:
        self._detail = detail
        self._show_glance()

    def _show_glance(self) -> None:
        self.query_one("#glance", Glance).show(self._detail, self.console.clock())


def _counting(known: int) -> str:
    return f"{known:,}+ keys, counting …" if known else "counting …"
