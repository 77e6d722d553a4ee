"""The forms of a key: a new one, and what may change of an old one. The command line below says the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from uuid import uuid4

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Checkbox, Input, Label

from keytui.domain.durations import parse_duration
from keytui.domain.errors import Invalid, KeytuiError
from keytui.domain.keys import BUILTIN, Key, KeyDraft, KeyEdit
from keytui.domain.text import harmless
from keytui.tui.command_lines import for_create, for_edit, same_as
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.wizard.hand_over import HandOverScreen
from keytui.tui.widgets.scrolling import Scrolling
from keytui.tui.widgets.tick import Tick
from keytui.tui.widgets.words import Words
from keytui.vault.model import Issued


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a form."""

    name: str
    label: str
    hint: str = ""


_NAME = Field("name", "name", "checkout-api")
_ENVIRONMENT = Field("environment", "environment", "production")
_OWNER = Field("owner", "owner", "the team that answers for it")
_SCOPES = Field("scopes", "scopes", "bookings:read, bookings:write")
_APPS = Field("apps", "applications", "who will use it: web, mobile-bff")
_TARGETS = Field("targets", "targets", "where its secret is delivered, in order: web-env, ci")
_EXPIRES = Field("expires", "expires", "90d or 2027-03-01; empty is never")
_DESCRIPTION = Field("description", "description")
_TENANT = Field("tenant", "tenant")
_ISSUER = Field("issuer", "issuer", "the system that accepts it; empty is keytui's own")
_FORMAT = Field("format", "format", "tk, hk, base64 or PREFIX:ALPHABET:LENGTH")


class KeyForm(VaultScreen[None]):
    """Fields, the same command, and two buttons. The first field has the focus; esc leaves without a change."""

    CSS_PATH = "key_form.tcss"
    TITLE = "Key"
    VERB: ClassVar[str]
    FIELDS: ClassVar[tuple[Field, ...]]
    BINDING_GROUP_TITLE = "In a form"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "down",
            "app.focus_next",
            "next field",
            show=False,
            priority=True,
            id="form.next",
            tooltip="To the next field",
        ),
        Binding(
            "up",
            "app.focus_previous",
            "field before",
            show=False,
            priority=True,
            id="form.before",
            tooltip="A field back",
        ),
        Binding("escape", "back", "leave", id="form.leave", tooltip="Leave the form; nothing changes"),
    ]

    def heading(self) -> str:
        """What the form is about."""
        raise NotImplementedError  # a screen cannot be an ABC: Textual has a metaclass of its own

    def initial(self, field: str) -> str:
        """What a field holds at first."""
        return ""

    def command(self) -> str:
        """The command that does the same; Invalid while the form cannot be read."""
        raise NotImplementedError  # a screen cannot be an ABC: Textual has a metaclass of its own

    def submit(self) -> None:
        """Carry it out."""
        raise NotImplementedError  # a screen cannot be an ABC: Textual has a metaclass of its own

    def body(self) -> ComposeResult:
        with Scrolling(id="form", can_focus=False):
            yield Label(Content(harmless(self.heading())), id="title")
            for field in self.FIELDS:
                with Horizontal(classes="field"):
                    yield Label(Content(field.label), classes="label")
                    yield Input(self.initial(field.name), placeholder=field.hint, compact=True, id=field.name)
            yield Tick("sensitive: its rotations ask for more care", compact=True, id="sensitive")
            yield Words(id="same")
            yield Words(id="wrong")
            with Horizontal(id="buttons"):
                yield Button(Content("Leave"), id="leave", compact=True)
                yield Button(Content(self.VERB), id="do", compact=True)

    def on_mount(self) -> None:
        self._preview()

    def text(self, field: str) -> str:
        """What a field holds, trimmed."""
        return self.query_one(f"#{field}", Input).value.strip()

    def words(self, field: str) -> tuple[str, ...]:
        """What a field of several, parted by commas, holds."""
        return tuple(word.strip() for word in self.text(field).split(",") if word.strip())

    def sensitive(self) -> bool:
        """Whether the box is ticked."""
        return self.query_one("#sensitive", Checkbox).value

    @on(Input.Changed)
    @on(Checkbox.Changed)
    def _preview(self) -> None:
        try:
            command, wrong = self.command(), ""
        except Invalid as error:
            command, wrong = "", f"✗ {error.message}; {error.hint}"
        self.query_one("#same", Words).say(same_as(self.console.profile, command))
        self.query_one("#wrong", Words).say(Content.styled(harmless(wrong), "$error"))

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    @on(Button.Pressed, "#leave")
    def _leave(self) -> None:
        self.action_back()

    @on(Button.Pressed, "#do")
    def _do(self) -> None:
        try:
            self.submit()
        except Invalid as error:
            self.failed(error)

    def failed(self, error: KeytuiError) -> None:
        """Say beside the fields what was wrong; what was typed stays."""
        words = f"✗ {error.message}" + (f"\n  {error.hint}" if error.hint else "")
        self.query_one("#wrong", Words).say(Content.styled("\n".join(map(harmless, words.split("\n"))), "$error"))


