"""An app over one vault: it opens the vault once it has painted, follows it, and says how it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from textual.keys import format_key
from textual.signal import Signal

from keytui.clock import Clock
from keytui.domain.errors import KeytuiError, Unauthenticated
from keytui.tui.asking import our_fault
from keytui.tui.command_log import CommandLog
from keytui.tui.connection import Connection
from keytui.tui.following import follow, tend
from keytui.tui.screens import catalogue
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.opening import OpeningScreen
from keytui.tui.terminal_app import TerminalApp
from keytui.tui.waiting import Waiting
from keytui.tui.widgets.status_line import Status
from keytui.vault.profile import Profile

if TYPE_CHECKING:
    from keytui.tui.screens.keys import KeysScreen
    from keytui.vault.model import Changes, Page
    from keytui.vault.protocol import Vault
    from keytui.vault.standing import Standing

    Glimpse = Callable[[Profile, datetime], Page | None]
    """The first keys of a profile's vault, read before it is open; None where none can be read so."""

TICK: Final = 5.0
"""Seconds between two looks at the clock. Nothing is painted unless its words changed."""


class VaultApp(TerminalApp):
    """Screens read `vault`, `clock` and `status`, and hear of changes through `fed`."""

    def __init__(
        self,
        open_vault: Callable[[Profile], Vault],
        profile: Profile,
        clock: Clock,
        *,
        first_mode: str,
        configuration: Path | None,
        glimpse: Glimpse | None,
    ) -> None:
        super().__init__()
        self.clock = clock
        self.connection = Connection(profile, clock)
        self.command_log = CommandLog(profile, clock)
        self.waiting = Waiting(self._publish)
        self.status_changed: Signal[Status] = Signal(self, "status changed")
        """Published when the vault's standing changed and when time passed."""
        self.fed: Signal[Changes] = Signal(self, "fed")
        self._first_mode = first_mode
        self._open_vault = open_vault
        self._glimpse = glimpse if first_mode == "keys" else None
        self._configuration = configuration
        self._asked_for_token = False

    @property
    def profile(self) -> Profile:
        """The profile whose vault this is."""
        return self.connection.profile

    @property
    def vault(self) -> Vault:
        """The open vault; Unreachable before it is open."""
        return self.connection.vault

    @property
    def status(self) -> Status:
        """What the status line says now."""
        return replace(self.connection.status, waits=self.waiting.shown)

    def on_mount(self) -> None:
        self.set_interval(TICK, self._publish)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        if self._glimpse is None:
            self.open()
        else:
            self.run_worker(partial(self._look, self._glimpse), thread=True, exit_on_error=False, group="opening")

    def _look(self, glimpse: Glimpse) -> None:
        try:
            page = glimpse(self.profile, self.clock())
            catalogue.fetch("keys")
        except Exception:  # whatever keeps a glimpse from being had, the vault is opened and tells
            page = None
        self.call_later(self._glimpsed, page)

    def _map_keys(self) -> None:
        if self._configuration is not None:
            self.call_later(self.set_keymap, catalogue.keymap(self._configuration))

    async def _glimpsed(self, page: Page | None) -> None:
        """Show the first keys, and open their vault once they are on the screen."""
        if page is not None:
            self.connection.glimpsed()
            await self.switch_mode("keys")
            cast("KeysScreen", self.screen).glimpsed(page)
        self.call_after_refresh(self.open)

    def open(self) -> None:
        """Open the vault in a thread, unless one does; the face of the opening screen says how that went."""
        if not self.connection.begin_opening():
            return
        self._publish()
        self.run_worker(self._open, thread=True, exit_on_error=False, group="opening")

    def _open(self) -> None:
        from keytui.domain.query import Query, Sort  # noqa: PLC0415  # the first paint would wait for what a key is

        try:
            self._map_keys()
            vault = self.connection.met(self._open_vault)
            standing = vault.standing()
            empty = not vault.page(Query(), Sort(), 0, 1).total
            catalogue.fetch(self._first_mode)
            catalogue.palette()
        except Unauthenticated as error:
            self.call_later(self._not_let_in, error)
        except KeytuiError as error:
            self.call_later(self._not_opened, error)
        except Exception as fault:  # whatever a vault raises, the operator gets a face and a way on
            self.call_later(self._not_opened, our_fault(fault))
        else:
            self.call_later(self._opened, vault, standing, empty)

    async def _not_let_in(self, error: Unauthenticated) -> None:
        """Its server is there. With another token it is opened, without one the face says how to go on."""
        await self._not_opened(error)
        self.connection.lost(error)
        self._publish()
        self.push_screen(catalogue.token()(error), lambda taken: self.open() if taken else None)

    async def _not_opened(self, error: KeytuiError) -> None:
        self.connection.not_opened()
        self._publish()
        if self.current_mode == "keys":
            await self.switch_mode("opening")
        if isinstance(self.screen, OpeningScreen):
            self.screen.show_failure(error)

    async def _opened(self, vault: Vault, standing: Standing, empty: bool) -> None:
        self.connection.opened(standing)
        self._publish()
        if self.current_mode != self._first_mode:
            await self.switch_mode(self._first_mode)
        if empty:
            self.push_screen(catalogue.welcome()())
        stopped = self.connection.stopped
        moved, failed = partial(self.call_later, self._moved), partial(self.call_later, self._lost)
        self.run_worker(
            lambda: follow(vault, stopped, moved, failed), thread=True, exit_on_error=False, group="following"
        )
        tended, untended = partial(self.call_later, self.stand), partial(self.call_later, self._untended)
        by_its_server = self.profile.server is not None
        self.run_worker(
            lambda: tend(vault, stopped, tended, untended, by_its_server=by_its_server),
            thread=True,
            exit_on_error=False,
            group="tending",
        )

    def _moved(self, changes: Changes, standing: Standing) -> None:
        self.stand(standing)
        self.fed.publish(changes)

    def _lost(self, error: KeytuiError) -> None:
        first = self.connection.lost(error)
        self._publish()
        if isinstance(error, Unauthenticated):
            self._ask_for_token(error)
        elif first and isinstance(self.screen, VaultScreen):
            self.screen.report(error)

    def _ask_for_token(self, error: Unauthenticated) -> None:
        """Over whatever is on the screen, once: who goes on without one is not asked again until a token was taken."""
        if not self._asked_for_token:
            self._asked_for_token = True
            self.push_screen(catalogue.token()(error), self._token_taken)

    def _token_taken(self, taken: bool | None) -> None:
        self._asked_for_token = not taken

    def action_token(self) -> None:
        """Ask for another token."""
        self.push_screen(catalogue.token()(Unauthenticated("Another token takes the place of the one in use.")))

    def _untended(self, error: KeytuiError) -> None:
        if isinstance(self.screen, VaultScreen):
            self.screen.report(error)

    def key_of(self, name: str, unless_mapped: str) -> str:
        """The first key of a binding, by its id, as it is shown."""
        mapped = self._keymap.get(name)
        return format_key(mapped.split(",")[0]) if mapped else unless_mapped

    def stand(self, standing: Standing) -> None:
        """Show what a vault said of itself."""
        self.connection.answered(standing)
        self._publish()

    def ask_standing(self) -> None:
        """Ask the vault how it stands, for the status line."""
        if isinstance(self.screen, VaultScreen):
            self.screen.ask(lambda vault: vault.standing(), self.stand, slot="standing")

    def _publish(self) -> None:
        self.status_changed.publish(self.status)

    async def on_unmount(self) -> None:
        """Stop following, then let go of the vault: in this order, and off the loop."""
        self.connection.stopped.set()
        await asyncio.to_thread(self.connection.close)
