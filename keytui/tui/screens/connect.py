"""Naming a team's server: its address, and where the operator's token stands. No token is written into a file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Checkbox, Input, Label

from keytui.domain.errors import Invalid, KeytuiError, Refused
from keytui.domain.references import Place, parse_reference
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.tui.fields import is_field
from keytui.tui.screens.base import VaultScreen
from keytui.tui.widgets.scrolling import Scrolling
from keytui.tui.widgets.secret import SecretField
from keytui.tui.widgets.tick import Tick
from keytui.tui.widgets.words import Words
from keytui.vault.profile import configuration_path, profile_names
from keytui.vault.profile_entries import add_entry
from keytui.vault.system_keyring import forget_in_keyring, keep_in_keyring
from keytui.vault.team_server import TeamServer

if TYPE_CHECKING:
    from keytui.tui.keystrokes import Typed

_FIELDS: Final = (
    ("name", "prod"),
    ("url", "https://keys.example.com"),
    ("token", "env:VAR, file:PATH, command:…, or keyring:NAME with the token below"),
    ("certificates", "a PEM file of authorities; empty: the system's"),
)
_PLACES: Final = tuple(f"{place}:" for place in Place)


class ConnectScreen(VaultScreen[None]):
    """A form; it writes `[profiles.NAME]` and leaves for that vault."""

    CSS_PATH = "import_file.tcss"
    SHOWS_SECRET: ClassVar[bool] = True
    ALLOW_SELECT: ClassVar[bool] = False
    AUTO_FOCUS: ClassVar[str | None] = "#name"
    BINDING_GROUP_TITLE = "Connecting to a server"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "leave", id="connect.leave", tooltip="Leave; nothing is written"),
    ]

    def body(self) -> ComposeResult:
        with Scrolling(id="form", can_focus=False):
            yield Label(Content("Connect to a team's server"), id="title")
            for name, hint in _FIELDS:
                with Horizontal(classes="field"):
                    yield Label(Content(name), classes="label")
                    yield Input(placeholder=hint, compact=True, id=name)
            with Horizontal(classes="field"):
                yield Label(Content("for keyring:"), classes="label")
                yield SecretField("the token itself, masked", id="secret")
            yield Tick("production: opens read-only until it is armed", value=True, compact=True, id="production")
            yield Words(Content.styled("keytui profiles add NAME URL --token-… does the same", "$quiet"), id="said")
            with Horizontal(id="buttons"):
                yield Button(Content("Leave"), id="leave", compact=True)
                yield Button(Content("Connect"), id="do", compact=True)

    def hears_ahead(self, typed: Typed) -> bool:
        """Its first field, a name, is none that shows a secret."""
        return is_field(self.focused)

    def _text(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value.strip()

    @on(Input.Changed, "#token")
    def _keep_tokens_out(self, event: Input.Changed) -> None:
        """Pasted where the place belongs, a token would stand there in the clear."""
        text = event.value.lstrip()
        if not any(text.startswith(place) or place.startswith(text) for place in _PLACES):
            event.input.value = ""
            self._say("✗ here goes where the token stands, as keyring:NAME; the token goes below, masked", "$error")

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    @on(Button.Pressed, "#leave")
    def _leave(self) -> None:
        self.action_back()

    @on(Button.Pressed, "#do")
    async def _connect(self) -> None:
        name, secret = self._text("name"), self.query_one(SecretField).take()
        try:
            entry = self._entry()
            await asyncio.to_thread(_write, name, entry, secret)
        except KeytuiError as error:
            self._say(f"✗ {harmless(error.message)}\n  {harmless(error.hint)}", "$error")
        else:
            self.console.leave_for(name)

    def _entry(self) -> dict[str, str | bool]:
        certificates = self._text("certificates")
        server = TeamServer(self._text("url"), parse_reference(self._text("token")), certificates)
        entry: dict[str, str | bool] = {"url": server.url, "token": str(server.token)}
        if certificates:
            entry["certificates"] = str(Path(certificates).expanduser().absolute())
        if self.query_one("#production", Checkbox).value:
            entry["production"] = True
        return entry

    def _say(self, words: str, style: str) -> None:
        self.query_one("#said", Words).say(Content.styled(words, style))


def _write(name: str, entry: dict[str, str | bool], secret: Secret) -> None:
    """Write the profile, and keep the token where the profile says: in the keyring, or nowhere."""
    token = parse_reference(str(entry["token"]))
    if token.place is Place.KEYRING and not secret:
        raise Invalid("keyring: needs the token that is to be kept there", "paste it into the field below, masked")
    if token.place is not Place.KEYRING and secret:
        raise Invalid(
            f"{token.place}: says where the token stands, so it is not kept here", "take it out of the field below"
        )
    if not secret:
        add_entry(configuration_path(), name, entry)
        return
    if name in profile_names():
        raise Refused(f"there is a profile {name} already", "choose another name, or `keytui profiles remove` that one")
    keep_in_keyring(token.name, secret)
    try:
        add_entry(configuration_path(), name, entry)
    except KeytuiError:
        forget_in_keyring(token.name)
        raise
