"""A step that asks a key's own systems: as it opens, when it is asked to, and with an old secret that is pasted."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from keytui.domain.errors import KeytuiError
from keytui.domain.rotation import Rotation
from keytui.domain.secrets import Secret
from keytui.tui.screens.wizard.ask_secret import SecretDialog
from keytui.tui.screens.wizard.delivery import surroundings
from keytui.tui.screens.wizard.probing import ProbesPanel, ProbeTold, asked_of, telling_of_probes
from keytui.tui.screens.wizard.step import StepBody
from keytui.vault.protocol import Vault

if TYPE_CHECKING:
    from keytui.vault.proving import Proven


class Expected(Message):
    """The probes that name the key: they are about to be asked."""

    def __init__(self, probes: tuple[str, ...]) -> None:
        super().__init__()
        self.probes = probes


class AskingBody(StepBody):
    """Has a ProbesPanel. Which versions it asks with, its step says."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "probe", "ask the system", id="wizard.probe", tooltip="Ask the key's own systems with its secret"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._probes: tuple[str, ...] = ()
        """Those that name the key, once they are known."""
        self.still_accepted: Proven | None = None
        """The newest answer of a system that lets in what is over."""

    def versions(self, rotation: Rotation) -> tuple[int, ...]:
        """What is asked with, in this step."""
        raise NotImplementedError  # a widget cannot be an ABC: Textual has a metaclass of its own

    def on_mount(self) -> None:
        if not self.gone:
            self.ask_systems(())

    def ask_again(self) -> None:
        """Ask the systems too."""
        self.ask_systems(())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in {"probe", "paste_old"} and not self._probes:
            return False
        return super().check_action(action, parameters)

    def action_probe(self) -> None:
        """Ask now, for the log too."""
        self.ask_systems((), for_the_log=True)

    def paste(self, number: int, explanation: str) -> None:
        """Take a secret, masked, and ask with it."""
        dialog = SecretDialog(f"Paste the secret of v{number}", explanation, "Ask")
        self.app.push_screen(dialog, self._ask_with)

    def _ask_with(self, pasted: Secret | None) -> None:
        if pasted is not None:
            self.ask_systems((pasted,), for_the_log=True)

    def ask_systems(self, given: tuple[Secret, ...], *, for_the_log: bool = False) -> None:
        """Ask each probe of the key. Nothing happens where there is none."""
        detail = self.detail
        if detail is None:
            return
        console, tell = self.wizard.console, telling_of_probes(self)
        versions = self.versions(detail.rotation)

        def question(vault: Vault) -> tuple[Proven, ...]:
            outside = surroundings(vault, detail.rotation.key_id, console.profile)
            if not outside.probes:
                return ()
            self.post_message(Expected(tuple(probe.name for probe in outside.probes)))
            kept_in = detail.rotation.id if for_the_log else None
            return asked_of(vault, outside, versions, given, clock=console.clock, tell=tell, rotation_id=kept_in)

        self.wizard.ask(question, self._answered, self._failed, slot="" if given else "probes")

    @property
    def _old(self) -> int:
        return 0 if self.detail is None else self.detail.rotation.old_version

    def on_expected(self, message: Expected) -> None:
        if self.here and self.detail is not None:
            self._probes = message.probes
            self.refresh_bindings()
            self.query_one(ProbesPanel).expect(message.probes, self._old, self.versions(self.detail.rotation))

    def on_probe_told(self, message: ProbeTold) -> None:
        if self.here:
            self.query_one(ProbesPanel).take(message.asked, self._old)

    def _answered(self, answers: tuple[Proven, ...]) -> None:
        """What was said of the old version stands until it is asked with again."""
        of_old = [each for each in answers if each.version == self._old]
        if of_old:
            self.still_accepted = next((each for each in of_old if each.still_accepted), None)

    def _failed(self, error: KeytuiError) -> None:
        if self.here:
            self.query_one(ProbesPanel).fail(error)
