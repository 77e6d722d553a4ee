"""A key is compromised: what either way costs, the choice, and then what happens, as it happens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Button

from keytui.clock import Clock
from keytui.domain.errors import Invalid, KeytuiError
from keytui.domain.keys import Key
from keytui.domain.rotation import First, Rotation
from keytui.domain.text import harmless
from keytui.tui.command_lines import for_incident, for_keys, same_as
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.wizard.hand_over import HandOverScreen
from keytui.tui.screens.wizard.screen import WizardScreen
from keytui.tui.widgets import row_bindings
from keytui.tui.widgets.scrolling import Scrolling
from keytui.tui.widgets.words import Words
from keytui.tui.wording import ago
from keytui.vault.profile import Profile, configuration_path
from keytui.vault.protocol import Vault

if TYPE_CHECKING:
    from keytui.vault.emergency import Response, Said
    from keytui.vault.emergency_costs import Costs
    from keytui.vault.outside import Outside

_MOST_CALLERS = 8


class Happened(Message):
    """One more line of what happens."""

    def __init__(self, said: Said) -> None:
        super().__init__()
        self.said = said


class RespondScreen(VaultScreen[int | None]):
    """The choice is on the screen that has the costs; nothing is done before it, and the focus is on doing nothing.

    The result is the number of the incident that was opened or gone on with.
    """

    CSS_PATH = "incident.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#keep"
    BINDING_GROUP_TITLE = "A compromised key"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("X", "respond('revoke')", "revoke first", id="respond.revoke", tooltip="The old secret ends at once"),
        Binding("R", "respond('replace')", "replace first", id="respond.replace", tooltip="The new one is out first"),
        Binding("O", "respond('on')", "go on", id="respond.go-on", tooltip="Where one way is left"),
        Binding("H", "by_hand", "by hand", id="respond.by-hand", tooltip="Leave the targets alone, or not after all"),
        *row_bindings.IN_TEXT,
    ]

    def __init__(self, key: Key) -> None:
        super().__init__()
        self._key = key
        self._costs: Costs | None = None
        self._lines: list[Content] = []
        self._incident_id = 0
        self._chosen = False
        self._by_hand = False
        """Whether the targets are left alone, as the operator said: the next screen hands the new secret over."""

    def body(self) -> ComposeResult:
        name = f"{harmless(self._key.name)}   {harmless(self._key.environment)}"
        yield Words(Content.assemble(("‼ ", "bold $error"), (f"{name} is compromised", "bold")), id="heading")
        with Scrolling(id="emergency"):
            yield Words("◌ asking the vault …", id="costs")
            yield Words(id="progress")
        yield Words(id="closed")
        with Horizontal(id="buttons"):
            yield Button("Not now", id="keep", compact=True)
            yield Button("Revoke first", id="revoke", compact=True, disabled=True)
            yield Button("Replace first", id="replace", compact=True, disabled=True)
            yield Button("Go on", id="go-on", compact=True, disabled=True)

    def on_mount(self) -> None:
        self._look()

    def _look(self) -> None:
        act = partial(_look, self._key.id, self.console.profile, self.console.clock, by_hand=self._by_hand)
        self.ask(act, self._seen, slot="costs")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "by_hand" and (self._chosen or not self._key.targets):
            return False
        if action == "respond" and (parameters == ("on",)) is not self._only_goes_on:
            return False
        return super().check_action(action, parameters)

    @property
    def _only_goes_on(self) -> bool:
        """Whether there is nothing to choose: an emergency that was begun goes on, whatever comes first."""
        return self._costs is not None and self._costs.only_goes_on

    def action_by_hand(self) -> None:
        """Say what it costs that way; nothing is done yet."""
        self._by_hand = not self._by_hand
        self._look()

    def _seen(self, costs: Costs) -> None:
        self._costs = costs
        if self._chosen:
            return
        self.query_one("#costs", Words).say(
            Content("\n").join([_costs(costs, by_hand=self._by_hand), Content(""), self._same_as(costs)])
        )
        self._draw_choice()
        self.refresh_bindings()

    def _same_as(self, costs: Costs) -> Content:
        options = ("--first", "revoke", *(("--no-deliver",) if self._by_hand else ()))
        return same_as(self.console.profile, for_keys("incident", [costs.key], *options))

    def recheck(self) -> None:
        """A role, or a profile that is read-only again, closes the choice."""
        super().recheck()
        self._draw_choice()

    def _draw_choice(self) -> None:
        closed = self.why_not("respond")
        for button in self.query("#revoke, #replace, #go-on").results(Button):
            button.disabled = self._costs is None or closed is not None
            button.display = not self._chosen and (button.id == "go-on") is self._only_goes_on
        for words in self.query("#closed").results(Words):
            words.display = closed is not None
            if closed is not None:
                told = f"{harmless(closed.reason)}; {harmless(closed.way_out)}"
                words.say(Content.assemble(("▲ ", "$warning"), told))

    @on(Button.Pressed, "#keep")
    def _keep(self) -> None:
        self.action_back()

    @on(Button.Pressed, "#revoke")
    def _revoke(self) -> None:
        self.action_respond("revoke")

    @on(Button.Pressed, "#replace")
    def _replace(self) -> None:
        self.action_respond("replace")

    @on(Button.Pressed, "#go-on")
    def _go_on(self) -> None:
        self.action_respond("on")

    @on(Button.Pressed, "#open")
    def _open(self) -> None:
        self._show_incident()

    def action_move(self, by: int) -> None:
        self._text.action_move(by)

    def action_turn_page(self, by: int, parts: int = 1) -> None:
        self._text.action_turn_page(by, parts)

    def action_first(self) -> None:
        self._text.action_first()

    def action_last(self) -> None:
        self._text.action_last()

    @property
    def _text(self) -> Scrolling:
        """What the keys move, which has no focus: the harmless button has it."""
        return self.query_one(Scrolling)

    def action_respond(self, way: str) -> None:
        """Do it, once. `on` is the one way that is left: the old version is revoked, so nothing is to be waited for."""
        if self._costs is None or self._chosen or self.why_not("respond") is not None:
            return
        first = First.REVOKE if way == "on" else First(way)
        self._chosen = True
        self._draw_choice()
        self.query_one("#costs", Words).say(Content(harmless(self._costs.of(first))))
        act = partial(
            _respond,
            self._key.id,
            first,
            profile=self.console.profile,
            clock=self.console.clock,
            tell=self._tell,
            by_hand=self._by_hand,
        )
        self.change(
            act,
            self._done,
            self._not_done,
            command=for_incident(self._key, first, by_hand=self._by_hand),
            outcome=lambda response: f"stopped: {response.failure.message}" if response.failure is not None else "",
        )

    def _tell(self, said: Said) -> None:
        """Called in the thread that does it."""
        self.post_message(Happened(said))

    @on(Happened)
    def _happened(self, message: Happened) -> None:
        said = message.said
        mark, style = ("✓", "$success") if said.well else ("✗", "bold $error")
        seconds = f"{said.after.total_seconds():5.1f} s  "
        self._add(
            Content.assemble(
                (f"{mark} ", style), (seconds, "$quiet"), (harmless(said.text), "" if said.well else style)
            )
        )

    def _add(self, line: Content) -> None:
        self._lines.append(line)
        self.query_one("#progress", Words).say(Content("\n").join(self._lines))
        self.query_one("#emergency").scroll_end(animate=False)

    def _not_done(self, error: KeytuiError) -> None:
        """Nothing was begun: the choice is open again."""
        self._chosen = False
        self._draw_choice()
        self.report(error)

    def _done(self, response: Response) -> None:
        self._incident_id = response.incident.id
        failure = response.failure
        if failure is not None:
            self._add(
                Content.assemble(
                    (f"✗ {harmless(failure.message)}\n", "bold $error"), (harmless(failure.hint), "$quiet")
                )
            )
        if response.issued is not None:
            rotation = response.issued.rotation
            screen = HandOverScreen(response.issued, by_hand=self._by_hand)
            self.app.push_screen(screen, partial(self._handed_over, rotation))
            return
        keep = self.query_one("#keep", Button)
        keep.display = False
        opened = Button(f"Open incident #{self._incident_id}", id="open", compact=True)
        self.query_one("#buttons", Horizontal).mount(opened)
        opened.focus()

    def _handed_over(self, rotation: Rotation | None, done: bool | None) -> None:
        """Where it was replaced first, the stolen version is accepted until somebody sees to its end."""
        if done and rotation is not None and rotation.plan.first is First.REPLACE:
            self.app.push_screen(WizardScreen(rotation_id=rotation.id), lambda _: self._show_incident())
        else:
            self._show_incident()

    def _show_incident(self) -> None:
        self.dismiss(self._incident_id)


def _outside(vault: Vault, key_id: str, profile: Profile, *, by_hand: bool) -> Outside:
    """The systems around the key; none where the configuration cannot be read, which is in no emergency's way."""
    from keytui.vault.outside import nothing_outside, outside_of  # noqa: PLC0415  # connectors come after the first paint
    from keytui.vault.sealed_references import with_sealed  # noqa: PLC0415  # as above

    key = vault.detail(key_id).summary.key
    server = profile.server.host if profile.server is not None else ""
    if by_hand:
        return nothing_outside(key, server)
    try:
        return outside_of(configuration_path(), key, server, with_sealed(vault))
    except Invalid:
        return nothing_outside(key, server)