class CreateScreen(KeyForm):
    """A new key. Its secret goes to the hand-over and nowhere else."""

    VERB = "Create"
    FIELDS = (_NAME, _ENVIRONMENT, _OWNER, _SCOPES, _APPS, _TARGETS, _EXPIRES, _DESCRIPTION, _TENANT, _ISSUER, _FORMAT)

    def __init__(self) -> None:
        super().__init__()
        self._request_id = uuid4().hex

    def heading(self) -> str:
        return "A new key"

    def _draft(self) -> KeyDraft:
        return KeyDraft(
            name=self.text("name"),
            environment=self.text("environment"),
            owner=self.text("owner"),
            scopes=self.words("scopes"),
            apps=self.words("apps"),
            targets=self.words("targets"),
            expires_at=moment(self.text("expires"), self.console.clock()),
            description=self.text("description"),
            tenant=self.text("tenant"),
            issuer=self.text("issuer") or BUILTIN,
            format=self.text("format") or "tk",
            sensitive=self.sensitive(),
        )

    def command(self) -> str:
        return for_create(self._draft(), self.text("expires"))

    def submit(self) -> None:
        draft, request_id = self._draft(), self._request_id
        self.change(lambda vault: vault.create(draft, request_id), self._created, self.failed, command=self.command())

    def _created(self, issued: Issued) -> None:
        self.app.switch_screen(HandOverScreen(issued))


class EditScreen(KeyForm):
    """What may change of a key. Its environment and its format are what it is, and stay."""

    VERB = "Save"
    FIELDS = (_NAME, _OWNER, _SCOPES, _APPS, _TARGETS, _EXPIRES, _DESCRIPTION)

    def __init__(self, key: Key) -> None:
        super().__init__()
        self._key = key
        expires = key.expires_at
        self._initial = {
            "name": key.name,
            "owner": key.owner,
            "scopes": ", ".join(key.scopes),
            "apps": ", ".join(key.apps),
            "targets": ", ".join(key.targets),
            "expires": f"{expires.astimezone(UTC):%Y-%m-%d}" if expires is not None else "",
            "description": key.description,
        }

    def heading(self) -> str:
        return f"Edit {self._key.name}   {self._key.environment}"

    def initial(self, field: str) -> str:
        return self._initial[field]

    def on_mount(self) -> None:
        self.query_one("#sensitive", Checkbox).value = self._key.sensitive

    def _changed(self, field: str) -> bool:
        return self.text(field) != self._initial[field]

    def _edit(self) -> KeyEdit:
        expires = self.text("expires")
        return KeyEdit(
            name=self.text("name") if self._changed("name") else None,
            owner=self.text("owner") if self._changed("owner") else None,
            scopes=self.words("scopes") if self._changed("scopes") else None,
            apps=self.words("apps") if self._changed("apps") else None,
            targets=self.words("targets") if self._changed("targets") else None,
            description=self.text("description") if self._changed("description") else None,
            sensitive=self.sensitive() if self.sensitive() != self._key.sensitive else None,
            expires_at=moment(expires, self.console.clock()) if self._changed("expires") else None,
            never_expires=self._changed("expires") and not expires,
        )

    def command(self) -> str:
        return for_edit(self._key, self._edit(), self.text("expires"))

    def submit(self) -> None:
        edit = self._edit()
        if edit == KeyEdit():
            raise Invalid("nothing is changed yet", "change a field, or esc to leave")
        key_id = self._key.id
        self.change(lambda vault: vault.edit(key_id, edit), self._saved, self.failed, command=self.command())

    def _saved(self, key: Key) -> None:
        self.tell(f"saved {key.name}")
        self.dismiss(None)


def moment(text: str, now: datetime) -> datetime | None:
    """`90d` from now, or the start of a day, UTC; None for nothing. Invalid for anything else."""
    if not text:
        return None
    if text[:4].isdigit() and "-" in text:
        try:
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        except ValueError:
            raise Invalid(f"not a date: {text!r}", "write it as 2027-03-01, or 90d from now") from None
    return now + parse_duration(text)
