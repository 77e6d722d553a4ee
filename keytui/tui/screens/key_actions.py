"""What can be done to keys, from the table and from one key's screen alike. Every first step is harmless.

The screens that they lead to are imported when they are first shown: the keys are on the screen before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from keytui.domain.errors import KeytuiError
from keytui.domain.keys import Key, KeyState, KeySummary
from keytui.domain.text import harmless
from keytui.tui.command_lines import for_keys
from keytui.tui.permissions import WhyNot
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.confirm import ConfirmDialog, Question
from keytui.tui.screens.key_state import why_not_now

if TYPE_CHECKING:
    from keytui.vault.protocol import Vault


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one action on several keys went."""

    done: tuple[str, ...]
    failed: tuple[tuple[str, KeytuiError], ...]


class KeyActions(VaultScreen[None]):
    """Actions on `chosen()`. One that is not possible is shown disabled; pressing it says why."""

    BINDING_GROUP_TITLE = "Acting on keys, in Keys and on one key"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R", "rotate", "rotate", id="key.rotate", tooltip="Rotate, guided; several one by one"),
        Binding("y", "copy('id')", "copy id", show=False, id="key.copy-id", tooltip="Send the id to the clipboard"),
        Binding("Y", "copy('prefix')", "copy prefix", show=False, id="key.copy-prefix", tooltip="Send the prefix"),
        Binding("N", "create", "new", show=False, id="key.create", tooltip="Create a key"),
        Binding("I", "incident", "incident", show=False, id="key.incident", tooltip="It is compromised; asks first"),
        Binding("F", "import", "import", show=False, id="key.import", tooltip="Import keys from a .env file"),
        Binding("E", "edit", "edit", show=False, id="key.edit", tooltip="Edit what may change"),
        Binding("D", "disable", "disable", show=False, id="key.disable", tooltip="Disable, or enable again"),
        Binding("X", "revoke", "revoke", show=False, id="key.revoke", tooltip="Revoke for good; asks for the name"),
        Binding("V", "reveal", "reveal", show=False, id="key.reveal", tooltip="Reveal a sealed value; it is audited"),
    ]

    def pointed(self) -> KeySummary | None:
        """The key that the cursor is on."""
        raise NotImplementedError  # a screen cannot be an ABC: Textual has a metaclass of its own

    def chosen(self) -> tuple[KeySummary, ...]:
        """What the next action takes."""
        raise NotImplementedError  # a screen cannot be an ABC: Textual has a metaclass of its own

    def acted(self) -> None:
        """Something was done to the chosen keys: show it."""

    def why_not(self, action: str) -> WhyNot | None:
        forbidden = super().why_not(action)
        if forbidden is not None or not self.is_mounted:
            return forbidden
        pointed = self.pointed()
        return why_not_now(action, self._chosen(), pointed.key if pointed is not None else None, self.console.clock())

    def _chosen(self) -> tuple[Key, ...]:
        return tuple(summary.key for summary in self.chosen())

    def action_copy(self, what: str) -> None:
        """Send the id or the prefix to the clipboard of the operator's terminal. Never a secret."""
        pointed = self.pointed()
        if pointed is None:
            return
        text = pointed.key.id if what == "id" else pointed.version.prefix
        if not text:
            self.tell("this value shows no prefix", "it is weak: a prefix would give it away", severity="warning")
            return
        self.app.copy_to_clipboard(text)
        self.tell(f"sent to your terminal's clipboard: {text}", "terminals do not confirm it")

    def action_rotate(self) -> None:
        """One key goes to the wizard; several are listed by name first and go one after another."""
        from keytui.tui.screens.rotate_marked import RotateMarkedScreen
        from keytui.tui.screens.wizard.screen import WizardScreen

        keys = self._chosen()
        if len(keys) == 1:
            self.app.push_screen(WizardScreen(key_id=keys[0].id))
        elif keys:
            self.app.push_screen(RotateMarkedScreen(keys))

    def action_create(self) -> None:
        """The form of a new key."""
        from keytui.tui.screens.key_form import CreateScreen

        self.app.push_screen(CreateScreen())

    def action_import(self) -> None:
        """Take keys over from a file."""
        from keytui.tui.screens.import_file import ImportScreen

        self.app.push_screen(ImportScreen())

    def action_incident(self) -> None:
        """What responding to a compromised key would cost; nothing is done yet."""
        from keytui.tui.screens.incident.respond import RespondScreen

        pointed = self.pointed()
        if pointed is not None:
            self.app.push_screen(RespondScreen(pointed.key), self._responded)

    def _responded(self, incident_id: int | None) -> None:
        self.acted()
        if incident_id is not None:
            self.show_incident(incident_id)

    def show_incident(self, incident_id: int) -> None:
        """One incident, above this."""
        from keytui.tui.screens.incident.incident import IncidentScreen

        self.app.push_screen(IncidentScreen(incident_id), lambda _: self.acted())

    def action_edit(self) -> None:
        """The form of one key."""
        from keytui.tui.screens.key_form import EditScreen

        keys = self._chosen()
        if len(keys) == 1:
            self.app.push_screen(EditScreen(keys[0]), lambda _: self.acted())

    def action_reveal(self) -> None:
        """Show a sealed value again."""
        from keytui.tui.screens.reveal import RevealScreen

        pointed = self.pointed()
        if pointed is not None:
            self.app.push_screen(RevealScreen(pointed.key))

    def action_disable(self) -> None:
        """Disable the keys that are active; when none is, enable them."""
        keys = self._chosen()
        now = self.console.clock()
        disabled = tuple(key for key in keys if key.state(now) is KeyState.DISABLED)
        active = tuple(key for key in keys if key.state(now) is KeyState.ACTIVE)
        if active:
            effect = "Every request is refused at once. Enabling takes it back."
            self._ask_and_do("disable", active, effect, lambda vault, key, note: vault.disable(key.id, note))
        elif disabled:
            effect = "Requests are accepted again."
            self._ask_and_do("enable", disabled, effect, lambda vault, key, note: vault.enable(key.id, note))

    def action_revoke(self) -> None:
        """End keys for good, once the name was typed."""
        from keytui.tui.screens.revoke import RevokeDialog

        keys = tuple(key for key in self._chosen() if key.revoked_at is None)
        dialog = RevokeDialog(
            Question(
                _title("Revoke", keys),
                (*_names(keys), "This is final: every version is refused at once and nothing brings it back."),
                "Revoke",
                for_keys("revoke", keys, "--reason", "REASON"),
                type_to_confirm=keys[0].name if len(keys) == 1 else f"{len(keys)} keys",
                note="note for the log",
            )
        )

        def revoke(vault: Vault, key: Key, note: str) -> object:
            return vault.revoke(key.id, None, dialog.reason, note)

        self.app.push_screen(
            dialog, partial(self._do, keys, "revoke", revoke, options=lambda: ("--reason", dialog.reason))
        )

    def _ask_and_do(
        self, verb: str, keys: Sequence[Key], effect: str, act: Callable[[Vault, Key, str], object]
    ) -> None:
        question = Question(
            _title(verb.capitalize(), keys),
            (*_names(keys), effect),
            verb.capitalize(),
            for_keys(verb, keys),
            note="note for the log",
        )
        self.app.push_screen(ConfirmDialog(question), partial(self._do, keys, verb, act))

    def _do(
        self,
        keys: Sequence[Key],
        word: str,
        verb: Callable[[Vault, Key, str], object],
        note: str | None,
        options: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        if note is not None:
            self.change(
                lambda vault: _each(vault, keys, verb, note),
                partial(self._done, f"{word}d"),
                command=for_keys(word, keys, *options(), *(("--note", note) if note else ())),
                outcome=_not_all,
            )

    def _done(self, done: str, outcome: Outcome) -> None:
        if outcome.done:
            self.tell(f"{done}: {', '.join(outcome.done)}")
        for name, error in outcome.failed:
            self.tell(f"{name}: {error.message}", error.hint, severity="error")
        self.acted()


def _each(vault: Vault, keys: Sequence[Key], verb: Callable[[Vault, Key, str], object], note: str) -> Outcome:
    """One key after another: a failure neither stops nor hides the rest."""
    done: list[str] = []
    failed: list[tuple[str, KeytuiError]] = []
    for key in keys:
        try:
            verb(vault, key, note)
            done.append(key.name)
        except KeytuiError as error:
            failed.append((key.name, error))
    return Outcome(tuple(done), tuple(failed))


def _not_all(outcome: Outcome) -> str:
    return "; ".join(f"{harmless(name)} refused: {harmless(error.message)}" for name, error in outcome.failed)


def _title(verb: str, keys: Sequence[Key]) -> str:
    return f"{verb} {keys[0].name}?" if len(keys) == 1 else f"{verb} these {len(keys)} keys?"


def _names(keys: Sequence[Key]) -> tuple[str, ...]:
    """Every key by name and environment, those that a filter hides included."""
    if len(keys) == 1:
        return (f"{keys[0].environment} · {keys[0].owner or 'no owner'}",)
    return tuple(f"· {key.name}   {key.environment}" for key in keys)
