"""One key, whole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from keytui.domain.incidents import Incident
from keytui.domain.keys import KeySummary
from keytui.tui.permissions import WhyNot
from keytui.tui.screens.key_actions import KeyActions
from keytui.tui.widgets.key_page import key_heading, key_page
from keytui.tui.widgets.scrolling import Scrolling
from keytui.tui.widgets.status_line import Status
from keytui.tui.widgets.words import Words
from keytui.vault.model import Changes, KeyDetail

if TYPE_CHECKING:
    from keytui.vault.protocol import Vault


@dataclass(frozen=True, slots=True)
class Seen:
    """A key, and the incident that is open about it."""

    detail: KeyDetail
    incident: Incident | None


class KeyScreen(KeyActions):
    """Versions, scopes, callers, timeline, rotations and the audit tail of one key, and every action on it."""

    CSS_PATH = "key.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#page"
    BINDING_GROUP_TITLE = "One key"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,h,left", "back", "back", key_display="esc", id="key.back", tooltip="Back to the list"),
        Binding("r", "refetch", "refresh", show=False, id="key.refresh", tooltip="Ask the vault again"),
    ]

    def __init__(self, key_id: str) -> None:
        super().__init__()
        self._key_id = key_id
        self._detail: KeyDetail | None = None
        self._incident: Incident | None = None
        """The open one that it is part of."""

    def body(self) -> ComposeResult:
        yield Words("◌ asking the vault …", id="heading")
        with Scrolling(id="page"):
            yield Words(id="words")

    def on_mount(self) -> None:
        self.console.status_changed.subscribe(self, self._tick)
        self.action_refetch()

    def action_refetch(self) -> None:
        """Ask the vault again."""
        self.ask(partial(_look, self._key_id), self._arrived, slot="detail")

    def fed(self, changes: Changes) -> None:
        if changes.usage_as_of is not None or changes.concern(self._key_id):
            self.action_refetch()

    def acted(self) -> None:
        self.action_refetch()

    def _arrived(self, seen: Seen) -> None:
        self._detail, self._incident = seen.detail, seen.incident
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
        page = key_page(self._detail, now, self.size.width - 7, self._incident)
        self.query_one("#words", Words).say(page)

    def why_not(self, action: str) -> WhyNot | None:
        """To go to an incident that is open changes nothing."""
        return None if action == "incident" and self._incident is not None else super().why_not(action)

    def action_incident(self) -> None:
        """The key's open incident; without one, what responding would cost."""
        if self._incident is None:
            super().action_incident()
        else:
            self.show_incident(self._incident.id)

    def pointed(self) -> KeySummary | None:
        return self._detail.summary if self._detail is not None else None

    def chosen(self) -> tuple[KeySummary, ...]:
        return (self._detail.summary,) if self._detail is not None else ()


def _look(key_id: str, vault: Vault) -> Seen:
    detail = vault.detail(key_id)
    known = vault.incidents(open_only=True, search=key_id)
    return Seen(detail, next((one for one in known if any(key.id == key_id for key in one.keys)), None))
