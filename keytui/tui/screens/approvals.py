"""Requests that wait for a second operator, and how the last ones ended."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from functools import partial
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from keytui.clock import Clock
from keytui.domain.approvals import Approval, ApprovalState
from keytui.domain.operators import person
from keytui.domain.text import harmless
from keytui.tui.permissions import WhyNot
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.confirm import ConfirmDialog, Question
from keytui.tui.screens.key import KeyScreen
from keytui.tui.widgets.columns import Column
from keytui.tui.widgets.paged_table import PagedTable
from keytui.tui.widgets.words import Words
from keytui.tui.wording import QUIET, ago, outside, when
from keytui.vault.model import Changes
from keytui.vault.protocol import Vault

_STATES: Final = {
    ApprovalState.PENDING: ("? waits", "bold $warning"),
    ApprovalState.APPROVED: ("✓ approved", "$success"),
    ApprovalState.DENIED: ("✗ denied", "$error"),
    ApprovalState.USED: ("✓ used", QUIET),
    ApprovalState.EXPIRED: ("◌ expired", QUIET),
}


_DECIDING: Final = frozenset({"approve", "deny"})
Decision = Callable[[Vault, Approval, str], Approval]


class ApprovalsScreen(VaultScreen[None]):
    """What waits comes first, the oldest at the top; then what was decided."""

    CSS_PATH = "approvals.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#approvals"
    BINDING_GROUP_TITLE = "Approvals"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,h,left", "back", "back", key_display="esc", id="approvals.back", tooltip="Back"),
        Binding("A", "approve", "approve", id="approvals.approve", tooltip="Agree to it; asks first"),
        Binding("D", "deny", "deny", id="approvals.deny", tooltip="Say no to it, or take your own back; asks first"),
        Binding("r", "refetch", "refresh", show=False, id="approvals.refresh", tooltip="Ask the vault again"),
    ]

    @property
    def table(self) -> PagedTable[Approval]:
        return self.query_one("#approvals", PagedTable)

    def body(self) -> ComposeResult:
        yield Words(Content.styled("Approvals   what a sensitive key waits for", "bold"), id="heading")
        yield PagedTable(
            approval_columns(self.console.clock),
            lambda approval: str(approval.id),
            id="approvals",
            empty="nothing waits for a second operator",
        )
        yield Words(id="approval")

    @on(PagedTable.Wanted, "#approvals")
    def _fetch(self, wanted: PagedTable.Wanted) -> None:
        self.ask(_asked, partial(self._arrived, wanted.turn))

    def _arrived(self, turn: int, approvals: tuple[Approval, ...]) -> None:
        self.table.put(turn, 0, approvals, len(approvals))
        self._glance()

    def action_refetch(self) -> None:
        """Ask the vault again."""
        self.table.reload()

    def fed(self, changes: Changes) -> None:
        self.table.reload()

    @on(PagedTable.Moved)
    def _glance(self) -> None:
        approval = self.table.cursor_row
        self.query_one("#approval", Words).say(Content("") if approval is None else _whole(approval))
        self.recheck()

    @on(PagedTable.Opened)
    def _open(self) -> None:
        approval = self.table.cursor_row
        if approval is not None and approval.key_id:
            self.app.push_screen(KeyScreen(approval.key_id))

    def why_not(self, action: str) -> WhyNot | None:
        forbidden = super().why_not(action)
        if forbidden is not None or action not in _DECIDING or not self.is_mounted:
            return forbidden
        approval = self.table.cursor_row
        if approval is None or approval.state is not ApprovalState.PENDING:
            return WhyNot(f"nothing waits here to {action}", "requests that wait stand at the top")
        standing = self.console.status.standing
        if action == "approve" and standing is not None and person(standing.actor) == person(approval.requested_by):
            return WhyNot(f"#{approval.id} is your own, and approving takes somebody else", "D takes it back")
        return None

    def action_approve(self) -> None:
        """Ask, then agree."""
        self._decide("approve", "Approve", lambda vault, approval, note: vault.approve(approval.id, note))

    def action_deny(self) -> None:
        """Ask, then say no."""
        self._decide("deny", "Deny", lambda vault, approval, note: vault.deny(approval.id, note))

    def _decide(self, word: str, verb: str, decide: Decision) -> None:
        approval = self.table.cursor_row
        if approval is None:
            return
        question = Question(
            f"{verb} #{approval.id}: {approval.requested_by} wants to {approval.operation} {approval.key_name}?",
            (
                f"{approval.environment}   {approval.what or 'nothing more was said of it'}",
                "Exactly this can then be done once, by whoever asked, within a day.",
            ),
            verb,
            f"keytui approvals {word} {approval.id}",
            note="why (goes into the audit log)",
            harmless_verb="Leave it waiting",
        )

        def confirmed(note: str | None) -> None:
            if note is not None:
                noted = ("--note", note) if note else ()
                command = shlex.join(("keytui", "approvals", word, *noted, str(approval.id)))
                self.change(lambda vault: decide(vault, approval, note), self._decided, command=command)

        self.app.push_screen(ConfirmDialog(question), confirmed)

    def _decided(self, approval: Approval) -> None:
        self.tell(f"#{approval.id} is {approval.state}")
        self.console.ask_standing()
        self.table.reload()


def _asked(vault: Vault) -> tuple[Approval, ...]:
    approvals = vault.approvals(decided=True)
    return tuple(sorted(approvals, key=lambda each: each.state is not ApprovalState.PENDING))


def approval_columns(clock: Clock) -> list[Column[Approval]]:
    """Which key, what for and how it stands stay at any width."""

    def asked(approval: Approval) -> Content:
        return ago(approval.requested_at, clock())

    return [
        Column("STATE", 10, lambda each: Content.styled(*_STATES[each.state])),
        Column("WHAT", 8, lambda each: Content(each.operation)),
        Column("KEY", 16, lambda each: Content.styled(harmless(each.key_name), "bold"), grow=2),
        Column("ENV", 11, lambda each: outside(each.environment), rank=3),
        Column("ASKED BY", 14, lambda each: outside(each.requested_by), rank=1, grow=1),
        Column("ASKED", 10, asked, rank=2, right=True),
        Column("DECIDED BY", 14, lambda each: outside(each.decided_by), rank=4, grow=1),
    ]


def _whole(approval: Approval) -> Content:
    until = f"   until {when(approval.expires_at)}" if approval.state in _STANDING else ""
    return Content.assemble(
        (f"#{approval.id} {approval.operation} {harmless(approval.key_name)}", "bold"),
        f"   asked {when(approval.requested_at)} by {harmless(approval.requested_by)}{until}",
        f"\n{harmless(approval.what)}" if approval.what else "",
        (f"\nnote  {harmless(approval.note)}" if approval.note else "", QUIET),
    )


_STANDING: Final = frozenset({ApprovalState.PENDING, ApprovalState.APPROVED})
