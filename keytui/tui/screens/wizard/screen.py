"""The wizard around one rotation: it lands on the step that the persisted state names, and leaving never loses any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final
from uuid import uuid4

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content

from keytui.domain.errors import KeytuiError
from keytui.domain.keys import Key
from keytui.domain.rotation import Plan, Rotation
from keytui.domain.text import harmless
from keytui.tui.command_lines import for_plan, for_resuming
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.wizard.hand_over import HandOverScreen
from keytui.tui.screens.wizard.heading import heading, heading_of_plan, marks
from keytui.tui.screens.wizard.issue import IssueBody
from keytui.tui.screens.wizard.lost_secret import LostSecretBody
from keytui.tui.screens.wizard.path import WizardStep, step_of
from keytui.tui.screens.wizard.proof import ProofBody
from keytui.tui.screens.wizard.retire import RetireBody
from keytui.tui.screens.wizard.review import ReviewBody
from keytui.tui.screens.wizard.step import StepBody
from keytui.tui.screens.wizard.watch import WatchBody
from keytui.tui.widgets.steps import FOLDED, RotationHeading, StepList
from keytui.tui.widgets.words import Words
from keytui.vault.model import Changes, Issued, Rehearsal, RotationDetail
from keytui.vault.protocol import Vault

_BODIES: Final[dict[WizardStep, type[StepBody]]] = {
    WizardStep.REVIEW: ReviewBody,
    WizardStep.ISSUE: IssueBody,
    WizardStep.HAND_OVER: LostSecretBody,
    WizardStep.WATCH: WatchBody,
    WizardStep.RETIRE: RetireBody,
    WizardStep.PROOF: ProofBody,
}
_LIVE: Final = frozenset({WizardStep.WATCH, WizardStep.RETIRE, WizardStep.PROOF})
_ASK_AGAIN_AFTER: Final = 5
"""Seconds: a verdict also changes by time alone, and then nothing comes through the feed."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the vault says: of a rotation, or of one that is not opened yet; and its key."""

    found: Rehearsal | RotationDetail
    key: Key


