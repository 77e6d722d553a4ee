"""The console: one app over one vault. It paints first and opens the vault after."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from threading import Timer
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from rich.text import Text
from textual.actions import ActionParseResult, parse
from textual.app import App, SystemCommand, get_system_commands_provider
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.dom import DOMNode, NoScreen
from textual.screen import Screen
from textual.signal import Signal

from keytui.clock import Clock, utc_now
from keytui.domain.errors import KeytuiError, Unauthenticated
from keytui.domain.monitor import RANGES, Range
from keytui.domain.query import Query, Sort
from keytui.tui.asking import our_fault
from keytui.tui.connection import Connection
from keytui.tui.following import follow, tend
from keytui.tui.permissions import Explaining, WhyNot
from keytui.tui.screens import catalogue
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.opening import OpeningScreen
from keytui.tui.themes import DARK, LIGHT
from keytui.tui.widgets.status_line import Status
from keytui.vault.profile import Profile

if TYPE_CHECKING:
    from keytui.tui.screens.keys import KeysScreen
    from keytui.vault.model import Changes, Page, Standing
    from keytui.vault.protocol import Vault

    Glimpse = Callable[[Profile, datetime], Page | None]
    """The first keys of a profile's vault, read before it is open; None where none can be read so."""

FAULT_EXIT: Final = 70
_HANG_UP: Final = 5.0
"""Seconds that a console without a terminal has to end in order."""
TICK: Final = 5.0
"""Seconds between two looks at the clock. Nothing is painted unless its words changed."""