def _look(key_id: str, profile: Profile, clock: Clock, vault: Vault, *, by_hand: bool) -> Costs:
    from keytui.vault.emergency_costs import costs_of  # noqa: PLC0415  # as above

    return costs_of(vault, _outside(vault, key_id, profile, by_hand=by_hand), clock())


def _respond(
    key_id: str,
    first: First,
    vault: Vault,
    *,
    profile: Profile,
    clock: Clock,
    tell: Callable[[Said], None],
    by_hand: bool,
) -> Response:
    from keytui.vault.emergency import Emergency  # noqa: PLC0415  # as above

    outside = _outside(vault, key_id, profile, by_hand=by_hand)
    return Emergency(vault, outside, first, clock, tell, by_hand).respond()


def _costs(costs: Costs, *, by_hand: bool) -> Content:
    """Both ways or the one that is left, with who uses the key and where the new secret goes."""
    lines = [
        *_ways(costs),
        Content.assemble(
            ("goes to  ", "$quiet"), harmless(", ".join(costs.targets) or "you: the next screen hands it over")
        ),
    ]
    if by_hand:
        names = harmless(", ".join(costs.missing))
        lines.append(Content.assemble(("▲ ", "$warning"), f"left alone, as you said: {names}; H delivers after all"))
    elif costs.missing:
        names = harmless(", ".join(costs.missing))
        lines.append(
            Content.assemble(("▲ ", "$warning"), f"not delivered from here: {names}; `keytui systems check` says why")
        )
    if costs.begun is not None:
        lines.append(Content.assemble(("▲ ", "$warning"), harmless(costs.of_the_open_one)))
    for use in costs.callers[:_MOST_CALLERS]:
        seen = ago(use.last_seen, costs.asked_at)
        lines.append(
            Content.assemble(("uses it  ", "$quiet"), f"{harmless(use.caller.name)} with v{use.version}, ", seen)
        )
    return Content("\n").join(lines)


def _ways(costs: Costs) -> list[Content]:
    if costs.only_goes_on:
        return [Content.assemble(("O  go on  ", "bold $accent"), harmless(costs.of(First.REVOKE))), Content("")]
    return [
        Content.assemble(("X  revoke first   ", "bold $accent"), harmless(costs.of(First.REVOKE))),
        Content(""),
        Content.assemble(("R  replace first  ", "bold $accent"), harmless(costs.of(First.REPLACE))),
        Content(""),
    ]
