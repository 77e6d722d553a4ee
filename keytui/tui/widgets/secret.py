"""A secret on the screen: dots until it is asked for, dots again when its time is up, and nothing once it is let go."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Final

from rich.cells import cached_cell_len
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from keytui.clock import Clock, Span
from keytui.domain.secrets import Secret
from keytui.tui.picture import forget_texts

SHOWN_FOR: Final = timedelta(seconds=20)


class SecretLine(Widget):
    """Holds one secret and draws it. Selection is off: what can be marked can be copied."""

    ALLOW_SELECT: ClassVar[bool] = False
    DEFAULT_CSS = """
    SecretLine { height: auto; padding: 0 2; background: $panel; }
    """

    def __init__(self, secret: Secret, clock: Clock) -> None:
        super().__init__()
        self._secret = secret
        self._clock = clock
        self._shown: Span | None = None

    @property
    def shown(self) -> bool:
        """Whether the secret can be read off the screen right now."""
        return self._shown is not None and self._shown.lasts

    def on_mount(self) -> None:
        self.set_interval(1, self._tick)

    def toggle(self) -> None:
        """Show it for its time, or mask it at once."""
        if self.shown:
            self.mask()
        else:
            self._shown = Span(self._clock, SHOWN_FOR)
            self.refresh(layout=True)

    def mask(self) -> None:
        """Draw dots from now on."""
        self._shown = None
        self.refresh(layout=True)
        _forget_drawn()
        self.call_after_refresh(_forget_drawn)  # a frame may have been on its way

    def forget(self) -> None:
        """Let go of the secret for good."""
        self._secret = Secret("")
        self.mask()

    def _tick(self) -> None:
        if self._shown is not None:
            self.refresh(layout=True)
            if not self.shown:
                self.mask()

    def render(self) -> Content:
        if self._shown is None or not self._shown.lasts:
            return Content.assemble("•" * len(self._secret), ("\nmasked: v shows it for 20 s", "$quiet"))
        left = int((self._shown.until - self._clock()).total_seconds())
        return Content.assemble((self._secret.reveal(), "bold"), "\n", (f"masked again in {left} s", "$quiet"))


def _forget_drawn() -> None:
    """What measures texts keeps each of them, to measure it once: the secret too, once it was drawn."""
    cached_cell_len.cache_clear()
    forget_texts()


class SecretField(Input):
    """Takes a secret and gives it up once: masked, never copied out of, emptied as it is read."""

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, placeholder: str = "", id: str | None = None) -> None:  # noqa: A002  # textual's own word
        super().__init__(placeholder=placeholder, password=True, compact=True, id=id, select_on_focus=False)

    def take(self) -> Secret:
        """What was typed or pasted; the field is empty afterwards."""
        taken = Secret(self.value)
        self.value = ""
        return taken

    def action_copy(self) -> None:
        """A masked field is not a way out."""

    def action_cut(self) -> None:
        """A masked field is not a way out."""
