"""Step 4: the old version against the new one, per caller, and the verdict as it changes."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from keytui.domain.keys import Version
from keytui.domain.rotation import Rotation, Verb, allowed
from keytui.domain.text import harmless
from keytui.tui.command_lines import for_rotation, for_verdict
from keytui.tui.screens.confirm import ConfirmDialog, Question
from keytui.tui.screens.wizard.asking import AskingBody
from keytui.tui.screens.wizard.callers import caller_rows, caller_table
from keytui.tui.screens.wizard.completing import ask_complete, it_can_go
from keytui.tui.screens.wizard.going_back import ask_back
from keytui.tui.screens.wizard.override import verdict_question
from keytui.tui.screens.wizard.pace import Pace, paces
from keytui.tui.screens.wizard.path import retires_for_good
from keytui.tui.screens.wizard.probing import ProbesPanel
from keytui.tui.screens.wizard.step import StepBody
from keytui.tui.screens.wizard.targets_panel import TargetsPanel
from keytui.tui.screens.wizard.waive import WaiveDialog, Waiving
from keytui.tui.screens.wizard.words import clock_time
from keytui.tui.widgets.verdict import VerdictPanel
from keytui.tui.widgets.words import Words
from keytui.tui.wording import ago
from keytui.vault.model import Delivery, RotationDetail
from keytui.vault.protocol import Vault

_BARS: Final = range(8, 25)
_BESIDE_BARS: Final = 50
"""Cells that a line of the pace needs beside its bars."""
_VERDICT_LINES: Final = 10
"""Lines kept for the rest of the step: a long list of callers does not push the verdict off the screen."""
_CALLERS_AT_LEAST: Final = 4
_NEEDS: Final = {"retire": Verb.RETIRE, "complete": Verb.COMPLETE, "roll_back": Verb.ROLLBACK}


class WatchBody(AskingBody):
    """Redraws only what changed: the vault is asked as usage comes in, and the clock moves once a second.

    Its systems are asked with the new version alone: a request with the old one would count as its use.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "waive", "waive", id="watch.waive", tooltip="Set one reason aside by name, and say why"),
        Binding("n", "note", "note", id="watch.note", tooltip="Leave a note for whoever comes next"),
        Binding("B", "roll_back", "roll back", id="watch.roll-back", tooltip="Revoke the new version; asks first"),
        Binding("T", "retire", "retire", id="watch.retire", tooltip="Suspend the old version; asks first"),
        Binding("C", "complete", "revoke the old", id="watch.complete", tooltip="End the emergency; asks first"),
    ]

    def compose(self) -> ComposeResult:
        yield Words(id="paces")
        yield Words(id="callers")
        yield ProbesPanel(id="probes")
        yield VerdictPanel()
        yield TargetsPanel(id="targets")
        yield Words(id="said")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        needed = _NEEDS.get(action)
        if needed is not None and self.detail is not None and needed not in _may(self.detail.rotation):
            return False
        return super().check_action(action, parameters)

    def versions(self, rotation: Rotation) -> tuple[int, ...]:
        return () if rotation.new_version is None else (rotation.new_version,)

    def show(self) -> None:
        self.tick()

    def tick(self) -> None:
        detail = self.detail
        if detail is None:
            return
        rotation, now = detail.rotation, self.now
        paces = self.query_one("#paces", Words)
        paces.say(pace_lines(detail, now, paces.size.width))
        rows = caller_rows(detail.callers, rotation.old_version, rotation.new_version, detail.assessment)
        callers = self.query_one("#callers", Words)
        height = max(self.size.height - _VERDICT_LINES, _CALLERS_AT_LEAST)
        table = caller_table(rows, (rotation.old_version, rotation.new_version), now, callers.size.width, height)
        callers.say(Content.assemble("\n", table))
        self.query_one(VerdictPanel).show(detail.assessment, now)
        self.query_one("#said", Words).say(said(detail))

    def action_waive(self) -> None:
        """Choose a reason by its name, and say why it may be set aside."""
        detail = self.detail
        reasons = () if detail is None or detail.assessment is None else detail.assessment.reasons
        subjects = tuple(dict.fromkeys(each.subject for each in reasons if each.subject and not each.waived_by))
        if not subjects:
            self.wizard.tell(
                "nothing here can be waived", "a reason that can be waived has (w) beside it", severity="warning"
            )
            return
        self.app.push_screen(WaiveDialog(subjects), self._waived)

    def _waived(self, waiving: Waiving | None) -> None:
        if waiving is not None and self.detail is not None:
            rotation = self.detail.rotation
            self.act(
                lambda vault: vault.waive(rotation.id, waiving.subject, waiving.why),
                f"{waiving.subject} is waived",
                command=for_rotation("waive", rotation, waiving.subject, why=waiving.why),
            )

    def action_note(self) -> None:
        """Leave a note."""
        ask_note(self)

    def action_roll_back(self) -> None:
        """Ask, then go back to the old version."""
        ask_back(self)

    def action_retire(self) -> None:
        """Ask, then suspend the old version; where its issuer cannot, go on to the step that says so."""
        if self.detail is None:
            return
        if Verb.RETIRE not in allowed(self.detail.rotation):
            self.wizard.retiring = True
            self.wizard.draw()
            return
        rotation, assessment = self.detail.rotation, self.detail.assessment
        old = rotation.old_version
        question = verdict_question(
            rotation,
            assessment,
            "retire",
            f"Retire v{old} of {rotation.key_name}?",
            (f"v{old} is refused from now on, and watched. U restores it.",),
        )

        def confirmed(override: str | None) -> None:
            if override is not None:
                self._retire(rotation, override)

        self.app.push_screen(ConfirmDialog(question), confirmed)

    def _retire(self, rotation: Rotation, override: str) -> None:
        """Not where a system shuts the new version out: nobody would have a key that works there."""
        can_go = it_can_go(self, rotation)

        def work(vault: Vault) -> Rotation:
            can_go(vault)
            return vault.retire(rotation.id, override)

        self.act(
            work,
            f"v{rotation.old_version} is suspended; U restores it",
            command=for_verdict("retire", rotation, override),
        )

    def action_complete(self) -> None:
        """Ask, then revoke the old version of an emergency."""
        ask_complete(self)


