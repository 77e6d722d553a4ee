"""Step 1, harmless: who would feel the change, what speaks against it, and the plan."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.content import Content
from textual.widgets import Input, Label, Select

from keytui.domain.durations import long, parse_duration
from keytui.domain.errors import Invalid, KeytuiError
from keytui.domain.rotation import First, Plan, Reason, Strategy
from keytui.domain.text import harmless
from keytui.domain.usage import CallerUse
from keytui.tui.command_lines import same_as
from keytui.tui.permissions import WhyNot
from keytui.tui.screens.wizard.delivery import surroundings
from keytui.tui.screens.wizard.rehearsal import RehearsalPanel, SystemRehearsed, worth_showing
from keytui.tui.screens.wizard.step import StepBody
from keytui.tui.screens.wizard.words import cost, rotate_command
from keytui.tui.widgets.columns import Column, cells, fitted
from keytui.tui.widgets.words import Words
from keytui.tui.wording import ago
from keytui.vault.model import Rehearsal
from keytui.vault.protocol import Vault

if TYPE_CHECKING:
    from keytui.vault.outside import Outside

_CALLERS_SHOWN: Final = 6
Choice = TypeVar("Choice", Strategy, First, Reason)


class ReviewBody(StepBody):
    """Reads the rehearsal and fills the plan. Nothing here writes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "go_on",
            "go on to issue",
            key_display="enter",
            id="review.go-on",
            tooltip="To step 2; it asks before it acts",
        ),
    ]

    def compose(self) -> ComposeResult:
        yield Words(id="blast")
        with Grid(id="form"):
            yield Label("strategy")
            yield _choice(Strategy, "strategy", Strategy.ROLLING)
            yield Label("what first", classes="emergency")
            yield Select(
                [("revoke the old one first", First.REVOKE), ("replace it first", First.REPLACE)],
                prompt="say which",
                id="first",
                classes="emergency",
                compact=True,
            )
            yield Label("reason")
            yield _choice(Reason, "reason", Reason.SCHEDULED)
            yield Label("in words", classes="words")
            yield Input(id="reason-text", classes="words", compact=True)
            yield Label("overlap", classes="overlap")
            yield Input(id="overlap", classes="overlap", compact=True, placeholder="by policy")
            yield Label("label")
            yield Input(id="label", compact=True, placeholder="none")
        yield RehearsalPanel(id="rehearsal")
        yield Words(id="outlook")

    def on_mount(self) -> None:
        if not self.gone:
            self.ask_again()

    def ask_again(self) -> None:
        """Rehearse what is outside the vault: each system is asked in turn, and its row filled in as it answers."""
        wizard, profile = self.wizard, self.wizard.console.profile
        wizard.ask(
            lambda vault: surroundings(vault, wizard.key_id, profile), self._rehearse, self._unknown, slot="around"
        )

    def _rehearse(self, outside: Outside) -> None:
        if self.gone or not worth_showing(outside):
            return
        self._panel.expect(outside)
        self._draw_rehearsal()

        def question(vault: Vault) -> None:
            for each in outside.rehearsed(vault):
                self.post_message(SystemRehearsed(each))

        self.wizard.ask(question, lambda _: None, self._unknown, slot="rehearsing")

    def _unknown(self, error: KeytuiError) -> None:
        if not self.gone:
            self._panel.fail(error, self.wizard.key)
            self._draw_rehearsal()

    def on_system_rehearsed(self, message: SystemRehearsed) -> None:
        if not self.gone:
            self._panel.take(message.rehearsed)
            self._draw_rehearsal()

    @property
    def _panel(self) -> RehearsalPanel:
        return self.query_one(RehearsalPanel)

    def _draw_rehearsal(self) -> None:
        if self.here:
            self._panel.draw(self.wizard.plan)
            self.wizard.recheck()

    def tick(self) -> None:
        self.show()

    def show(self) -> None:
        rehearsal = self.wizard.rehearsal
        if rehearsal is None:
            return
        self.query_one("#blast", Words).say(_blast(rehearsal, self.now, self.query_one("#blast").size.width))
        self._show_plan(rehearsal)

    def _show_plan(self, rehearsal: Rehearsal) -> None:
        strategy = self._chosen("#strategy", Strategy)
        for name, there in (
            ("emergency", strategy is Strategy.EMERGENCY),
            ("words", self._chosen("#reason", Reason) is Reason.OTHER),
            ("overlap", strategy is Strategy.ROLLING),
        ):
            self.query(f".{name}").set_class(not there, "absent")
        self.query_one("#outlook", Words).say(self._outlook(rehearsal))
        self._draw_rehearsal()

    def _outlook(self, rehearsal: Rehearsal) -> Content:
        lines = [Content.assemble(("✗ ", "bold $error"), harmless(problem)) for problem in rehearsal.problems]
        lines += [Content.assemble(("▲ ", "$warning"), harmless(warning)) for warning in rehearsal.warnings]
        try:
            plan = self.plan()
        except Invalid as error:
            lines += self._unfinished(error)
        else:
            lines.append(Content(cost(plan)))
            if plan.strategy is Strategy.ROLLING:
                lines.append(Content.styled(f"overlap {long(plan.overlap or rehearsal.overlap)}", "$quiet"))
            lines.append(same_as(self.wizard.console.profile, rotate_command(rehearsal.key.name, plan)))
        return Content("\n").join(lines)

    def _unfinished(self, error: Invalid) -> list[Content]:
        if self._chosen("#strategy", Strategy) is Strategy.EMERGENCY and self._chosen("#first", First) is None:
            return [
                Content.assemble(("revoke first:  ", "bold"), cost(Plan(Strategy.EMERGENCY, First.REVOKE))),
                Content.assemble(("replace first: ", "bold"), cost(Plan(Strategy.EMERGENCY, First.REPLACE))),
            ]
        return [
            Content.assemble(("✗ ", "bold $error"), harmless(error.message), ("  " + harmless(error.hint), "$quiet"))
        ]

    def plan(self) -> Plan:
        """What the form asks for; Invalid says what is missing."""
        strategy = self._chosen("#strategy", Strategy) or Strategy.ROLLING
        overlap = self.query_one("#overlap", Input).value.strip() if strategy is Strategy.ROLLING else ""
        reason = self._chosen("#reason", Reason) or Reason.SCHEDULED
        return Plan(
            strategy=strategy,
            first=self._chosen("#first", First) if strategy is Strategy.EMERGENCY else None,
            reason=reason,
            reason_text=self.query_one("#reason-text", Input).value.strip() if reason is Reason.OTHER else "",
            overlap=parse_duration(overlap) if overlap else None,
            label=self.query_one("#label", Input).value.strip(),
        )

    def _chosen(self, selector: str, kind: type[Choice]) -> Choice | None:
        value = self.query_one(selector, Select).value
        return value if isinstance(value, kind) else None

    @on(Select.Changed)
    @on(Input.Changed)
    def _changed(self) -> None:
        if self.gone or self.wizard.rehearsal is None:
            return
        self._show_plan(self.wizard.rehearsal)
        try:
            plan = self.plan()
        except Invalid:
            return
        if plan != self.wizard.plan:
            self.wizard.plan = plan
            self.wizard.reload()

    @on(Input.Submitted)
    def _leave_field(self) -> None:
        self.focus()

    def why_not(self, action: str) -> WhyNot | None:
        return (self._why_not_on() if action == "go_on" else None) or super().why_not(action)

    def _why_not_on(self) -> WhyNot | None:
        """What the rehearsal refuses, or the form leaves open."""
        rehearsal = self.wizard.rehearsal
        if rehearsal is None or not self.here:
            return WhyNot("the vault has not said yet what it would do", "wait for it, or r asks again")
        if rehearsal.problems:
            return WhyNot(rehearsal.problems[0], "this has to be mended first")
        try:
            obstacle = self._panel.obstacle(self.plan())
        except Invalid as error:
            return WhyNot(error.message, error.hint)
        return None if obstacle is None else WhyNot(*obstacle)

    def action_go_on(self) -> None:
        """To step 2. The form says all it has to: it is not asked for otherwise."""
        self.wizard.plan = self.plan()
        self.wizard.reviewed = True
        self.wizard.draw()


