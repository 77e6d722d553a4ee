"""`@`: what was done in this console session, newest last, as the commands that would do the same."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from keytui.domain.secrets import Secret
from keytui.domain.text import harmless
from keytui.private_file import write_new_file
from keytui.tui.command_log import DONE, UNDER_WAY, Logged
from keytui.tui.screens.base import VaultScreen
from keytui.tui.screens.confirm import ConfirmDialog, Question
from keytui.tui.widgets.columns import Column
from keytui.tui.widgets.paged_table import PagedTable
from keytui.tui.widgets.words import Words
from keytui.tui.wording import QUIET

_EXPORT = Question(
    "Write the log to a new file?",
    ("Each command, with when it ran and what came of it. It is made with mode 0600, and holds no secret.",),
    "Write it",
    note="path of the new file, as in session.sh",
    note_required=True,
    harmless_verb="Back",
)


class CommandLogScreen(VaultScreen[None]):
    """A row for each change and each file, with the whole of the one under the cursor below."""

    CSS_PATH = "command_log.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#commands"
    BINDING_GROUP_TITLE = "The command log"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,h,left", "back", "back", key_display="esc", id="command-log.back", tooltip="Back"),
        Binding("y", "copy", "copy", id="command-log.copy", tooltip="Send the command to the clipboard, as enter does"),
        Binding("x", "export", "to a file", id="command-log.export", tooltip="All of them, to a new file"),
        Binding("r", "refetch", "refresh", show=False, id="command-log.refresh", tooltip="Look again"),
    ]

    @property
    def table(self) -> PagedTable[Logged]:
        return self.query_one("#commands", PagedTable)

    def body(self) -> ComposeResult:
        yield Words(Content.styled("Command log   what was done here since the console began", "bold"), id="heading")
        yield PagedTable(
            _columns(), lambda each: str(each.number), id="commands", empty="nothing was done here yet   esc goes back"
        )
        yield Words(id="entry")

    def on_mount(self) -> None:
        self.table.go_to(max(len(self.console.command_log.entries) - 1, 0))
        self.set_interval(1, self._look)

    @on(PagedTable.Wanted, "#commands")
    def _fetch(self, wanted: PagedTable.Wanted) -> None:
        entries = self.console.command_log.entries
        self._shown = entries
        page = entries[wanted.offset : wanted.offset + wanted.limit]
        self.table.put(wanted.turn, wanted.offset, page, len(entries))
        if wanted.turn == 1:
            self.table.action_last()

    _shown: tuple[Logged, ...] = ()

    def _look(self) -> None:
        """What is on its way ends while it is looked at."""
        if self.is_current and self.console.command_log.entries != self._shown:
            self.action_refetch()

    def action_refetch(self) -> None:
        """Look again."""
        self.table.reload()

    @on(PagedTable.Moved, "#commands")
    def _moved(self) -> None:
        entry = self.table.cursor_row
        self.query_one("#entry", Words).say(_whole(entry) if entry is not None else Content(""))

    @on(PagedTable.Opened, "#commands")
    def action_copy(self) -> None:
        """Send the command to the clipboard of the operator's terminal."""
        entry = self.table.cursor_row
        if entry is not None:
            self.app.copy_to_clipboard(entry.command)
            self.tell("the command was sent to your terminal's clipboard", "terminals do not confirm it")

    def action_export(self) -> None:
        """Ask for a file, and write all of it."""
        self.app.push_screen(ConfirmDialog(_EXPORT), self._export)

    def _export(self, path: str | None) -> None:
        if path:
            script = Secret(self.console.command_log.script())
            self.ask(lambda _: write_new_file(Path(path), script), self._written)

    def _written(self, path: Path) -> None:
        self.tell(f"the log is in {path}", "only you can read it")


def _columns() -> list[Column[Logged]]:
    return [
        Column("WHEN", 8, lambda each: Content(f"{each.at.astimezone():%H:%M:%S}")),
        Column("UTC", 9, lambda each: Content.styled(f"{each.at.astimezone(UTC):%H:%M:%S}Z", QUIET), rank=1),
        Column("COMMAND", 24, lambda each: Content.styled(harmless(_one_line(each.command)), "bold"), grow=3),
        Column("OUTCOME", 11, lambda each: _outcome(each.outcome), grow=1),
    ]


def _one_line(command: str) -> str:
    first, *more = command.splitlines() or [""]
    return f"{first}  (+{len(more)})" if more else first


def _outcome(outcome: str) -> Content:
    mark, style = {DONE: ("✓", "$success"), UNDER_WAY: ("◌", QUIET)}.get(outcome, ("✗", "$error"))
    return Content.styled(f"{mark} {harmless(outcome)}", style)


def _whole(entry: Logged) -> Content:
    lines = [Content(harmless(line)) for line in entry.command.splitlines()]
    at = f"{entry.at.astimezone():%Y-%m-%d %H:%M:%S}  {entry.at.astimezone(UTC):%H:%M:%S}Z   "
    return Content("\n").join([*lines, Content.assemble((at, QUIET), _outcome(entry.outcome))])