def _may(rotation: Rotation) -> tuple[Verb, ...]:
    """What this step offers: without a suspension, the end of a rolling rotation is a step on, as it is with one."""
    verbs = allowed(rotation)
    return (
        (*(verb for verb in verbs if verb is not Verb.COMPLETE), Verb.RETIRE) if retires_for_good(rotation) else verbs
    )


def note_question(rotation: Rotation) -> Question:
    """The note to whoever holds the rotation next."""
    there = f"The note now: {rotation.note}" if rotation.note else "There is no note yet."
    return Question(
        f"A note on the rotation of {rotation.key_name}",
        (there,),
        "Leave it",
        note="what the next one should know",
        note_required=True,
        harmless_verb="Back",
    )


def ask_note(step: StepBody) -> None:
    """Leave a hand-over note."""
    if step.detail is None:
        return
    rotation = step.detail.rotation

    def confirmed(note: str | None) -> None:
        if note:
            step.act(
                lambda vault: vault.leave_note(rotation.id, note),
                "the note is left",
                command=for_rotation("note", rotation, note),
            )

    step.app.push_screen(ConfirmDialog(note_question(rotation)), confirmed)


def pace_lines(detail: RotationDetail, now: datetime, width: int) -> Content:
    """Both versions, one under the other, over the same stretch of time."""
    versions = [detail.old] + ([detail.new] if detail.new is not None else [])
    bars = min(max(width - _BESIDE_BARS, _BARS.start), _BARS.stop)
    drawn = paces(detail.pace, [version.number for version in versions], now, bars)
    return Content("\n").join(
        [_pace(name, version, pace, now) for name, version, pace in zip(("old", "new"), versions, drawn, strict=False)]
    )


def _pace(name: str, version: Version, pace: Pace, now: datetime) -> Content:
    per_minute = f"{pace.per_minute:,.0f}/min" if pace.per_minute >= 1 or not pace.per_minute else "<1/min"
    return Content.assemble(
        (f"{name}  ", "$quiet"),
        (f"v{version.number} {version.prefix or '(weak)':<12}", "bold"),
        f" {per_minute:>9}  ",
        (pace.bars, "$accent"),
        ("  last ", "$quiet"),
        ago(version.last_used_at, now),
    )


def said(detail: RotationDetail) -> Content:
    """The newest word of each place that the secret went to, and the note."""
    newest = {delivery.target: delivery for delivery in detail.deliveries}
    lines = [delivery_line(delivery) for delivery in newest.values()]
    if detail.rotation.note:
        lines.append(Content.assemble(("note  ", "$quiet"), harmless(detail.rotation.note)))
    return Content("\n").join([Content(""), *lines]) if lines else Content("")


def delivery_line(delivery: Delivery) -> Content:
    """Where the secret went, how that ended, and when."""
    symbol, style = {"proven": ("✓", "$success"), "failed": ("✗", "$error")}.get(delivery.state, ("●", "$quiet"))
    words = f"{harmless(delivery.target)} {delivery.state} {clock_time(delivery.at)} {harmless(delivery.detail)}"
    return Content.assemble((f"{symbol} ", style), words.rstrip())
