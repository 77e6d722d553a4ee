"""Step 3 come back to: the secret was let go of by design. A target may hold it; else another is issued."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from keytui.domain.errors import KeytuiError
from keytui.domain.rotation import Rotation, Verb, allowed
from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.tui.clipboard import Route
from keytui.tui.screens.confirm import ConfirmDialog, Question
from keytui.tui.screens.wizard.ask_secret import SecretDialog
from keytui.tui.screens.wizard.choices import choice_lines, skip_question
from keytui.tui.screens.wizard.delivery import AtTargets, Stopped, holding
from keytui.tui.screens.wizard.going_back import ask_back
from keytui.tui.screens.wizard.step import StepBody
from keytui.tui.screens.wizard.targets_panel import TargetsPanel, telling
from keytui.tui.screens.wizard.watch import delivery_line
from keytui.tui.screens.wizard.words import clock_time, command
from keytui.tui.widgets.words import Words
from keytui.vault.model import Delivery
from keytui.vault.progress import Choice, Holds
from keytui.vault.protocol import Vault
from keytui.vault.ways_on import skip, stands_of, ways_on


class LostSecretBody(StepBody):
    """Says plainly where the secret is, or that it is gone, and offers the ways on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "I", "reissue", "issue again", id="hand-over.reissue", tooltip="Revoke it and issue another; asks first"
        ),
        Binding("D", "resume", "go on delivering", id="hand-over.resume", tooltip="Go on with what a target holds"),
        Binding("K", "skip", "skip", id="hand-over.skip-later", tooltip="Leave out the target that failed; asks first"),
        Binding("p", "prove", "paste it", id="hand-over.prove", tooltip="If you hold it after all: paste it, masked"),
        Binding(
            "H", "have_it", "it arrived", id="hand-over.arrived", tooltip="Go on with a file or a pipe that took it"
        ),
        Binding("A", "abandon", "abandon", id="hand-over.abandon", tooltip="Revoke it and go back; asks first"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._delivering = False
        self._stopped: Stopped | None = None

    def compose(self) -> ComposeResult:
        yield TargetsPanel(id="targets")
        yield Words(id="choices")
        yield Words(id="lost")

    def show(self) -> None:
        if self.detail is None:
            return
        rotation, old = self.detail.rotation, self.detail.old
        new = rotation.new_version
        lines = [
            *self._where(),
            Content(f"v{old.number} is {old.state}, and is not touched by issuing again."),
            Content(""),
            *self._to_targets(),
            Content.assemble(("p", "bold $accent"), " paste it back, if it reached you after all"),
        ]
        if (sent := self._sent()) is not None:
            lines.append(Content.assemble(("H", "bold $accent"), f" say that it arrived: {harmless(sent.target)}"))
        if Verb.ABANDON in allowed(rotation):
            lines.append(
                Content.assemble(("A", "bold $accent"), f" abandon: revoke v{new}, and go on with v{old.number}")
            )
        by_hand = [each for each in self.detail.deliveries if each.target not in self._targets]
        lines += [Content(""), *map(delivery_line, by_hand)]
        self.query_one("#lost", Words).say(Content("\n").join(lines))
        self._show_targets()

    @property
    def _targets(self) -> tuple[str, ...]:
        return self.wizard.key.targets if self.wizard.key is not None else ()

    @property
    def _held(self) -> frozenset[str]:
        """The targets that may hold the new version."""
        return holding(self.detail).intersection(self._targets) if self.detail is not None else frozenset()

    def _where(self) -> list[Content]:
        new = self.detail.rotation.new_version if self.detail is not None else None
        if self._held:
            held = harmless(", ".join(name for name in self._targets if name in self._held))
            return [
                Content.styled(f"? v{new} is on its way to its targets", "bold $warning"),
                Content(f"keytui does not keep its secret. {held} may hold it: it is read back there, or put back."),
            ]
        return [
            Content.styled(f"? the secret of v{new} is gone", "bold $warning"),
            Content(f"It was issued and never handed over; keytui does not keep it. Nobody may hold v{new}."),
        ]

    def _to_targets(self) -> list[Content]:
        new = self.detail.rotation.new_version if self.detail is not None else None
        if self._held:
            words = " go on: read it back from a target that holds it, and deliver it to those that do not"
            return [Content.assemble(("D", "bold $accent"), words)]
        to = f"then goes to {', '.join(self._targets)}" if self._targets else "is then shown"
        return [
            Content.assemble(("I", "bold $accent"), f" revoke v{new} and issue another, whose secret {harmless(to)}")
        ]

    def tick(self) -> None:
        if self._delivering:
            self.query_one(TargetsPanel).draw(self.now)

    def _show_targets(self) -> None:
        """While it is being delivered the rows follow what is told; else they say what the vault knows."""
        detail, key = self.detail, self.wizard.key
        if detail is None or key is None or self._delivering or not key.targets:
            return
        panel, old, new = self.query_one(TargetsPanel), detail.old.number, detail.rotation.new_version or 0
        panel.stand(stands_of(key, detail), old, new)
        panel.draw(self.now)
        lines = choice_lines(self._stopped, old, new) if self._stopped is not None else Content("")
        self.query_one("#choices", Words).say(Content.assemble(lines, "\n"))

    def action_resume(self) -> None:
        """Go on delivering."""
        self._deliver(lambda _: None)

    def _deliver(self, first: Callable[[Vault], None]) -> None:
        """Do something `first`, then go on delivering."""
        if self.detail is None or self._delivering:
            return
        rotation, console, tell = self.detail.rotation, self.wizard.console, telling(self)
        self._delivering, self._stopped = True, None

        def work(vault: Vault) -> Rotation | Stopped:
            first(vault)
            return AtTargets(vault, console.profile, console.clock, tell).resume(rotation)

        self.query_one("#choices", Words).say(Content(""))
        self.wizard.change(work, self._ended, self._failed)

    def _ended(self, outcome: Rotation | Stopped) -> None:
        self._delivering = False
        if isinstance(outcome, Stopped):
            self._stopped = outcome
        else:
            self.wizard.tell(f"v{outcome.new_version} is handed over: its targets have it")
        self.wizard.reload()

    def _failed(self, error: KeytuiError) -> None:
        self._delivering = False
        self.wizard.report(error)
        self.wizard.reload()

    def action_skip(self) -> None:
        """Ask, then leave out the target that failed."""
        detail, key, console = self.detail, self.wizard.key, self.wizard.console
        target = self._undelivered()
        if detail is None or key is None or not target:
            self.wizard.tell("no target has failed", "D goes on delivering", severity="warning")
            return
        if reason := ways_on(key, detail, target)[Choice.SKIP]:
            self.wizard.tell(f"{target} cannot be skipped: {reason}", "D tries it again", severity="warning")
            return

        def confirmed(answer: str | None) -> None:
            if answer is not None:
                self._deliver(lambda vault: skip(vault, key, detail.rotation.id, target, console.clock()))

        self.app.push_screen(ConfirmDialog(skip_question(target, detail.rotation)), confirmed)

    def _undelivered(self) -> str:
        """The first target that was tried and has not got it; "" for none."""
        if self.detail is None or self.wizard.key is None:
            return ""
        stands = stands_of(self.wizard.key, self.detail)
        tried = (one.target for one in stands if one.said and one.holds is not Holds.YES and not one.skipped)
        return next(tried, "")

    def _sent(self) -> Delivery | None:
        """The newest delivery of this version to a place that it cannot be pasted back from."""
        if self.detail is None or self.detail.new is None:
            return None
        own = [each for each in self.detail.deliveries if each.fingerprint == self.detail.new.fingerprint]
        by_hand = [each for each in own if each.target not in {*Route, *self._targets}]
        return by_hand[-1] if by_hand else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        may_abandon = self.detail is not None and Verb.ABANDON in allowed(self.detail.rotation)
        offered = {
            "have_it": self._sent() is not None,
            "abandon": may_abandon,
            "resume": bool(self._held),
            "skip": bool(self._undelivered()),
            "reissue": not self._held,
        }
        if not offered.get(action, True):
            return False
        return super().check_action(action, parameters)

    def action_prove(self) -> None:
        """Take the secret, masked, from an operator who holds it although the console was closed."""
        if self.detail is None:
            return
        rotation = self.detail.rotation

        def pasted(secret: Secret | None) -> None:
            if secret is not None:
                self.act(lambda vault: vault.prove(rotation.id, secret), f"v{rotation.new_version} is handed over")

        number = rotation.new_version
        dialog = SecretDialog(
            f"Paste the secret of v{number}", "It is compared by digest, and kept nowhere.", "Compare"
        )
        self.app.push_screen(dialog, pasted)

    def action_have_it(self) -> None:
        """Ask, then go on with what a file or a command took."""
        sent = self._sent()
        if self.detail is None or sent is None:
            return
        rotation = self.detail.rotation
        question = Question(
            "Is the new secret where it belongs?",
            (f"It went to {sent.target} {clock_time(sent.at)}.",),
            "Yes, handed over",
            harmless_verb="Not yet",
        )

        def confirmed(answer: str | None) -> None:
            if answer is not None:
                arrived = replace(sent, state="sent") if sent.state == "begun" else sent
                self.act(
                    lambda vault: vault.handed_over(rotation.id, arrived), f"v{rotation.new_version} is handed over"
                )

        self.app.push_screen(ConfirmDialog(question), confirmed)

    def action_reissue(self) -> None:
        """Ask, then issue another."""
        if self.detail is None:
            return
        rotation = self.detail.rotation
        question = Question(
            f"Issue another version of {rotation.key_name}?",
            (
                f"v{rotation.new_version} is revoked, also for whoever still has its secret on a screen.",
                f"v{rotation.old_version} is not touched.",
            ),
            "Issue again",
            command=command("rotate", rotation.key_name, "--resume"),
            harmless_verb="Not yet",
        )

        def confirmed(answer: str | None) -> None:
            if answer is not None:
                self.wizard.reissue(rotation.id)

        self.app.push_screen(ConfirmDialog(question), confirmed)

    def action_abandon(self) -> None:
        """Ask, then go back to the old version."""
        ask_back(self)
