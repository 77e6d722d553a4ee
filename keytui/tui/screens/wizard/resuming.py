"""A delivery that is gone on with: after a crash, a failure, or an operator who left it for later."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from textual.content import Content

from keytui.domain.errors import KeytuiError
from keytui.domain.rotation import Rotation
from keytui.tui.command_lines import for_resuming
from keytui.tui.screens.confirm import ConfirmDialog
from keytui.tui.screens.wizard.choices import choice_lines, skip_question
from keytui.tui.screens.wizard.delivery import AtTargets, Stopped, holding, why_stopped
from keytui.tui.screens.wizard.leaving import tell_end
from keytui.tui.screens.wizard.step import StepBody
from keytui.tui.screens.wizard.targets_panel import TargetsPanel, telling
from keytui.tui.widgets.words import Words
from keytui.vault.deliveries import LONGEST_DELIVERY, under_way
from keytui.vault.model import RotationDetail
from keytui.vault.progress import Choice, Holds, Told, What
from keytui.vault.protocol import Vault
from keytui.vault.ways_on import skip, stands_of, ways_on


class ResumingBody(StepBody):
    """Has a TargetsPanel, and Words called `choices`. What a target holds is read back there by whoever delivers."""

    def __init__(self) -> None:
        super().__init__()
        self._delivering = False
        self._stopped: Stopped | None = None

    @property
    def targets(self) -> tuple[str, ...]:
        """Of the key, in the order of delivery."""
        return self.wizard.key.targets if self.wizard.key is not None else ()

    @property
    def held(self) -> frozenset[str]:
        """The targets that may hold the new version."""
        return holding(self.detail).intersection(self.targets) if self.detail is not None else frozenset()

    @property
    def goes_on_alone(self) -> bool:
        return self._delivering

    def tick(self) -> None:
        if self.targets:
            self.query_one(TargetsPanel).draw(self.now)

    def show_targets(self) -> None:
        """While it is being delivered the rows follow what is told; else they say what the vault knows."""
        detail, key = self.detail, self.wizard.key
        if detail is None or key is None or self._delivering or not key.targets:
            return
        panel, old, new = self.query_one(TargetsPanel), detail.old.number, detail.rotation.new_version or 0
        panel.stand(stands_of(key, detail), old, new)
        for told in self._under_way(detail):
            panel.take(told)
        panel.draw(self.now)
        if self._stopped is not None:
            self._say_choices(Content.assemble(choice_lines(self._stopped, old, new, back="A"), "\n"))

    def _under_way(self, detail: RotationDetail) -> Iterator[Told]:
        """What is being asked of targets, here or at another console. Whoever began it too long ago is gone."""
        for one in under_way(detail.deliveries):
            ours = detail.new is not None and one.fingerprint == detail.new.fingerprint and not one.detail
            if ours and self.now - one.at < LONGEST_DELIVERY:
                yield Told(one.target, What.BEGINS, detail.rotation.new_version or 0, one.at)

    def _say_choices(self, choices: Content) -> None:
        """Without any they take no room."""
        words = self.query_one("#choices", Words)
        words.display = bool(choices)
        words.say(choices)

    def action_resume(self) -> None:
        """Go on delivering."""
        self._deliver(lambda _: None)

    def _deliver(self, first: Callable[[Vault], None], *options: str) -> None:
        """Do something `first`, then go on delivering."""
        if self.detail is None or self._delivering:
            return
        command = for_resuming(self.detail.rotation, *options)
        rotation, console, tell = self.detail.rotation, self.wizard.console, telling(self)
        self._delivering, self._stopped = True, None

        def work(vault: Vault) -> Rotation | Stopped:
            first(vault)
            return AtTargets(vault, console.profile, console.clock, tell).resume(rotation)

        if not self.gone:
            self._say_choices(Content(""))
        self.wizard.change(work, self._ended, self._failed, command=command, outcome=why_stopped)

    def _ended(self, outcome: Rotation | Stopped) -> None:
        self._delivering = False
        if isinstance(outcome, Stopped):
            self._stopped = outcome
        if self.detail is not None and not (self.here and isinstance(outcome, Stopped)):
            tell_end(self.wizard, self.detail.rotation.key_name, self.detail.rotation.new_version, outcome)
        self.wizard.reload()

    def _failed(self, error: KeytuiError) -> None:
        self._delivering = False
        self.wizard.report(error)
        self.wizard.reload()

    def action_skip(self) -> None:
        """Ask, then leave out the target that failed."""
        detail, key, console = self.detail, self.wizard.key, self.wizard.console
        target = self.undelivered()
        if detail is None or key is None or not target:
            self.wizard.tell("no target has failed", "D goes on delivering", severity="warning")
            return
        if reason := ways_on(key, detail, target)[Choice.SKIP]:
            self.wizard.tell(f"{target} cannot be skipped: {reason}", "D tries it again", severity="warning")
            return

        def confirmed(answer: str | None) -> None:
            if answer is not None:
                self._deliver(
                    lambda vault: skip(vault, key, detail.rotation.id, target, console.clock()), "--skip", target
                )

        self.app.push_screen(ConfirmDialog(skip_question(target, detail.rotation)), confirmed)

    def undelivered(self) -> str:
        """The first target that was tried and has not got it; "" for none."""
        if self.detail is None or self.wizard.key is None:
            return ""
        stands = stands_of(self.wizard.key, self.detail)
        tried = (one.target for one in stands if one.said and one.holds is not Holds.YES and not one.skipped)
        return next(tried, "")

    def unsure(self) -> str:
        """The one target of which nobody knows whether it has it, where every other has or is skipped; "" for none."""
        if self.detail is None or self.wizard.key is None:
            return ""
        stands = stands_of(self.wizard.key, self.detail)
        lacking = [one for one in stands if one.holds is not Holds.YES and not one.skipped]
        return lacking[0].target if len(lacking) == 1 and lacking[0].holds is Holds.MAYBE else ""
