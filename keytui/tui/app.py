"""The console: one app over one vault. It paints first and opens the vault after."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.signal import Signal

from keytui.clock import Clock, utc_now
from keytui.domain.errors import KeytuiError, Unreachable
from keytui.tui.asking import our_fault
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.opening import OpeningScreen
from keytui.tui.themes import DARK, LIGHT
from keytui.tui.widgets.status_line import Link, Status
from keytui.vault.model import Changes, Standing
from keytui.vault.profile import Profile
from keytui.vault.protocol import Vault

FAULT_EXIT = 70


class Console(App[int]):
    """Modes over a vault. Screens read `vault`, `clock`, `status`, and hear of changes through `fed`."""

    TITLE = "keytui"
    CSS_PATH = "console.tcss"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {"opening": OpeningScreen}
    DEFAULT_MODE: ClassVar[str] = "opening"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "leave", "quit", show=False, id="app.quit", tooltip="Quit; on a screen above the modes, go back"),
    ]

    def __init__(self, open_vault: Callable[[Profile], Vault], profile: Profile, clock: Clock = utc_now) -> None:
        super().__init__()
        self.clock = clock
        self.profile = profile
        self.flight = Lock()
        """Held while a change is on its way: there is never a second one."""
        self.status_changed: Signal[Status] = Signal(self, "status changed")
        self.fed: Signal[Changes] = Signal(self, "fed")
        self._open_vault = open_vault
        self._vault: Vault | None = None
        self._link = Link.OPENING
        self._standing: Standing | None = None
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
        self.call_after_refresh(self.open)

    def open(self) -> None:
        """Open the vault in a thread; the face of the opening screen says how that went."""
        self._set_link(Link.OPENING)
        self.run_worker(self._open, thread=True, exit_on_error=False, group="opening")

    def _open(self) -> None:
        try:
            vault = self._open_vault(self.profile)
            standing = vault.standing()
        except KeytuiError as error:
            self.call_later(self._not_opened, error)
        except Exception as fault:  # whatever a vault raises, the operator gets a face and a way on
            self.call_later(self._not_opened, our_fault(fault))
        else:
            self.call_later(self._opened, vault, standing)

    def _not_opened(self, error: KeytuiError) -> None:
        self._set_link(Link.UNREACHABLE)
        if isinstance(self.screen, OpeningScreen):
            self.screen.show_failure(error)

    def _opened(self, vault: Vault, standing: Standing) -> None:
        self._vault, self._standing = vault, standing
        self._set_link(Link.CONNECTED)

    def _set_link(self, link: Link) -> None:
        self._link = link
        self.status_changed.publish(self.status)

    def action_leave(self) -> None:
        """Quit from a mode; anywhere else, go back as esc does."""
        screen = self.screen
        if isinstance(screen, VaultScreen) and len(self.screen_stack) > 1:
            screen.action_back()
        else:
            self.exit(0)
