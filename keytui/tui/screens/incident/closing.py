"""The form that ends an incident: what it was, what was done, what is learned, and whether the load is back."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Input, Label

from keytui.domain.incidents import Closing, Incident, IncidentDetail, load_in_words
from keytui.domain.text import harmless
from keytui.tui.command_lines import for_closing
from keytui.tui.screens.base import Dialog
from keytui.tui.widgets.scrolling import Scrolling

_FIELDS: Final = (
    ("cause", "how it came about"),
    ("remediation", "what was done about it"),
    ("lessons", "what is done otherwise from now on"),
)
_OVERRIDE: Final = "the load is not back: why it is closed all the same"


class CloseIncidentDialog(Dialog[Incident | None]):
    """The result is the closed incident, or None. What the vault refuses is said here, and nothing typed is lost."""

    AUTO_FOCUS: ClassVar[str | None] = "#cause"

    def __init__(self, detail: IncidentDetail) -> None:
        super().__init__()
        self._detail = detail

    @property
    def _back(self) -> bool:
        return all(load.back for load in self._detail.load)

    def body(self) -> ComposeResult:
        with Scrolling(id="dialog", can_focus=False):
            yield Label(Content(f"Close incident #{self._detail.incident.id}?"), id="title")
            mark = ("✓ ", "$success") if self._back else ("▲ ", "bold $warning")
            yield Label(Content.assemble(mark, harmless(load_in_words(self._detail.load))), id="load")
            for name, label in (*_FIELDS, *([] if self._back else [("override", _OVERRIDE)])):
                yield Label(Content(label), classes="asks")
                yield Input(id=name, compact=True)
            yield Label(id="closed")
            with Horizontal(id="buttons"):
                yield Button("Leave it open", id="keep", compact=True)
                yield Button("Close it", id="act", compact=True, disabled=True)

    def _value(self, name: str) -> str:
        found = self.query(f"#{name}")
        return found.first(Input).value.strip() if found else ""

    @on(Input.Changed)
    def _typed(self) -> None:
        self._draw_act()

    def recheck(self) -> None:
        """A profile that is read-only again closes it."""
        super().recheck()
        self._draw_act()

    def _draw_act(self) -> None:
        closed = self.why_not("close_incident")
        for button in self.query("#act").results(Button):
            button.disabled = closed is not None or not all(field.value.strip() for field in self.query(Input))
        for label in self.query("#closed").results(Label):
            label.display = closed is not None
            if closed is not None:
                words = f"{harmless(closed.reason)}; {harmless(closed.way_out)}"
                label.update(Content.assemble(("▲ ", "$warning"), words))

    @on(Input.Submitted)
    def _next_field(self) -> None:
        self.focus_next()

    @on(Button.Pressed, "#keep")
    def _keep(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#act")
    def _act(self) -> None:
        closing = Closing(*(self._value(name) for name in ("cause", "remediation", "lessons", "override")))
        number = self._detail.incident.id
        self.change(
            lambda vault: vault.close_incident(number, closing), self._ended, command=for_closing(number, closing)
        )

    def _ended(self, incident: Incident) -> None:
        self.dismiss(incident)
