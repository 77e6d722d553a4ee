"""Delivering to a key's targets, beside the ways by hand: a row for each, and what may be done where one fails."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.content import Content

from keytui.domain.errors import KeytuiError
from keytui.domain.rotation import Rotation
from keytui.domain.secrets import Secret
from keytui.tui.command_lines import by_hand, for_resuming
from keytui.tui.permissions import WhyNot
from keytui.tui.screens.confirm import ConfirmDialog
from keytui.tui.screens.wizard.by_hand import ByHandScreen
from keytui.tui.screens.wizard.choices import choice_lines, skip_question
from keytui.tui.screens.wizard.delivery import AtTargets, Stopped, stopped_by, surroundings, why_stopped
from keytui.tui.screens.wizard.going_back import back_question, for_going_back
from keytui.tui.screens.wizard.leaving import has_it, tell_end
from keytui.tui.screens.wizard.probing import ProbesPanel, ProbeTold, asked_of, telling_of_probes
from keytui.tui.screens.wizard.targets_panel import TargetsPanel, TargetTold, telling
from keytui.tui.widgets.words import Words
from keytui.vault.delivering import Delivering
from keytui.vault.model import Issued
from keytui.vault.progress import Choice, Holds, Stands, StillAccepted, What
from keytui.vault.protocol import Vault
from keytui.vault.ways_on import skip

if TYPE_CHECKING:
    from keytui.vault.outside import Outside
    from keytui.vault.proving import Proven


class ByTargetsScreen(ByHandScreen):
    """Begins to deliver as it opens: the operator has agreed to that as the version was issued.

    With `by_hand` the key's targets are left alone, as the operator said.
    """

    UNDER_WAY: ClassVar[tuple[str, str]] = ("it is being delivered", "wait until it has landed")
    """Why nothing ends or begins beside a delivery, and the way out."""

    def __init__(self, issued: Issued, environment: Mapping[str, str] = os.environ, *, by_hand: bool = False) -> None:
        super().__init__(issued, environment)
        self._by_hand = by_hand
        self._delivering = False
        self._stopped: Stopped | None = None
        self._arrived = False
        """Every target has it that was not skipped, and the hand-over counts, whoever still lets the old one in."""
        self._skipped: tuple[str, ...] = ()
        """The targets that were left out."""
        self._former = Secret("")
        """The old secret as a target held it before the delivery, where the old version is over by now."""
        self._left = False
        """Whether the operator has left while it was being delivered: then the end is told wherever they are."""

    @property
    def by_targets(self) -> bool:
        """Whether there is anything to deliver to."""
        return bool(self._key.targets) and not self._by_hand

    @property
    def nothing_left(self) -> bool:
        """Whether nothing is to be delivered from here, and no system to be asked again."""
        return not self.by_targets or (self._arrived and self._stopped is None)

    def forget(self) -> None:
        self._former = Secret("")
        super().forget()

    @property
    def lacking(self) -> tuple[str, ...]:
        """The targets that have not got it, as far as is known."""
        if self._arrived or not self.by_targets:
            return ()
        stands = self._stopped.stands if self._stopped is not None else ()
        has_it = {one.target for one in stands if one.holds is Holds.YES}
        return tuple(name for name in self._key.targets if name not in has_it)

    def why_not(self, action: str) -> WhyNot | None:
        """What is closed after a failure, and before any."""
        stopped = self._stopped
        if action == "skip" and (stopped is None or not stopped.target):
            return WhyNot("no target has failed", "only one that did can be left out")
        if action == "roll_back" and stopped is None:
            return WhyNot("no delivery has failed", "H goes on, and B goes back from there")
        if action == "skip" and stopped is not None and (reason := stopped.ways[Choice.SKIP]):
            return WhyNot(f"{stopped.target} cannot be skipped: {reason}", "D tries it again")
        if action == "roll_back" and stopped is not None and (reason := stopped.ways[Choice.ROLL_BACK]):
            return WhyNot(f"there is no way back: {reason}", "D tries again")
        return super().why_not(action)

    def on_mount(self) -> None:
        if self.by_targets:
            self.set_interval(1, self._draw_targets)
            self.call_after_refresh(self.action_deliver)

    def action_deliver(self) -> None:
        """Deliver to every target that has not got it."""
        self._deliver(lambda _: None)

    def _delivery(self, *options: str) -> str:
        if self._rotation is not None:
            return for_resuming(self._rotation, *options)
        return by_hand(f"v{self._version.number} of {self._key.name} was delivered, as keytui create does", None)

    def _deliver(self, first: Callable[[Vault], None], command: str = "") -> None:
        """Do something `first`, then deliver. Refused in words while that is on its way, or done."""
        if self.nothing_left:
            self.tell("there is nothing to deliver", "H ends the hand-over", severity="warning")
            return
        if self._delivering:
            self.tell(*self.UNDER_WAY, severity="warning")
            return
        self._begin()
        console, key, version, secret = self.console, self._key, self._version, self._secret
        rotation, tell = self._rotation, telling(self)

        def work(vault: Vault) -> Rotation | Stopped | None:
            self.refuse_overtaken(vault)
            first(vault)
            outside = surroundings(vault, key.id, console.profile)
            at_targets = AtTargets(vault, console.profile, console.clock, tell)
            if rotation is None:
                return at_targets.deliver_first(outside, version, secret)
            asked: list[Proven] = []
            ask = self._asking_the_world(vault, outside, rotation, asked)

            def act(delivering: Delivering) -> Rotation:
                from keytui.vault.proving import refuse_still_accepted, refuse_unfinished  # noqa: PLC0415  # as below

                if self._arrived:
                    ask()
                    refuse_still_accepted(asked, outside.key)
                    return vault.complete(rotation.id)
                done = delivering.hand_over(rotation, version, secret)
                refuse_unfinished(done, asked, outside.key)
                return done

            return at_targets.deliver(outside, rotation, act, ask)

        self.change(work, self._ended, self._failed, command=command or self._delivery(), outcome=why_stopped)

    @property
    def _old(self) -> int:
        """The old version's number; 0 of a new key."""
        return 0 if self._rotation is None else self._rotation.old_version

    def _begin(self) -> None:
        stands = self._stopped.stands if self._stopped is not None else ()
        known = {one.target: one for one in stands}
        rows = tuple(known.get(name, Stands(name, Holds.NO)) for name in self._key.targets)
        self.query_one(TargetsPanel).stand(rows, self._old, self._version.number)
        self._delivering, self._stopped, self._skipped = True, None, ()
        self._draw_targets()
        self.refresh_bindings()

    def _asking_the_world(
        self, vault: Vault, outside: Outside, rotation: Rotation, asked: list[Proven]
    ) -> Callable[[], None]:
        """What is asked before the hand-over counts: where the old version is over, who lets that in.

        Runs in a worker, which reads the old secret before it is replaced.
        """
        from keytui.vault.proving import held_by, versions_of  # noqa: PLC0415  # connectors are not loaded before the first paint

        if not rotation.plan.at_once or not outside.probes:
            return lambda: None
        detail = vault.detail(outside.key.id)
        if not self._former:
            self._former = versions_of(detail, tuple(held_by(outside.targets, detail))).get(
                rotation.old_version, Secret("")
            )
        given: Sequence[Secret] = [each for each in (self._secret, self._former) if each]
        versions = (self._version.number, rotation.old_version)

        clock, tell = self.console.clock, telling_of_probes(self)

        def ask() -> None:
            asked.extend(asked_of(vault, outside, versions, given, clock=clock, tell=tell, rotation_id=rotation.id))

        return ask

    def _ended(self, outcome: Rotation | Stopped | None) -> None:
        """None is the end of a new key's delivery: it has no rotation that could go on."""
        self._delivering = False
        if self._left:
            tell_end(self, self._key.name, self._version.number, outcome, first=self._rotation is None)
            return
        if isinstance(outcome, Stopped):
            self._stopped, self._arrived = outcome, self._arrived or isinstance(outcome.error, StillAccepted)
        else:
            self._rotation, self._arrived = outcome, True
            self.show_heading()
        self._draw_targets()
        self.refresh_bindings()

    def _failed(self, error: KeytuiError) -> None:
        """Something else than a target stopped it: what the targets have is as it was told."""
        self._delivering, self._stopped = False, stopped_by(error)
        if self._left:
            tell_end(self, self._key.name, self._version.number, self._stopped, first=self._rotation is None)
            return
        self._draw_targets()
        self.refresh_bindings()

    def on_target_told(self, message: TargetTold) -> None:
        if message.told.what is What.SKIPPED:
            self._skipped = (*self._skipped, message.told.target)
        self.query_one(TargetsPanel).take(message.told)
        self._draw_targets()

    def on_probe_told(self, message: ProbeTold) -> None:
        self.query_one(ProbesPanel).take(message.asked, self._old)

    def _draw_targets(self) -> None:
        self.query_one(TargetsPanel).draw(self.console.clock())
        choices = self.query_one("#choices", Words)
        if self._stopped is not None:
            choices.say(choice_lines(self._stopped, self._old, self._version.number))
        elif self._arrived:
            number = self._version.number
            words = ("\nH", "bold $accent"), " goes on. Until then v", f"{number} can be taken by hand as well"
            choices.say(Content.assemble(("\n✓ ", "$success"), f"handed over: {has_it(number, self._skipped)}", *words))
        else:
            choices.say(Content(""))

    def action_skip(self) -> None:
        """Ask, then leave out the target that failed, and go on with the others."""
        stopped, rotation = self._stopped, self._rotation
        if stopped is None or rotation is None:
            return
        console, key, target = self.console, self._key, stopped.target

        def confirmed(answer: str | None) -> None:
            if answer is not None:
                self._deliver(
                    lambda vault: skip(vault, key, rotation.id, target, console.clock()),
                    self._delivery("--skip", target),
                )

        self.app.push_screen(ConfirmDialog(skip_question(target, rotation)), confirmed)

    def action_roll_back(self) -> None:
        """Ask, then let the targets hold the old secret again, and revoke the new one."""
        stopped, rotation = self._stopped, self._rotation
        if rotation is None or stopped is None:
            return
        console, tell = self.console, telling(self)

        def confirmed(note: str | None) -> None:
            if note is not None:
                self._delivering = True
                self.change(
                    lambda vault: AtTargets(vault, console.profile, console.clock, tell).go_back(rotation, note),
                    self._went_back,
                    self._failed,
                    command=for_going_back(rotation, note),
                )

        self.app.push_screen(ConfirmDialog(back_question(rotation, self._key.targets)), confirmed)

    def _went_back(self, rotation: Rotation) -> None:
        self.forget()
        self.tell(f"back on v{rotation.old_version}", f"rotation #{rotation.id} is {rotation.state.replace('_', ' ')}")
        self.dismiss(False)
