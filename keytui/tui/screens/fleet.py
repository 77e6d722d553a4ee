"""Rotating marked keys in waves: all of them by name first, then as each ends. Too many failures stop it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from threading import Event
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Label

from keytui.domain.errors import Invalid, KeytuiError
from keytui.domain.keys import Key
from keytui.domain.rotation import Plan
from keytui.domain.text import harmless
from keytui.tui.command_lines import for_fleet, same_as
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.confirm import ConfirmDialog, Question
from keytui.tui.screens.fleet_rows import FleetRows
from keytui.tui.screens.wizard.delivery import surroundings
from keytui.tui.widgets.scrolling import Scrolling
from keytui.tui.widgets.system_rows import system_rows
from keytui.tui.widgets.words import Words
from keytui.vault.fleet import Fleet, KeyOutcome, Member, in_waves, wave_size
from keytui.vault.progress import Told
from keytui.vault.protocol import Vault

_WAVE: Final = "10%"
_BUDGET: Final = "0"
Waves = tuple[tuple[Member, ...], ...]


class KeyTold(Message):
    """What a worker heard of one key: of one of its targets, or how its turn ended."""

    def __init__(self, key: Key, told: Told | KeyOutcome) -> None:
        super().__init__()
        self.key = key
        self.told = told


class FleetScreen(VaultScreen[None]):
    """Nothing is done before it is confirmed; what is stopped goes on when the same keys are taken again."""

    CSS_PATH = "fleet.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#fleet"
    BINDING_GROUP_TITLE = "Rotating in waves"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", id="fleet.leave", tooltip="Go back; while it runs, stop after this key"),
        Binding("R", "rotate", "rotate all", id="fleet.rotate", tooltip="Rotate them in waves; asks first"),
    ]

    def __init__(self, keys: Iterable[Key]) -> None:
        super().__init__()
        self._keys = tuple(keys)
        self._rows = FleetRows(self._keys)
        self._members: tuple[Member, ...] | None = None
        self._stop = Event()
        self._runs = False

    def body(self) -> ComposeResult:
        with Scrolling(id="fleet"):
            title = f"Rotate these {len(self._keys)} keys in waves: a canary first, each wave proven before the next"
            yield Words(Content.styled(title, "bold"))
            yield Words(id="rows")
            with Horizontal(classes="field"):
                yield Label("keys in a wave")
                yield Input(_WAVE, id="wave", compact=True)
            with Horizontal(classes="field"):
                yield Label("failures allowed")
                yield Input(_BUDGET, id="budget", compact=True)
            yield Words(id="outlook")

    def on_mount(self) -> None:
        self.set_interval(1, self._draw)
        self._muster()

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def _muster(self) -> None:
        """Ask what speaks against any of them; nothing is written."""
        keys, console = self._keys, self.console

        def question(vault: Vault) -> tuple[Member, ...]:
            fleet = Fleet(vault, Plan(), console.clock, lambda _key, _told: None)
            return fleet.muster(keys, lambda key: surroundings(vault, key.id, console.profile))

        self.ask(question, self._mustered, slot="fleet")

    def _mustered(self, members: tuple[Member, ...]) -> None:
        self._members = members
        self._plan_waves()

    def _waves(self) -> Waves:
        """The keys in waves, as the fields say. Invalid when they cannot be read."""
        chosen = sum(not member.why_not for member in self._members or ())
        return in_waves(self._members or (), wave_size(self.query_one("#wave", Input).value.strip(), chosen or 1))

    def _command(self, budget: int) -> str:
        return for_fleet(self._keys, self.query_one("#wave", Input).value.strip(), budget)

    def _budget(self) -> int:
        text = self.query_one("#budget", Input).value.strip()
        if not (text.isascii() and text.isdigit()):
            raise Invalid(f"{text!r} is no number of failures", "as in 0, or 2")
        return int(text)

    @on(Input.Changed)
    def _plan_waves(self) -> None:
        if self._members is None or self._runs:
            return
        try:
            waves, budget = self._waves(), self._budget()
        except Invalid as error:
            self._say(Content.styled(f"✗ {harmless(error.message)}: {harmless(error.hint)}", "$error"))
            return
        self._rows.muster(self._members, waves)
        self._say(Content.assemble(_outlook(waves, budget), "\n", same_as(self.console.profile, self._command(budget))))
        self._draw()

    @on(Input.Submitted)
    def _leave_field(self) -> None:
        self.query_one("#fleet").focus()

    def _say(self, words: Content) -> None:
        self.query_one("#outlook", Words).say(words)

    def _draw(self) -> None:
        rows = self.query_one("#rows", Words)
        listed = self._rows.rows(self.console.clock())
        rows.say(Content.assemble("\n", system_rows(listed, max(rows.size.width, 20)), "\n"))

    def action_rotate(self) -> None:
        """Ask, then rotate them wave by wave."""
        if self._members is None or self._runs:
            self.tell("it is still looking" if self._members is None else "it is under way", "wait for it")
            return
        try:
            waves, budget = self._waves(), self._budget()
        except Invalid as error:
            self.report(error)
            return
        if not waves:
            self.tell("none of these keys can be rotated from here", "see why beside each", severity="warning")
        else:
            self.app.push_screen(ConfirmDialog(_question(waves, budget)), partial(self._confirmed, waves, budget))

    def _confirmed(self, waves: Waves, budget: int, answer: str | None) -> None:
        if answer is None:
            return
        console, stop = self.console, self._stop
        stop.clear()
        self._runs = True
        self.refresh_bindings()

        def tell(key: Key, told: Told) -> None:
            self.post_message(KeyTold(key, told))

        def work(vault: Vault) -> None:
            for outcome in Fleet(vault, Plan(), console.clock, tell).run(waves, budget):
                self.post_message(KeyTold(outcome.key, outcome))
                if stop.is_set():
                    return

        self.change(
            work,
            lambda _: self._ended(),
            self._failed,
            command=self._command(budget),
            outcome=lambda _: self._rows.summary().plain,
        )

    def on_key_told(self, message: KeyTold) -> None:
        if isinstance(message.told, KeyOutcome):
            self._rows.end(message.told)
        else:
            self._rows.take(message.key, message.told)
        self._draw()

    def _ended(self) -> None:
        """Once it is over the members are looked at anew: R goes on with what is left."""
        self._runs = False
        self.refresh_bindings()
        self._say(self._rows.summary())
        self._draw()

    def _failed(self, error: KeytuiError) -> None:
        self._ended()
        self.report(error)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "rotate" and self._runs:
            return False
        return super().check_action(action, parameters)

    def may_leave(self, go: Callable[[], object]) -> None:
        if self._runs:
            self._stop.set()
            self.tell("it stops after the key at hand", "then esc goes back, and R goes on", severity="warning")
        else:
            super().may_leave(go)


def _outlook(waves: Waves, budget: int) -> Content:
    total = sum(map(len, waves))
    later = max(len(waves) - 1, 0)
    words = f"{total} keys: the canary alone, then {later} wave{'' if later == 1 else 's'}"
    allowed = "the first failure stops it" if not budget else f"more than {budget} failures stop it"
    return Content.assemble(words, f"; {allowed}, and so does a canary that fails\n", "the old versions stay accepted")


def _question(waves: Waves, budget: int) -> Question:
    total = sum(map(len, waves))
    return Question(
        f"Rotate {total} keys in waves?",
        (
            *(f"{'canary' if not at else f'wave {at}'}: {_names(wave)}" for at, wave in enumerate(waves)),
            "Each gets a new secret, delivered to its targets. The old versions stay accepted until you retire them.",
            f"It stops when more than {budget} fail, or when the canary does.",
        ),
        "Rotate them",
        type_to_confirm=f"{total} key{'' if total == 1 else 's'}",
        harmless_verb="Not yet",
    )


def _names(wave: tuple[Member, ...]) -> str:
    return ", ".join(f"{member.key.name} ({member.key.environment})" for member in wave)
