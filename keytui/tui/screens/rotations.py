"""Mode 2: every open rotation, those whose overlap has ended first in the eye."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from keytui.clock import Clock
from keytui.domain.rotation import Rotation, RotationState
from keytui.domain.text import harmless
from keytui.domain.verdict import Assessment
from keytui.tui.command_lines import for_rotation
from keytui.tui.screens.confirm import ConfirmDialog
from keytui.tui.screens.mode import ModeScreen
from keytui.tui.screens.taking_over import take_over_question
from keytui.tui.screens.wizard.path import step_of
from keytui.tui.screens.wizard.screen import WizardScreen
from keytui.tui.screens.wizard.watch import note_question
from keytui.tui.screens.wizard.words import countdown
from keytui.tui.widgets.columns import Column
from keytui.tui.widgets.paged_table import PagedTable
from keytui.tui.widgets.verdict import verdict_word
from keytui.tui.widgets.words import Words
from keytui.tui.wording import outside
from keytui.vault.protocol import Vault

_WITH_VERDICT = frozenset({RotationState.DELIVERED, RotationState.OVERLAPPING, RotationState.SUSPENDED})


@dataclass(frozen=True, slots=True)
class OpenRotation:
    """One row: a rotation and its verdict, if it has one by now."""

    rotation: Rotation
    assessment: Assessment | None


@dataclass(frozen=True, slots=True)
class _Rows:
    rows: tuple[OpenRotation, ...]
    total: int


class RotationsScreen(ModeScreen):
    """Who holds what, how long yet, and whether the old version can go."""

    MODE = "rotations"
    CSS_PATH = "rotations.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#rotations"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("O", "take_over", "take over", id="rotations.take-over", tooltip="Hold it from now on; asks first"),
        Binding("n", "note", "note", id="rotations.note", tooltip="Leave a note for whoever comes next"),
    ]

    @property
    def table(self) -> PagedTable[OpenRotation]:
        return self.query_one("#rotations", PagedTable)

    def body(self) -> ComposeResult:
        yield PagedTable(rotation_columns(self.console.clock), lambda row: str(row.rotation.id), id="rotations")
        yield Words(id="rotation-glance")

    @on(PagedTable.Wanted, "#rotations")
    def _fetch(self, wanted: PagedTable.Wanted) -> None:
        now = self.console.clock()
        self.ask(
            lambda vault: _rows(vault, wanted.offset, wanted.limit, now),
            partial(self._arrived, wanted.turn, wanted.offset),
        )

    def _arrived(self, turn: int, offset: int, rows: _Rows) -> None:
        self.table.put(turn, offset, rows.rows, rows.total)
        self._glance()

    def refetch(self) -> None:
        self.table.reload()

    def ticked(self, now: datetime) -> None:
        self.table.repaint()

    @on(PagedTable.Moved)
    def _glance(self) -> None:
        row = self.table.cursor_row
        if self.table.total == 0:
            content = Content.assemble(
                "no rotation is open.  ", ("1", "bold $accent"), " Keys, then ", ("R", "bold $accent"), " begins one"
            )
        else:
            content = Content("") if row is None else glance(row)
        self.query_one("#rotation-glance", Words).say(content)

    @on(PagedTable.Opened)
    def _resume(self) -> None:
        row = self.table.cursor_row
        if row is not None:
            self.app.push_screen(WizardScreen(rotation_id=row.rotation.id), lambda _: self.refetch())

    def action_take_over(self) -> None:
        """Ask, then hold it."""
        rotation = self._under_cursor("take over")
        if rotation is None:
            return

        def confirmed(answer: str | None) -> None:
            if answer is not None:
                self.change(
                    lambda vault: vault.take_over(rotation.id),
                    partial(self._done, "you hold it now"),
                    command=for_rotation("take-over", rotation),
                )

        self.app.push_screen(ConfirmDialog(take_over_question(rotation)), confirmed)

    def action_note(self) -> None:
        """Leave a note."""
        rotation = self._under_cursor("leave a note on")
        if rotation is None:
            return

        def confirmed(note: str | None) -> None:
            if note:
                self.change(
                    lambda vault: vault.leave_note(rotation.id, note),
                    partial(self._done, "the note is left"),
                    command=for_rotation("note", rotation, note),
                )

        self.app.push_screen(ConfirmDialog(note_question(rotation)), confirmed)

    def _under_cursor(self, verb: str) -> Rotation | None:
        row = self.table.cursor_row
        if row is None:
            self.tell(f"there is no rotation to {verb} here", "R on a key begins one", severity="warning")
            return None
        return row.rotation

    def _done(self, words: str, _: Rotation) -> None:
        self.tell(words)
        self.refetch()


def _rows(vault: Vault, offset: int, limit: int, now: datetime) -> _Rows:
    now_open = vault.rotations(True, offset, limit)
    rows = tuple(
        OpenRotation(each, vault.verdict(each.id) if each.state in _WITH_VERDICT else None) for each in now_open
    )
    by_danger = tuple(sorted(rows, key=lambda row: not row.rotation.overdue(now)))
    return _Rows(by_danger, vault.standing().open_rotations)


def rotation_columns(clock: Clock) -> list[Column[OpenRotation]]:
    """Name, what the clock says and the verdict stay at any width."""
    return [
        Column("NAME", 16, lambda row: Content.styled(harmless(row.rotation.key_name), "bold"), grow=2),
        Column("ENV", 11, lambda row: outside(row.rotation.environment), rank=3),
        Column("STEP", 11, lambda row: Content(step_of(row.rotation).title), rank=1),
        Column("CLOCK", 26, lambda row: countdown(row.rotation, clock())),
        Column("VERDICT", 10, _verdict),
        Column("HOLDER", 14, lambda row: outside(row.rotation.holder), rank=2, grow=1),
        Column("NOTE", 16, lambda row: outside(row.rotation.note), rank=4, grow=2),
    ]


def _verdict(row: OpenRotation) -> Content:
    return Content.styled("—", "$quiet") if row.assessment is None else verdict_word(row.assessment.verdict)


def glance(row: OpenRotation) -> Content:
    """What the table has no room for: versions, the note, and the first reason of the verdict."""
    rotation = row.rotation
    new = f" → v{rotation.new_version}" if rotation.new_version is not None else ""
    lines = [
        Content.assemble(
            (harmless(rotation.key_name), "bold"),
            f"   v{rotation.old_version}{new}   {rotation.plan.strategy}   #{rotation.id}",
            (f"   held by {harmless(rotation.holder)}", "$quiet"),
        )
    ]
    if rotation.note:
        lines.append(Content.assemble(("note  ", "$quiet"), harmless(rotation.note)))
    if row.assessment is not None and row.assessment.reasons:
        lines.append(
            Content.assemble(verdict_word(row.assessment.verdict), "  ", harmless(row.assessment.reasons[0].detail))
        )
    return Content("\n").join(lines)
