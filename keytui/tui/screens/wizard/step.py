"""What every step of the wizard is: a scrolling column that holds the focus, so that its keys are the ones that act."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar, cast

from keytui.tui.permissions import WhyNot
from keytui.tui.screens.wizard.targets_panel import TargetsPanel, TargetTold
from keytui.tui.widgets.scrolling import Scrolling
from keytui.vault.model import RotationDetail
from keytui.vault.protocol import Vault

if TYPE_CHECKING:
    from keytui.tui.screens.wizard.screen import WizardScreen

Answer = TypeVar("Answer")


class StepBody(Scrolling):
    """One step. `draw` hands it the rotation as it stands, also before it is mounted; `tick` comes once a second."""

    DEFAULT_CSS = """
    StepBody { height: 1fr; width: 1fr; padding: 0 1; scrollbar-gutter: stable; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._wizard: WizardScreen | None = None
        self.detail: RotationDetail | None = None

    @property
    def wizard(self) -> WizardScreen:
        """The screen around it, typed: also for an answer that comes when the step has made room for the next."""
        if self._wizard is None:
            self._wizard = cast("WizardScreen", self.screen)
        return self._wizard

    @property
    def now(self) -> datetime:
        """The console's clock."""
        return self.wizard.console.clock()

    def why_not(self, action: str) -> WhyNot | None:
        """Why an action of this step cannot be done now; None when it can. A step adds what its state forbids."""
        return self.wizard.console.connection.why_forbidden(action)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """None shows it disabled. Pressing it says why."""
        return None if self.why_not(action) else super().check_action(action, parameters)

    @property
    def goes_on_alone(self) -> bool:
        """Whether the change that is on its way needs nobody here: what comes of it is no secret, and is told later."""
        return False

    def draw(self, detail: RotationDetail | None) -> None:
        """Take the rotation as it stands; None before it is opened."""
        before, self.detail = self.detail, detail
        if self.here:
            if _what_allows(before) != _what_allows(detail):
                self.refresh_bindings()
            self.show()

    @property
    def here(self) -> bool:
        """Whether this step is drawn: not before it is mounted, and not while it makes room for the next."""
        return self.is_mounted and self.is_attached and not self.gone

    @property
    def gone(self) -> bool:
        """Whether this step makes room for the next, or has: what is in a step leaves the screen before the step does.

        An answer may come before the step is `here`, and is drawn all the same.
        """
        return not self.display

    def on_mount(self) -> None:
        """One that makes room for the next before it is mounted never gets what it is composed of."""
        if not self.gone:
            self.refresh_bindings()
            self.show()

    def on_resize(self) -> None:
        self.call_after_refresh(self.time_passed)

    def time_passed(self) -> None:
        """A second went by, or the width changed."""
        if self.here:
            self.tick()

    def show(self) -> None:
        """Draw what is known."""

    def tick(self) -> None:
        """Draw again what depends on the time."""

    def ask_again(self) -> None:
        """The operator asked for everything anew, what is outside the vault too."""

    def on_target_told(self, message: TargetTold) -> None:
        for panel in self.query(TargetsPanel):
            panel.take(message.told)
            panel.draw(self.now)

    def act(self, action: Callable[[Vault], Answer], done: str, *, command: str) -> None:
        """Change the vault as `command` does, say that it is done, and draw what came of it."""

        def then(_: Answer) -> None:
            self.wizard.tell(done)
            self.wizard.reload()

        self.wizard.change(action, then, command=command)


def _what_allows(detail: RotationDetail | None) -> tuple[object, ...]:
    """What decides which keys act. Asking for them again builds the footer anew, so it is done when this changed."""
    return () if detail is None else (detail.rotation, detail.deliveries)
