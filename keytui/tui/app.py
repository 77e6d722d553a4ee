"""The console: one app over one vault. It paints first and opens the vault after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rich.text import Text
from textual import events
from textual._context import active_message_pump
from textual.actions import ActionParseResult, parse
from textual.app import SystemCommand, get_system_commands_provider
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.css.query import NoMatches
from textual.dom import DOMNode, NoScreen
from textual.screen import Screen
from textual.widget import MountError

from keytui.clock import Clock, utc_now
from keytui.domain.ranges import RANGES, Range
from keytui.tui import theme_choice
from keytui.tui.keystrokes import Keystrokes
from keytui.tui.notices import tell
from keytui.tui.permissions import Explaining, WhyNot
from keytui.tui.screens import catalogue
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.opening import OpeningScreen
from keytui.tui.signals import Endings
from keytui.tui.vault_app import VaultApp
from keytui.vault.appearance import ThemeName
from keytui.vault.profile import Profile

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.message_pump import MessagePump

    from keytui.tui.vault_app import Glimpse
    from keytui.vault.protocol import Vault

FAULT_EXIT: Final = 70


class Console(VaultApp):
    """Modes over a vault, and what can be done from each of them."""

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
        catalogue.saved_filters,
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
        Binding("at", "command_log", "log", show=False, id="app.command-log", tooltip="What was done, as commands"),
        Binding("S", "profiles", "switch vault", show=False, id="app.profiles", tooltip="Another profile, or a server"),
        Binding("W", "write", "write", show=False, id="app.write", tooltip="Arm a read-only profile for 15 minutes"),
        Binding(
            "ctrl+z", "suspend_process", show=False, id="app.suspend", tooltip="Back to the shell; `fg` comes back here"
        ),
        Binding("ctrl+l", "redraw", show=False, priority=True, id="app.redraw", tooltip="Draw the whole screen anew"),
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
        configuration: Path | None = None,
        theme: ThemeName | None = None,
        keep_theme: theme_choice.Keep | None = None,
    ) -> None:
        """`configuration` is the file that may name other keys; None leaves every key as it is."""
        super().__init__(
            open_vault, profile, clock, first_mode=first_mode, configuration=configuration, glimpse=glimpse
        )
        self.HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-wide")]
        self.VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-tall"), (34, "-roomy")]
        self.over = over
        """The range that the monitor looks over."""
        self.ending = False
        """Set once it is to end: what is asked still is answered to nobody."""
        self.wants_demo = False
        """Set when the operator left to look around the demo, which is a console of its own."""
        self.wants_profile = ""
        """Set when the operator left for another vault."""
        self.keystrokes = Keystrokes(self)
        self._chosen_theme, self._keep_theme = theme, keep_theme
        theme_choice.register(self)
        self.theme = theme_choice.first_theme(theme, no_color=self.no_color)

    def run_until_left(self) -> int:
        """Show the console until the operator or a signal ends it; the exit code."""
        colours = self.console.color_system
        self.theme = theme_choice.first_theme(self._chosen_theme, no_color=self.no_color, colours=colours)
        left_with = self.run()
        return left_with if left_with is not None else self.return_code or 0

    def exit(self, result: int | None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        self.ending = True
        super().exit(result, return_code, message)

    def end_once_let_go(self, code: int) -> None:
        """End with an exit code once every screen lets go; one that holds a secret asks."""
        self._once_let_go(partial(self.exit, code))

    def on_mount(self) -> None:
        if not self.is_headless:
            Endings(self).listen()

    def why_not(self, action: str, node: DOMNode | None) -> WhyNot | None:
        """Why an action, as a binding of `node` names it, cannot be done now; None when it can."""
        name = parse(action)[1]
        asked: object = node
        if asked is not self and isinstance(asked, Explaining):
            return asked.why_not(name)
        return self.connection.why_forbidden(name)

    async def on_event(self, event: events.Event) -> None:
        """What is typed is handled in its turn."""
        if (
            isinstance(event, events.Key | events.Paste)
            and not event.is_forwarded
            and not self.keystrokes.have_turn(event)
        ):
            return
        await super().on_event(event)

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

    def action_command_log(self) -> None:
        """Show what was done here, as the commands that would do the same."""
        self._show_once(catalogue.command_log())

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

    def action_help_quit(self) -> None:
        """At ctrl+c: how to quit. Where a secret is shown that is shown once, or a change is on its way, as q does."""
        if self.secret_at_hand or self.connection.flight.locked():
            self.action_leave()
        else:
            quits, back = self.key_of("app.quit", "q"), self.key_of("screen.back", "esc")
            tell(self, f"{quits} quits, {back} goes back", "ctrl+c ends nothing here", "warning")

    def leave_for(self, profile: str) -> None:
        """Leave for another vault, once every screen lets go. Each vault has a console of its own."""
        self._end(profile)

    def _end(self, profile: str = "") -> None:
        """End once every screen lets go, for another vault or for good. Not in the middle of a change: its screen may
        have been left, and nobody would hear what came of it.
        """
        if self.connection.flight.locked():
            tell(self, "a change is still on its way", "quit once it has landed: that is told here", "warning")
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
        """The themes, and a screenshot where no secret can be on it."""
        for command in super().get_system_commands(screen):
            if command.title == "Screenshot" and not self.secret_at_hand:
                yield command
        if self.profile.server is not None:
            yield SystemCommand("Token", "Use another token for this server", self.action_token)
        yield from theme_choice.commands(self)

    def choose_theme(self, name: ThemeName) -> None:
        """Change to a theme, and keep it for the next start."""
        theme_choice.choose(self, name, self._keep_theme)

    def _handle_exception(self, error: Exception) -> None:
        """End for a fault of ours; not for a widget that was taken away while it came, Textual's own among them.

        Such a one has no parts to find, and nobody sees it any more. It goes with what it is a part of; one that can be
        taken away by itself looks first whether it goes, because Textual keeps what failed in its place.
        """
        if not (isinstance(error, NoMatches | MountError) and self._goes(active_message_pump.get(self))):
            super()._handle_exception(error)

    def _goes(self, pump: MessagePump) -> bool:
        return self.ending or (isinstance(pump, DOMNode) and pump._pruning)

    def _fatal_error(self) -> None:
        """End without a traceback: its locals could hold anything that was being handled."""
        self._return_code = FAULT_EXIT
        fault = type(self._exception).__name__ if self._exception is not None else "an unknown fault"
        self.panic(Text(f"keytui made a mistake ({fault}) and has stopped. Nothing half-done is lost: start it again."))

    async def action_quit(self) -> None:
        """Quit, once every screen lets go."""
        self._end()
