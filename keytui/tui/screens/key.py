"""One key, whole."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from keytui.domain.keys import KeySummary
from keytui.tui.screens.key_actions import KeyActions
from keytui.tui.widgets.key_page import key_heading, key_page
from keytui.tui.widgets.status_line import Status
from keytui.tui.widgets.words import Words
from keytui.vault.model import Changes, KeyDetail


class KeyScreen(KeyActions):
    """Versions, scopes, callers, timeline, rotations and the audit tail of one key, and every action on it."""

    CSS_PATH = "key.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#page"
    BINDING_GROUP_TITLE = "One key"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,h,left", "back", "back", key_display="esc", id="key.back", tooltip="Back to the list"),
        Binding("r", "refetch", "refresh", show=False, id="key.refresh", tooltip="Ask the vault again"),
        Binding("j", "scroll(1)", "down", show=False, id="key.down", tooltip="Scroll down"),
        Binding("k", "scroll(-1)", "up", show=False, id="key.up", tooltip="Scroll up"),
        Binding("g", "top", "top", show=False, id="key.top", tooltip="To the top"),
        Binding("G", "bottom", "bottom", show=False, id="key.bottom", tooltip="To the bottom"),
    ]

    def __init__(self, key_id: str) -> None:
        super().__init__()
        self._key_id = key_id
        self._detail: KeyDetail | None = None

    def body(self) -> ComposeResult:
        yield Words("◌ asking the vault …", id="heading")
        with VerticalScroll(id="page"):
            yield Words(id="words")

    def on_mount(self) -> None:
        self.console.status_changed.subscribe(self, self._tick)
        self.action_refetch()

    def action_refetch(self) -> None:
        """Ask the vault again."""
        key_id = self._key_id
        self.ask(lambda vault: vault.detail(key_id), self._arrived, slot="detail")

    def fed(self, changes: Changes) -> None:
        if changes.usage_as_of is not None or changes.concern(self._key_id):
            self.action_refetch()

    def acted(self) -> None:
        self.action_refetch()

    def _arrived(self, detail: KeyDetail) -> None:
        self._detail = detail
        self._show()
        self.recheck()

    def _tick(self, _: Status) -> None:
        self._show()

    def on_resize(self) -> None:
        self._show()

    def _show(self) -> None:
        if self._detail is None:
            return
        now = self.console.clock()
        self.query_one("#heading", Words).say(key_heading(self._detail, now))
        self.query_one("#words", Words).say(key_page(self._detail, now, self.size.width - 7))

    def pointed(self) -> KeySummary | None:
        return self._detail.summary if self._detail is not None else None

    def chosen(self) -> tuple[KeySummary, ...]:
        return (self._detail.summary,) if self._detail is not None else ()

    def action_scroll(self, by: int) -> None:
        self.query_one("#page").scroll_relative(y=by, animate=False)

    def action_top(self) -> None:
        self.query_one("#page").scroll_home(animate=False)

    def action_bottom(self) -> None:
        self.query_one("#page").scroll_end(animate=False)
