"""The console: one app over one vault. It paints first and opens the vault after."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from threading import Event, Lock
from typing import Any, ClassVar, Final

from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.signal import Signal

from keytui.clock import Clock, utc_now
from keytui.domain.errors import KeytuiError, Unreachable
from keytui.domain.query import Query, Sort
from keytui.tui.asking import our_fault
from keytui.tui.following import follow
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.keys import KeysScreen
from keytui.tui.screens.opening import OpeningScreen
from keytui.tui.themes import DARK, LIGHT
from keytui.tui.widgets.status_line import Link, Status
from keytui.vault.model import Changes, Standing
from keytui.vault.profile import Profile
from keytui.vault.protocol import Vault

FAULT_EXIT: Final = 70
TICK: Final = 5.0
"""Seconds between two looks at the clock. Nothing is painted unless its words changed."""


class Console(App[int]):
    """Modes over a vault. Screens read `vault`, `clock` and `status`, and hear of changes through `fed`."""

    TITLE = "keytui"
    CSS_PATH = "console.tcss"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        "opening": OpeningScreen,
        "keys": KeysScreen,
    }
    DEFAULT_MODE: ClassVar[str] = "opening"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "mode('keys')", "keys", show=False, id="app.keys", tooltip="All keys"),
        Binding("2", "mode('rotations')", "rotations", show=False, id="app.rotations", tooltip="Open rotations"),
        Binding("3", "mode('usage')", "usage", show=False, id="app.usage", tooltip="Requests by key"),
        Binding("4", "mode('audit')", "audit", show=False, id="app.audit", tooltip="The audit log"),
        Binding("q", "leave", "quit", show=False, id="app.quit", tooltip="Quit; on a screen above a mode, go back"),
    ]

    def __init__(self, open_vault: Callable[[Profile], Vault], profile: Profile, clock: Clock = utc_now) -> None:
        super().__init__()
        self.clock = clock
        self.profile = profile
        self.flight = Lock()
        """Held while a change is on its way: there is never a second one."""
        self.status_changed: Signal[Status] = Signal(self, "status changed")
        """Published when the vault's standing changed and when time passed."""
        self.fed: Signal[Changes] = Signal(self, "fed")
        self._open_vault = open_vault
        self._vault: Vault | None = None
        self._link = Link.OPENING
        self._standing: Standing | None = None
        self._stopped = Event()
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name

    @property
    def vault(self) -> Vault:
        """The open vault; Unreachable before it is open."""
        if self._vault is None:
            raise Unreachable("the vault is not open yet", "wait for it, or press r")
        return self._vault

    @property
    def status(self) -> Status:
        """What the status line says now."""
        return Status(self.profile.name, self.profile.read_only, self._link, self._standing, self.clock())

    def on_mount(self) -> None:
        self.set_interval(TICK, self._publish)
        self.call_after_refresh(self.open)

    def open(self) -> None:
        """Open the vault in a thread; the face of the opening screen says how that went."""
        self._set_link(Link.OPENING)
        self.run_worker(self._open, thread=True, exit_on_error=False, group="opening")

    def _open(self) -> None:
        try:
            vault = self._open_vault(self.profile)
            standing = vault.standing()
            empty = not vault.page(Query(), Sort(), 0, 1).total
        except KeytuiError as error:
            self.call_later(self._not_opened, error)
        except Exception as fault:  # whatever a vault raises, the operator gets a face and a way on
            self.call_later(self._not_opened, our_fault(fault))
        else:
            self.call_later(self._opened, vault, standing, empty)

    def _not_opened(self, error: KeytuiError) -> None:
        self._set_link(Link.UNREACHABLE)
        if isinstance(self.screen, OpeningScreen):
            self.screen.show_failure(error)

    async def _opened(self, vault: Vault, standing: Standing, empty: bool) -> None:
        self._vault, self._standing = vault, standing
        self._set_link(Link.CONNECTED)
        await self.switch_mode("keys")
        moved, failed = partial(self.call_later, self._moved), partial(self.call_later, self._lost)
        self.run_worker(
            lambda: follow(vault, self._stopped, moved, failed), thread=True, exit_on_error=False, group="following"
        )

    def _moved(self, changes: Changes, standing: Standing) -> None:
        self._link = Link.CONNECTED
        self.stand(standing)
        self.fed.publish(changes)

    def _lost(self, error: KeytuiError) -> None:
        if self._link is Link.CONNECTED and isinstance(self.screen, VaultScreen):
            self.screen.report(error)
        self._set_link(Link.UNREACHABLE)

    def stand(self, standing: Standing) -> None:
        """Show what a vault said of itself."""
        self._standing = standing
        self._publish()

    def ask_standing(self) -> None:
        """Ask the vault how it stands, for the status line."""
        if isinstance(self.screen, VaultScreen):
            self.screen.ask(lambda vault: vault.standing(), self.stand, slot="standing")

    def _set_link(self, link: Link) -> None:
        self._link = link
        self._publish()

    def _publish(self) -> None:
        self.status_changed.publish(self.status)

    async def on_unmount(self) -> None:
        """Stop following, then let go of the vault: in this order, and off the loop."""
        self._stopped.set()
        if self._vault is not None:
            await asyncio.to_thread(self._vault.close)

    async def action_mode(self, mode: str) -> None:
        """Show a mode."""
        if self._vault is not None:
            await self.switch_mode(mode)

    def action_leave(self) -> None:
        """Quit from a mode; anywhere else, go back as esc does."""
        screen = self.screen
        if isinstance(screen, VaultScreen) and len(self.screen_stack) > 1:
            screen.action_back()
        else:
            self.exit(0)

    async def action_quit(self) -> None:
        """Quit, once the screen lets go."""
        if isinstance(self.screen, VaultScreen):
            self.screen.may_leave(lambda: self.exit(0))
        else:
            self.exit(0)