class WizardScreen(VaultScreen[None]):
    """Rotates a key, or goes on with a rotation. With `until_handed_over` it closes once the new secret is out."""

    CSS_PATH = "wizard.tcss"
    HORIZONTAL_BREAKPOINTS = FOLDED
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "later", id="wizard.later", tooltip="Close the wizard; nothing is lost"),
        Binding("r", "reload", "refresh", show=False, id="wizard.refresh", tooltip="Ask the vault again"),
    ]

    def __init__(self, key_id: str = "", rotation_id: int | None = None, *, until_handed_over: bool = False) -> None:
        super().__init__()
        self.key_id = key_id
        self.rotation_id = rotation_id
        self.plan = Plan()
        self.key: Key | None = None
        """The key, once it is known."""
        self.rehearsal: Rehearsal | None = None
        self.detail: RotationDetail | None = None
        self.reviewed = False
        self.retiring = False
        """Whether the operator has gone on from the watch to a retirement that no suspension comes before."""
        self._until_handed_over = until_handed_over
        self._request_id = uuid4().hex
        self._issuing = False
        self._failing = False
        self._step: WizardStep | None = None
        self._body: StepBody | None = None
        self._seconds = 0

    def body(self) -> ComposeResult:
        with Vertical(id="wizard"):
            yield RotationHeading()
            with Horizontal(id="columns"):
                yield StepList()
                yield Vertical(id="step")

    def on_mount(self) -> None:
        self.reload()
        self.set_interval(1, self._tick)

    def fed(self, changes: Changes) -> None:
        if changes.usage_as_of is not None or changes.concern(self.key_id):
            self.reload()

    def action_reload(self) -> None:
        """Ask the vault again, and what the step asks beside."""
        self.reload()
        if self._body is not None and self._body.here:
            self._body.ask_again()

    def reload(self) -> None:
        """Draw the rotation as the vault has it now."""
        self.ask(self._look, self._seen, self._not_seen, slot="wizard")

    def _look(self, vault: Vault) -> _Seen:
        rotation_id = self.rotation_id
        if rotation_id is None:
            opened = vault.open_rotation(self.key_id)
            rotation_id = opened.id if opened is not None else None
        if rotation_id is None:
            rehearsal = vault.rehearse(self.key_id, self.plan)
            return _Seen(rehearsal, rehearsal.key)
        detail = vault.rotation(rotation_id)
        return _Seen(detail, self.key or vault.find(detail.rotation.key_id))

    def _not_seen(self, error: KeytuiError) -> None:
        """Said once, and not with every look that fails after it; what is drawn stays."""
        if self._step is None:
            self.query_one("#step", Vertical).remove_children()
            self.query_one("#step", Vertical).mount(Words(_failure(error)))
        elif not self._failing:
            self.report(error)
        self._failing = True

    def _seen(self, seen: _Seen) -> None:
        self._failing = False
        self.key, found = seen.key, seen.found
        if isinstance(found, Rehearsal):
            self.rehearsal = found
        else:
            self.detail = found
            self.key_id, self.rotation_id, self.plan = found.rotation.key_id, found.rotation.id, found.rotation.plan
        self.draw()

    def draw(self) -> None:
        """Put the right step on the screen, and draw it."""
        step = self._current()
        self._show_heading(step)
        if self._body is not None and step is self._step:
            self._body.draw(self.detail)
            return
        self._step, self._body = step, _BODIES[step]()
        self._body.draw(self.detail)
        column = self.query_one("#step", Vertical)
        column.remove_children()
        column.mount(self._body)
        self._body.focus()

    def _current(self) -> WizardStep:
        step = step_of(self.detail.rotation if self.detail is not None else None)
        if step is WizardStep.WATCH and self.retiring:
            return WizardStep.RETIRE
        return WizardStep.ISSUE if step is WizardStep.REVIEW and self.reviewed else step

    def _show_heading(self, step: WizardStep) -> None:
        rotation = self.detail.rotation if self.detail is not None else None
        self.query_one(StepList).show(marks(step, rotation, self.plan))
        if rotation is not None:
            self.query_one(RotationHeading).show(heading(step, rotation, self.console.clock()))
        elif self.rehearsal is not None:
            self.query_one(RotationHeading).show(heading_of_plan(step, self.rehearsal.key, self.plan))

    def _tick(self) -> None:
        if self._step is None or self._body is None or not self.is_current:
            return
        self._show_heading(self._step)
        self._body.time_passed()
        self._seconds += 1
        if self._step in _LIVE and self._seconds % _ASK_AGAIN_AFTER == 0:
            self.reload()

    def may_leave(self, go: Callable[[], object]) -> None:
        if self._issuing:
            self.tell("the new version is being issued", "its secret would be lost: wait for it", severity="warning")
        elif self._body is not None and self._body.goes_on_alone:
            self.tell(
                "the delivery goes on by itself", "its end is told wherever you are; until then change nothing else"
            )
            go()
        else:
            super().may_leave(go)

    def issue(self) -> None:
        """Open the rotation if it is not, and issue: once, in one flight. The secret goes to the hand-over only."""
        command = for_plan(self.key, self.plan) if self.key is not None else ""
        if self.detail is not None:
            command = for_resuming(self.detail.rotation)
        self._start(self._issue, command)

    def reissue(self, rotation: Rotation) -> None:
        """Revoke the version whose secret is gone, and issue another."""
        self._start(lambda vault: vault.reissue(rotation.id), for_resuming(rotation))

    def _start(self, action: Callable[[Vault], Issued], command: str) -> None:
        if self._issuing:
            return
        self._issuing = True
        self.change(action, self._issued, self._not_issued, command=command)

    def _issue(self, vault: Vault) -> Issued:
        if self.rotation_id is not None:
            return vault.issue(self.rotation_id)
        return vault.issue(vault.plan(self.key_id, self.plan, self._request_id).id)

    def _issued(self, issued: Issued) -> None:
        self._issuing = False
        self.rotation_id = issued.rotation.id if issued.rotation is not None else self.rotation_id
        self.app.push_screen(HandOverScreen(issued), self._handed_over)

    def _not_issued(self, error: KeytuiError) -> None:
        self._issuing = False
        self.report(error)
        self.reload()

    def _handed_over(self, done: bool | None) -> None:
        if done and self._until_handed_over:
            self.dismiss(None)
        else:
            self.reload()


def _failure(error: KeytuiError) -> Content:
    """The face of a rotation that cannot be read."""
    return Content.assemble(
        ("✗ this cannot be shown\n\n", "bold $error"),
        harmless(error.message),
        "\n",
        (harmless(error.hint), "$quiet"),
        "\n\n",
        ("r", "bold $accent"),
        " asks again    ",
        ("esc", "bold $accent"),
        " goes back",
    )
