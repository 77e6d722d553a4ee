"""What every screen of the console has: the status line, a way to ask the vault, a way back, and errors as words."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.reactive import Reactive
from textual.screen import ModalScreen, Screen, ScreenResultType
from textual.widget import Widget

from keytui.domain.errors import KeytuiError, Refused
from keytui.domain.text import harmless
from keytui.tui.asking import Answered, answer
from keytui.tui.command_log import DONE
from keytui.tui.fields import is_button, is_field, stand_still
from keytui.tui.notices import Severity, copy_or_help_quit, tell
from keytui.tui.permissions import WhyNot
from keytui.tui.widgets.key_footer import KeyFooter
from keytui.tui.widgets.status_line import Link, Status, StatusLine

if TYPE_CHECKING:
    from keytui.tui.app import Console
    from keytui.tui.keystrokes import Typed
    from keytui.vault.model import Changes
    from keytui.vault.protocol import Vault

Answer = TypeVar("Answer")


class VaultScreen(Screen[ScreenResultType], Generic[ScreenResultType]):
    """A screen that asks the vault. Subclasses give `body()`; `fed()` hears of changes while the screen is shown."""

    BINDING_GROUP_TITLE = "On a screen above a mode"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", show=False, id="screen.back", tooltip="Go back; nothing is lost"),
    ]
    SHOWS_SECRET: ClassVar[bool] = False
    """Whether a secret can be seen here: screenshots are off then, and ALLOW_SELECT belongs to be False."""

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """What gets the focus and what loses it draw themselves. Textual would draw the whole screen for it."""

    def __init__(self) -> None:
        super().__init__()
        self._turns: dict[str, int] = {}
        self._missed: Changes | None = None
        self._changing = False
        self._disabled: frozenset[str] = frozenset()
        """What the footer shows disabled."""

    @property
    def console(self) -> Console:
        """The app, typed."""
        return cast("Console", self.app)

    def ask(
        self,
        question: Callable[[Vault], Answer],
        then: Callable[[Answer], None],
        failed: Callable[[KeytuiError], None] | None = None,
        *,
        slot: str = "",
        command: str = "",
        unasked: bool = False,
    ) -> None:
        """Ask the vault in a thread; `then` or `failed` runs here with what came of it. The default is `unanswered`, or
        `report` with a `command`.

        Only the newest question of a named slot is answered. A screen that is gone hears nothing. Before the vault is
        open, the question waits for it. One that leaves something behind, as a file, is logged with its `command`.
        Where it takes long the status line says so, but for an `unasked` one, which no key has begun.
        """
        console = self.console
        failed = failed or (self.report if command else self.unanswered)
        if command:
            then, failed = self._logged(command, then, failed, None)
        turn = self._turns[slot] = self._turns.get(slot, 0) + 1
        over = None if unasked else console.waiting.begin()

        def work() -> None:
            deliver = answer(lambda: question(console.vault), then, failed)
            if over is not None:
                console.call_later(over)
            self.post_message(Answered(deliver, slot, turn))

        begin = partial(console.run_worker, work, thread=True, exit_on_error=False, group="asking")
        console.connection.once_open(begin)

    def change(
        self,
        action: Callable[[Vault], Answer],
        then: Callable[[Answer], None],
        failed: Callable[[KeytuiError], None] | None = None,
        *,
        command: str,
        outcome: Callable[[Answer], str] | None = None,
    ) -> None:
        """Change the vault in a thread, one change at a time in the whole console. A second one is refused in words.

        `command` does the same, and stands in the command log: a line or several, without a secret. `outcome` says of
        an answer why not all of it was done; "" when it was.

        The work belongs to the app: leaving the screen does not cancel a change that is on its way, and what came of it
        is heard all the same.
        """
        console = self.console
        if not console.connection.flight.acquire(blocking=False):
            return (failed or self.report)(Refused("another change is still on its way", "wait until it has landed"))

        told, refused = self._logged(command, then, failed or self.report, outcome)
        over = console.waiting.begin()

        def work() -> None:
            try:
                deliver = answer(lambda: action(console.vault), told, refused)
            finally:
                console.connection.flight.release()
                console.call_later(over)
            landed = partial(self._landed, deliver)
            if not self.post_message(Answered(landed, "", 0)):
                console.call_later(landed)

        self._changing = True
        console.run_worker(work, thread=True, exit_on_error=False, group="changing")
        return None

    def _logged(
        self,
        command: str,
        then: Callable[[Answer], None],
        failed: Callable[[KeytuiError], None],
        outcome: Callable[[Answer], str] | None,
    ) -> tuple[Callable[[Answer], None], Callable[[KeytuiError], None]]:
        """Both ways on, with what came of it in the command log first."""
        log = self.console.command_log
        number = log.begin(command)

        def done(answered: Answer) -> None:
            log.end(number, (outcome(answered) if outcome is not None else "") or DONE)
            then(answered)

        def refused(error: KeytuiError) -> None:
            log.end(number, f"refused: {harmless(error.message)}")
            failed(error)

        return done, refused

    def _landed(self, deliver: Callable[[], None]) -> None:
        self._changing = False
        deliver()

    def on_answered(self, message: Answered) -> None:
        gone = not self.display and bool(message.turn)  # a change is heard by a screen that goes, too
        if self.console.ending or gone:
            return  # what would be drawn on may be gone already
        if not message.slot or message.turn == self._turns[message.slot]:
            message.deliver()

    def why_not(self, action: str) -> WhyNot | None:
        """Why an action of this screen cannot be done now; None when it can. A screen adds what its state forbids."""
        return self.console.connection.why_forbidden(action)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """None shows it disabled. Pressing it says why."""
        return None if self.why_not(action) else super().check_action(action, parameters)

    def recheck(self) -> None:
        """What can be done may have changed: if it has, draw the footer anew."""
        if self._now_disabled() != self._disabled:
            self.refresh_bindings()

    def _now_disabled(self) -> frozenset[str]:
        shown = (active for active in self.active_bindings.values() if active.binding.show)
        return frozenset(active.binding.action for active in shown if not active.enabled)

    def _footer_drawn(self, _: Screen[object]) -> None:
        self._disabled = self._now_disabled()

    def _recheck_shown(self, _: Status) -> None:
        if self.is_current:
            self.recheck()

    def unanswered(self, error: KeytuiError) -> None:
        """Report why there is no answer. Below another screen not that the vault is away: the status line says so."""
        if self.is_current or self.console.status.link is Link.CONNECTED:
            self.report(error)

    def report(self, error: KeytuiError) -> None:
        """Show an error with its way out; nothing in it is parsed as markup."""
        self.tell(error.message, error.hint, severity="error")

    def tell(self, message: str, hint: str = "", *, severity: Severity = "information") -> None:
        """A notification over whichever screen is on top."""
        tell(self.console, message, hint, severity)

    def on_mount(self) -> None:
        self.console.fed.subscribe(self, self._feed)
        self.console.status_changed.subscribe(self, self._recheck_shown)
        self.bindings_updated_signal.subscribe(self, self._footer_drawn)

    def hears_ahead(self, typed: Typed) -> bool:
        """What was typed before this screen could be seen is for it; but opens nothing, and shows no secret."""
        blind = isinstance(typed, events.Key) and typed.key == "enter" and not is_field(self.focused)
        return not (blind or self.SHOWS_SECRET or is_button(self.focused))

    @on(events.DescendantFocus)
    def _no_blinking(self, event: events.DescendantFocus) -> None:
        """A field's cursor stands still: a blinking one writes to the terminal twice a second."""
        stand_still(event.widget)

    def on_screen_suspend(self) -> None:
        self.console.keystrokes.busy(self)

    def on_screen_resume(self) -> None:
        self.console.keystrokes.comes(self)
        self.call_after_refresh(self.console.keystrokes.shown, self)
        self.recheck()
        if self._missed is not None:
            missed, self._missed = self._missed, None
            self.fed(missed)

    def _feed(self, changes: Changes) -> None:
        if self.is_current:
            self.fed(changes)
            return
        self._missed = changes if self._missed is None else self._missed.and_then(changes)

    def fed(self, changes: Changes) -> None:
        """Something moved in the vault. Ask again for what this screen shows of it; called while it is shown."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close this screen, once, and what stands above it. Textual's own closes whichever screen is on top.

        The root of a mode stays: there is nothing behind it.
        """
        if self not in self.app.screen_stack[1:]:
            return AwaitComplete()
        while self.app.screen is not self:
            self.app.pop_screen()
        return super().dismiss(result)

    def action_copy_text(self) -> None:
        copy_or_help_quit(super().action_copy_text, self.console)

    def action_back(self) -> None:
        """Close this screen, if it lets go."""
        self.may_leave(lambda: self.dismiss(None))

    def may_leave(self, go: Callable[[], object]) -> None:
        """Asked before this screen is left, for another mode too. Call `go` at once, or after asking the operator.

        While a change of this screen is on its way nobody leaves: its answer may be a secret that is told once.
        """
        if self._changing:
            self.tell("a change is still on its way", "wait until it has landed", severity="warning")
        else:
            go()

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield from self.body()
        yield KeyFooter()

    def body(self) -> ComposeResult:
        """What stands between the status line and the keys."""
        yield from ()


class Dialog(VaultScreen[ScreenResultType], ModalScreen[ScreenResultType], Generic[ScreenResultType]):
    """A small screen over another. Its body is in one container with the id `dialog`; the harmless button has focus."""

    def on_mount(self) -> None:
        """What was said before stays on the screen below: here it would lie over the buttons."""
        self.app.clear_notifications()

    def hears_ahead(self, typed: Typed) -> bool:
        """What was typed before this dialog could be seen is for its first field; without one it is for nothing."""
        return is_field(self.focused)

    def on_descendant_focus(self) -> None:
        self._reveal_focused()

    def on_resize(self) -> None:
        self.call_after_refresh(self._reveal_focused)

    def _reveal_focused(self) -> None:
        """Textual takes what lies under the docked buttons for seen."""
        if self.focused is not None:
            self.focused.scroll_visible(animate=False)

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield from self.body()