def _choice(kind: type[Choice], id: str, value: Choice) -> Select[Choice]:  # noqa: A002  # textual's own word
    return Select([(str(each), each) for each in kind], value=value, allow_blank=False, id=id, compact=True)


def _blast(rehearsal: Rehearsal, now: datetime, width: int) -> Content:
    old, callers = rehearsal.old, rehearsal.callers
    lines = [
        Content.assemble(
            (f"v{old.number} {old.prefix or '(weak: no prefix)'}", "bold"),
            f" → v{rehearsal.next_number}   ",
            (f"{len(callers) or 'no'} known caller{'s' * (len(callers) != 1)}", "$quiet"),
        )
    ]
    columns = fitted(_columns(now), width - 2)
    lines += [Content("  ") + cells(columns, use) for use in callers[:_CALLERS_SHOWN]]
    if (hidden := len(callers) - _CALLERS_SHOWN) > 0:
        lines.append(Content.styled(f"  and {hidden} more: keytui callers shows all", "$quiet"))
    return Content("\n").join(lines)


def _columns(now: datetime) -> list[Column[CallerUse]]:
    return [
        Column("", 18, lambda use: Content(harmless(use.caller.name)), grow=1),
        Column("", 15, lambda use: Content(harmless(use.caller.address)), rank=2),
        Column("", 10, lambda use: ago(use.last_seen, now), right=True),
        Column("", 18, lambda use: Content.styled(f"{use.accepted:,} requests", "$quiet"), rank=1, right=True),
    ]
