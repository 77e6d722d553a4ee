"""Mode 4: the audit log, newest first, and whether its chain holds."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from keytui.domain.audit import AuditCheck, AuditEntry, AuditFilter
from keytui.domain.errors import KeytuiError
from keytui.domain.text import harmless
from keytui.tui.audit_filter import FACETS, audit_filter
from keytui.tui.fields import go_and_type
from keytui.tui.screens.audit_entry import AuditEntryScreen
from keytui.tui.screens.export import ExportDialog
from keytui.tui.screens.keeping import FilterKeeping
from keytui.tui.screens.key import KeyScreen
from keytui.tui.screens.mode import ModeScreen
from keytui.tui.widgets.key_page import audit_columns
from keytui.tui.widgets.paged_table import PagedTable
from keytui.tui.widgets.words import Words
from keytui.tui.wording import QUIET, when
from keytui.vault.model import AuditPage
from keytui.vault.saved_filters import Of


class AuditScreen(ModeScreen, FilterKeeping):
    """Every entry. The filter takes a type (`key.created`, or `rotation`) and facets."""

    MODE = "audit"
    FILTERS = Of.AUDIT
    CSS_PATH = "audit.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#entries"
    BINDING_GROUP_TITLE = "Audit"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "slash", "filter", "filter", key_display="/", priority=True, id="audit.filter", tooltip="A type, and facets"
        ),
        Binding("f", "keep_filter", "keep filter", show=False, id="audit.keep", tooltip="Save this filter by a name"),
        Binding("v", "verify", "verify the chain", id="audit.verify", tooltip="Recompute every link and checkpoint"),
        Binding("x", "export", "export", id="audit.export", tooltip="What the filter shows, as CSV or JSON lines"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._which = AuditFilter()
        self._wrong = ""
        """Why what stands in the filter cannot be read; the rows are those of the last that could."""
        self._checked: tuple[str, str] = ("", "")
        """What verifying the chain found, and its style."""
        self._counted = ""

    @property
    def table(self) -> PagedTable[AuditEntry]:
        return self.query_one("#entries", PagedTable)

    def body(self) -> ComposeResult:
        with Horizontal(id="find"):
            yield Static("/", id="slash")
            yield Input(placeholder=f"type, as in rotation or key.created, and {FACETS}", compact=True, id="filter")
            yield Words(id="found")
        yield PagedTable(
            audit_columns(),
            lambda entry: str(entry.sequence),
            id="entries",
            empty="no entry matches   esc takes the filter away",
        )
        yield Words(id="entry")

    @on(PagedTable.Wanted, "#entries")
    def _fetch(self, wanted: PagedTable.Wanted) -> None:
        which = self._which
        self.ask(lambda vault: vault.audit(which, wanted.offset, wanted.limit), partial(self._arrived, wanted.turn))

    def _arrived(self, turn: int, page: AuditPage) -> None:
        self.table.put(turn, page.offset, page.entries, page.total)
        self._counted = f"{page.total:,} entr{'y' if page.total == 1 else 'ies'}"
        self._show_found()

    def _show_found(self) -> None:
        words = (self._wrong, "$error") if self._wrong else (self._counted, QUIET)
        self.query_one("#found", Words).say(Content.assemble(self._checked, "   ", words))

    def refetch(self) -> None:
        self.table.reload()

    def action_filter(self) -> None:
        """Go to the filter."""
        go_and_type(self, self.query_one("#filter", Input))

    @on(Input.Changed, "#filter")
    def _filtering(self, event: Input.Changed) -> None:
        text = event.value
        now, saved = self.console.clock(), self.saved
        self.ask(
            lambda vault: audit_filter(vault, saved.written_out(text, Of.AUDIT), now),
            self._filter,
            self._unreadable,
            slot="filter",
        )

    def _filter(self, which: AuditFilter) -> None:
        self._wrong = ""
        self._show_found()
        if which != self._which:
            self._which = which
            self.table.reload(top=True)

    def _unreadable(self, error: KeytuiError) -> None:
        self._wrong = f"✗ {harmless(error.message)}"
        self._show_found()

    @on(Input.Submitted, "#filter")
    def _filtered(self) -> None:
        self.set_focus(self.table)

    def action_back(self) -> None:
        """From the filter to the table; there, take the filter away."""
        field = self.query_one("#filter", Input)
        if field.has_focus:
            self.set_focus(self.table)
        else:
            field.value = ""

    @on(PagedTable.Moved, "#entries")
    def _moved(self) -> None:
        entry = self.table.cursor_row
        self.query_one("#entry", Words).say(_whole(entry) if entry is not None else Content(""))

    @on(PagedTable.Opened, "#entries")
    def _open(self) -> None:
        entry = self.table.cursor_row
        if entry is not None:
            self.app.push_screen(AuditEntryScreen(entry), self._open_key)

    def _open_key(self, key_id: str | None) -> None:
        if key_id:
            self.app.push_screen(KeyScreen(key_id))

    def action_export(self) -> None:
        """Ask for a file, and write what the filter shows: also what a clock that was wrong has dated ahead of now."""
        self.app.push_screen(ExportDialog(self._which, self.table.total or 0))

    def action_verify(self) -> None:
        """Recompute the chain and its signed checkpoints."""
        self._checked = ("◌ verifying …", QUIET)
        self._show_found()
        self.ask(lambda vault: vault.verify_audit(), self._verified, slot="verify")

    def _verified(self, check: AuditCheck) -> None:
        if check.broken_at is None:
            words = f"✓ whole: {check.entries:,} entries, {check.checkpoints:,} signed checkpoints"
            self._checked = (words, "$success")
            self.tell("the log is whole", check.detail)
        else:
            self._checked = (f"✗ broken at #{check.broken_at}", "bold $error")
            self.tell(f"the log does not hold at entry #{check.broken_at}", check.detail, severity="error")
        self._show_found()


def _whole(entry: AuditEntry) -> Content:
    event = entry.event
    details = "   ".join(f"{name} {value}" for name, value in event.details.items())
    version = f"   v{event.version}" if event.version is not None else ""
    rotation = f"   rotation #{event.rotation_id}" if event.rotation_id is not None else ""
    return Content.assemble(
        (f"#{entry.sequence} {harmless(event.type)}", "bold"),
        f"   {when(entry.at)}   {harmless(entry.actor)}   {harmless(event.key_name)}{version}{rotation}\n",
        (harmless(details) or "no details", ""),
        (f"\nhash {harmless(entry.hash[:24])}   previous {harmless(entry.previous[:24])}", QUIET),
    )
