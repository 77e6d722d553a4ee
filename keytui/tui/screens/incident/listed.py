"""Every incident, the open ones first; the closed ones are found by their key and by their words."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input

from keytui.clock import Clock
from keytui.domain.incidents import Incident
from keytui.domain.text import harmless
from keytui.tui.fields import go_and_type
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.incident.incident import IncidentScreen
from keytui.tui.widgets.columns import Column
from keytui.tui.widgets.paged_table import PagedTable
from keytui.tui.widgets.words import Words
from keytui.tui.wording import ago, outside
from keytui.vault.model import Changes
from keytui.vault.protocol import Vault

_MOST = 1_000


class IncidentsScreen(VaultScreen[None]):
    """What is typed after the slash is looked for in titles, keys, notes and lessons."""

    CSS_PATH = "incident.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#incidents"
    BINDING_GROUP_TITLE = "Incidents"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,h,left", "back", "back", key_display="esc", id="incidents.back", tooltip="Back"),
        Binding(
            "slash",
            "find",
            "find",
            key_display="/",
            priority=True,
            id="incidents.find",
            tooltip="In keys, titles and lessons",
        ),
        Binding("r", "refetch", "refresh", show=False, id="incidents.refresh", tooltip="Ask the vault again"),
    ]

    @property
    def table(self) -> PagedTable[Incident]:
        return self.query_one("#incidents", PagedTable)

    def body(self) -> ComposeResult:
        yield Words(Content.styled("Incidents   I on a key begins one", "bold"), id="heading")
        yield Input(placeholder="a key, or any word of it", id="search", compact=True)
        yield PagedTable(
            incident_columns(self.console.clock),
            lambda incident: str(incident.id),
            id="incidents",
            empty="there is none",
        )

    @on(PagedTable.Wanted, "#incidents")
    def _fetch(self, wanted: PagedTable.Wanted) -> None:
        search = self.query_one("#search", Input).value
        self.ask(partial(_asked, search), partial(self._arrived, wanted.turn))

    def _arrived(self, turn: int, incidents: tuple[Incident, ...]) -> None:
        self.table.put(turn, 0, incidents, len(incidents))

    def action_refetch(self) -> None:
        """Ask the vault again."""
        self.table.reload()

    def action_find(self) -> None:
        """Type what is looked for; enter goes back to the rows."""
        go_and_type(self, self.query_one("#search", Input))

    @on(Input.Submitted, "#search")
    def _found(self) -> None:
        self.table.reload()
        self.set_focus(self.table)

    def fed(self, changes: Changes) -> None:
        """To be opened or closed is said of the keys; requests alone change nothing here."""
        if changes.everything or changes.key_ids:
            self.table.reload()

    @on(PagedTable.Opened)
    def _open(self) -> None:
        incident = self.table.cursor_row
        if incident is not None:
            self.app.push_screen(IncidentScreen(incident.id))


def _asked(search: str, vault: Vault) -> tuple[Incident, ...]:
    found = vault.incidents(open_only=False, search=search, limit=_MOST)
    return tuple(sorted(found, key=lambda each: not each.open))


def incident_columns(clock: Clock) -> list[Column[Incident]]:
    """How it stands and what it is called stay at any width."""

    def state(incident: Incident) -> Content:
        return Content.styled("‼ open", "bold $error") if incident.open else Content.styled("✓ closed", "$success")

    def keys(incident: Incident) -> Content:
        return outside(", ".join(key.name for key in incident.keys))

    return [
        Column("#", 4, lambda each: Content(f"{each.id}"), right=True),
        Column("STATE", 8, state),
        Column("TITLE", 20, lambda each: Content.styled(harmless(each.title), "bold"), grow=3),
        Column("KEYS", 14, keys, rank=1, grow=1),
        Column("OPENED", 10, lambda each: ago(each.opened_at, clock()), rank=2, right=True),
        Column("BY", 14, lambda each: outside(each.opened_by), rank=3, grow=1),
    ]
