"""The vaults that this machine knows: switch to another, or connect to a team's server."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from keytui.domain.errors import KeytuiError
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.connect import ConnectScreen
from keytui.tui.widgets.columns import Column
from keytui.tui.widgets.paged_table import PagedTable
from keytui.tui.widgets.words import Words
from keytui.tui.wording import outside
from keytui.vault.profile import Profile, load_profile, profile_names


class ProfilesScreen(VaultScreen[None]):
    """`enter` leaves this vault for another one: what is open here stays in its vault."""

    CSS_PATH = "profiles.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#profiles"
    BINDING_GROUP_TITLE = "Profiles"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,h,left", "back", "back", key_display="esc", id="profiles.back", tooltip="Back"),
        Binding("C", "connect", "connect", id="profiles.connect", tooltip="Name a team's server"),
    ]

    @property
    def table(self) -> PagedTable[Profile]:
        return self.query_one("#profiles", PagedTable)

    def body(self) -> ComposeResult:
        yield Words(Content.styled("Profiles   the vaults that this machine knows", "bold"), id="heading")
        yield PagedTable(self._columns(), lambda profile: profile.name, id="profiles")

    def _columns(self) -> list[Column[Profile]]:
        here = self.console.profile.name
        return [
            Column("", 6, lambda each: Content.styled("● here" if each.name == here else "", "$success")),
            Column("PROFILE", 16, lambda each: outside(each.name), grow=1),
            Column("VAULT", 24, lambda each: outside(each.server.host if each.server else str(each.directory)), grow=2),
            Column("OPENS", 10, lambda each: Content("read-only" if each.read_only else "writable"), rank=1),
        ]

    @on(PagedTable.Wanted)
    async def _fetch(self, wanted: PagedTable.Wanted) -> None:
        try:
            known = await asyncio.to_thread(lambda: tuple(load_profile(name) for name in profile_names()))
        except KeytuiError as error:
            self.report(error)
            known = (self.console.profile,)
        self.table.put(wanted.turn, 0, known, len(known))

    @on(PagedTable.Opened)
    def _open(self) -> None:
        chosen = self.table.cursor_row
        if chosen is None:
            return
        if chosen.name == self.console.profile.name:
            self.action_back()
        else:
            self.console.leave_for(chosen.name)

    def action_connect(self) -> None:
        """The form of a team's server."""
        self.app.push_screen(ConnectScreen())