class Console(App[int]):
    """Modes over a vault. Screens read `vault`, `clock` and `status`, and hear of changes through `fed`."""

    TITLE = "keytui"
    CSS_PATH = "console.tcss"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        "opening": OpeningScreen,
        **catalogue.MODES,
    }
    DEFAULT_MODE: ClassVar[str] = "opening"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {
        get_system_commands_provider,
        catalogue.actions,
        catalogue.key_search,
    }
    BINDING_GROUP_TITLE = "Everywhere"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("colon", "command_palette", "do", key_display=":", id="app.palette", tooltip="Find an action or a key"),
        Binding(
            "ctrl+p", "command_palette", "do", show=False, priority=True, id="app.palette-anywhere", tooltip="The same"
        ),
        Binding("question_mark", "keys", "help", key_display="?", id="app.help", tooltip="The keys that work here"),
        Binding("1", "mode('keys')", "keys", show=False, id="app.keys", tooltip="All keys"),
        Binding("2", "mode('rotations')", "rotations", show=False, id="app.rotations", tooltip="Open rotations"),
        Binding("3", "mode('usage')", "usage", show=False, id="app.usage", tooltip="Requests by key"),
        Binding("4", "mode('audit')", "audit", show=False, id="app.audit", tooltip="The audit log"),
        Binding(
            "P", "approvals", "approvals", show=False, id="app.approvals", tooltip="What waits for a second operator"
        ),
        Binding("i", "incidents", "incidents", show=False, id="app.incidents", tooltip="Compromised keys, all of them"),
        Binding("S", "profiles", "switch vault", show=False, id="app.profiles", tooltip="Another profile, or a server"),
        Binding("W", "write", "write", show=False, id="app.write", tooltip="Arm a read-only profile for 15 minutes"),
        Binding("q", "leave", "quit", show=False, id="app.quit", tooltip="Quit; on a screen above a mode, go back"),
    ]

    def __init__(
        self,
        open_vault: Callable[[Profile], Vault],
        profile: Profile,
        clock: Clock = utc_now,
        *,
        glimpse: Glimpse | None = None,
        first_mode: str = "keys",
        over: Range = RANGES[1],
    ) -> None:
        super().__init__()
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-tall"), (34, "-roomy")]
        self.clock = clock
        self.connection = Connection(profile, clock)
        self.over = over
        """The range that the monitor looks over."""
        self.wants_demo = False
        """Set when the operator left to look around the demo, which is a console of its own."""
        self.wants_profile = ""
        """Set when the operator left for another vault."""
        self.status_changed: Signal[Status] = Signal(self, "status changed")
        """Published when the vault's standing changed and when time passed."""
        self.fed: Signal[Changes] = Signal(self, "fed")
        self._first_mode = first_mode
        self._open_vault = open_vault
        self._glimpse = glimpse if first_mode == "keys" else None
        self._asked_for_token = False
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name

    def run_until_left(self) -> int:
        """Show the console until the operator or a signal ends it; the exit code."""
        left_with = self.run()
        return left_with if left_with is not None else self.return_code or 0

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
        return self.connection.status

    def on_mount(self) -> None:
        self.set_interval(TICK, self._publish)
        self.call_after_refresh(self._begin)
        if not self.is_headless:
            self._end_on_signals()

    def _end_on_signals(self) -> None:
        """However the console is ended, its terminal is given back as it was, and the vault is closed."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.exit, 128 + number)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)

    def _hang_up(self) -> None:
        """End although the terminal is gone: Textual's writer may have died of it, and what is written waits for it."""
        code = 128 + signal.SIGHUP
        self.exit(code)
        last_resort = Timer(_HANG_UP, os._exit, (code,))
        last_resort.daemon = True
        last_resort.start()

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
        try:
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

    def why_not(self, action: str, node: DOMNode | None) -> WhyNot | None:
        """Why an action, as a binding of `node` names it, cannot be done now; None when it can."""
        name = parse(action)[1]
        asked: object = node
        if asked is not self and isinstance(asked, Explaining):
            return asked.why_not(name)
        return self.connection.why_forbidden(name)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Run it, unless its screen is not drawn yet, or gone: who types ahead would reach for what is not there."""
        if default_namespace not in (None, self) and not self._shown(default_namespace):
            return False
        why = self.why_not(action, default_namespace) if isinstance(action, str) else None
        if why is not None and isinstance(self.screen, VaultScreen):
            self.screen.tell(why.reason, why.way_out, severity="warning")
            return True
        return await super().run_action(action, default_namespace, namespaces)

    def _shown(self, node: DOMNode) -> bool:
        """Whether the node is on the screen that is on top, which is drawn."""
        try:
            return node.screen is self.screen and self.screen.is_mounted
        except NoScreen:
            return False

    def action_write(self) -> None:
        """Arm a read-only profile, by typing its name."""
        if not self.status.writable:
            self.push_screen(catalogue.arm()(self.profile.name))
        elif isinstance(self.screen, VaultScreen):
            self.screen.tell(f"{self.profile.name} can be written already")

    def action_approvals(self) -> None:
        """Show what waits for a second operator."""
        if self.connection.is_open:
            self._show_once(catalogue.approvals())

    def action_incidents(self) -> None:
        """Show what became of compromised keys."""
        if self.connection.is_open:
            self._show_once(catalogue.incidents())

    def action_keys(self) -> None:
        """Show the keys that work on this screen."""
        self.push_screen(catalogue.help_()(self.screen.active_bindings))

    def action_mode(self, mode: str) -> None:
        """Show a mode, once the screen lets go; the mode that is shown already goes back to its root."""
        screen = self.screen
        if not self.connection.is_open or not isinstance(screen, VaultScreen):
            return
        if mode == self.current_mode:
            screen.action_back()
        else:
            self._once_let_go(lambda: self.switch_mode(mode))

    def _once_let_go(self, go: Callable[[], object]) -> None:
        """Run `go` once every screen of this mode lets go, the topmost first: below a dialog there may be a secret."""
        for screen in self.screen_stack:
            if isinstance(screen, VaultScreen):
                go = partial(screen.may_leave, go)
        go()

    def action_leave(self) -> None:
        """Quit from a mode; anywhere else, go back as esc does."""
        screen = self.screen
        if isinstance(screen, VaultScreen) and len(self.screen_stack) > 1:
            screen.action_back()
        else:
            self._end()

    def leave_for(self, profile: str) -> None:
        """Leave for another vault, once every screen lets go. Each vault has a console of its own."""
        self._end(profile)

    def _end(self, profile: str = "") -> None:
        """End once every screen lets go, for another vault or for good. Not in the middle of a change: its screen may
        have been left, and nobody would hear what came of it.
        """
        if self.connection.flight.locked():
            if isinstance(self.screen, VaultScreen):
                way_out = "quit once it has landed: that is told here"
                self.screen.tell("a change is still on its way", way_out, severity="warning")
            return
        self.wants_profile = profile
        self._once_let_go(partial(self.exit, 0))

    def action_profiles(self) -> None:
        """Show the vaults that this machine knows."""
        self._show_once(catalogue.profiles())

    def _show_once(self, kind: type[VaultScreen[None]]) -> None:
        if not isinstance(self.screen, kind):
            self.push_screen(kind())

    def says(self, words: str) -> bool:
        """Whether a notification with these words is on show."""
        return any(shown.message == words for shown in self._notifications)

    @property
    def secret_at_hand(self) -> bool:
        """Whether a screen of this mode can show a secret, be it below a dialog."""
        return any(isinstance(screen, VaultScreen) and screen.SHOWS_SECRET for screen in self.screen_stack)

    def action_command_palette(self) -> None:
        """The palette, but not where a secret is at hand: pasted into the palette it would stand there in the clear."""
        screen = self.screen
        if self.secret_at_hand and isinstance(screen, VaultScreen):
            screen.tell("the palette stays shut in this step", "esc leaves it first", severity="warning")
        elif not isinstance(screen, palette := catalogue.palette()):
            self.push_screen(palette())  # without an id: the one before may not be gone yet

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Dark or light, and a screenshot where no secret can be on it.

        Other themes are not offered: NO_COLOR over one that uses the terminal's own colours is black on black.
        """
        for command in super().get_system_commands(screen):
            if command.title == "Screenshot" and not self.secret_at_hand:
                yield command
        yield SystemCommand("Theme", "Switch between dark and light", self.action_switch_theme)

    def action_switch_theme(self) -> None:
        """From dark to light, and back."""
        self.theme = LIGHT.name if self.theme == DARK.name else DARK.name

    def _fatal_error(self) -> None:
        """End without a traceback: its locals could hold anything that was being handled."""
        self._return_code = FAULT_EXIT
        fault = type(self._exception).__name__ if self._exception is not None else "an unknown fault"
        self.panic(Text(f"keytui made a mistake ({fault}) and has stopped. Nothing half-done is lost: start it again."))

    async def action_quit(self) -> None:
        """Quit, once every screen lets go."""
        self._end()
