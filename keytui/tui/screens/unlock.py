"""The seal's face: the passphrase that opens sealed values, and the first one when there is none yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Label, Static

from keytui.domain.errors import KeytuiError, Refused
from keytui.domain.text import harmless
from keytui.tui.screens.base import Dialog
from keytui.tui.widgets.secret import SecretField
from keytui.vault.standing import SealState

if TYPE_CHECKING:
    from keytui.tui.keystrokes import Typed


class UnlockDialog(Dialog[bool]):
    """True once sealed values can be read. What is typed is masked, cannot be copied, and is forgotten at once."""

    CSS_PATH = "unlock.tcss"
    SHOWS_SECRET: ClassVar[bool] = True
    ALLOW_SELECT: ClassVar[bool] = False
    AUTO_FOCUS: ClassVar[str | None] = "#passphrase"

    def __init__(self, seal: SealState) -> None:
        super().__init__()
        self._first = seal is SealState.UNSET

    def body(self) -> ComposeResult:
        with Vertical(id="dialog"):
            title, words = _FIRST if self._first else _LOCKED
            yield Label(Content(title), id="title")
            yield Label(Content(words))
            yield Label(Content("passphrase"), classes="asks")
            yield SecretField(id="passphrase")
            if self._first:
                yield Label(Content("the same again"), classes="asks")
                yield SecretField(id="again")
            yield Static(id="wrong", markup=False)
            with Horizontal(id="buttons"):
                yield Button(Content("Leave it locked"), id="keep", compact=True)
                yield Button(Content("Set" if self._first else "Unlock"), id="act", compact=True)

    def hears_ahead(self, typed: Typed) -> bool:
        """A first passphrase is set by who has seen that it is the first: nobody can recover it."""
        return not self._first and super().hears_ahead(typed)

    def on_mount(self) -> None:
        self.query_one("#wrong", Static).update(Content(""))

    @on(Button.Pressed, "#keep")
    def _keep(self) -> None:
        self.action_back()

    def action_back(self) -> None:
        self.may_leave(lambda: self.dismiss(False))

    @on(Input.Submitted, "#passphrase")
    def _entered(self) -> None:
        if self._first:
            self.focus_next()
        else:
            self._act()

    @on(Input.Submitted, "#again")
    @on(Button.Pressed, "#act")
    def _act(self) -> None:
        passphrase = self.query_one("#passphrase", SecretField).take()
        if not self._first:
            self._say("◌ asking …")
            self.change(lambda vault: vault.unlock(passphrase), self._opened, self._failed, command=_UNLOCKED)
        elif self.query_one("#again", SecretField).take() != passphrase:
            self._failed(Refused("the two are not the same", "type it twice"))
        else:
            self.change(
                lambda vault: vault.set_passphrase(passphrase),
                self._opened,
                self._failed,
                command="keytui passphrase set",
            )

    def _opened(self, _: None) -> None:
        self.console.ask_standing()
        self.dismiss(True)

    def _failed(self, error: KeytuiError) -> None:
        self._say(f"✗ {harmless(error.message)}" + (f"\n  {harmless(error.hint)}" if error.hint else ""), "$error")
        self.query_one("#passphrase", SecretField).focus()

    def _say(self, words: str, style: str = "$quiet") -> None:
        self.query_one("#wrong", Static).update(Content.styled(words, style))


_UNLOCKED: Final = "# sealed values were unlocked here; `keytui reveal` asks for the passphrase itself"
_FIRST: Final = (
    "Set the first passphrase",
    "It opens the values that keytui keeps for you. Nobody can recover it; running services never need it.",
)
_LOCKED: Final = (
    "▣ Sealed values are locked",
    "Verifiers and services go on as they are. The passphrase opens the values in this console.",
)
