"""Taking keys over from a .env file: what is in it first, then the import, by digest only."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Input, Label

from keytui.domain.errors import KeytuiError
from keytui.domain.keys import KeyDraft
from keytui.domain.text import harmless
from keytui.tui.command_lines import for_import, same_as
from keytui.tui.screens.base import VaultScreen
from keytui.tui.widgets.scrolling import Scrolling
from keytui.tui.widgets.words import Words
from keytui.vault.env_file import SortedOut, read_env_file, sort_out
from keytui.vault.model import ImportReport


class ImportScreen(VaultScreen[None]):
    """A path, an environment and an owner; below, what would be taken and what is left out, and why."""

    CSS_PATH = "import_file.tcss"
    SHOWS_SECRET: ClassVar[bool] = False
    AUTO_FOCUS: ClassVar[str | None] = "#path"
    BINDING_GROUP_TITLE = "Import"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "leave", id="import.leave", tooltip="Leave; nothing is imported"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._read: SortedOut | None = None

    def body(self) -> ComposeResult:
        with Scrolling(id="form", can_focus=False):
            yield Label(Content("Import a .env file"), id="title")
            for name, hint in (("path", ".env"), ("variables", "all API keys; or NAME, NAME"), ("owner", "")):
                with Horizontal(classes="field"):
                    yield Label(Content(name), classes="label")
                    yield Input(placeholder=hint, compact=True, id=name)
            with Horizontal(classes="field"):
                yield Label(Content("environment"), classes="label")
                yield Input("production", compact=True, id="environment")
            yield Words(Content.styled("enter reads the file; nothing in it is changed", "$quiet"), id="read")
            yield Words(id="same")
            with Horizontal(id="buttons"):
                yield Button(Content("Leave"), id="leave", compact=True)
                yield Button(Content("Import"), id="do", compact=True, disabled=True)

    def _text(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value.strip()

    def _variables(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self._text("variables").split(",") if name.strip())

    @on(Input.Changed)
    def _unread(self) -> None:
        """What was read may not be what the fields say now: read again before importing."""
        self._read = None
        self.query_one("#do", Button).disabled = True
        self.query_one("#same", Words).say(same_as(self.console.profile, self._command()))

    def _command(self) -> str:
        return for_import(self._text("path"), self._variables(), self._text("environment"), self._text("owner"))

    @on(Input.Submitted)
    async def _read_file(self) -> None:
        path, variables = Path(self._text("path") or ".env").expanduser(), self._variables()
        try:
            self._read = await asyncio.to_thread(lambda: sort_out(read_env_file(path), variables, ""))
        except KeytuiError as error:
            self._say(Content.styled(f"✗ {harmless(error.message)}\n  {harmless(error.hint)}", "$error"))
            return
        self._say(_plan(self._read))
        if self._read.found:
            self.query_one("#do", Button).disabled = False
            self.query_one("#do", Button).focus()

    def _say(self, words: Content) -> None:
        self.query_one("#read", Words).say(words)

    @on(Button.Pressed, "#leave")
    def _leave(self) -> None:
        self.action_back()

    @on(Button.Pressed, "#do")
    def _import(self) -> None:
        if self._read is None:
            return
        found = self._read.found
        draft = KeyDraft("import", self._text("environment"), owner=self._text("owner"))
        self.change(lambda vault: vault.adopt(found, draft), self._imported, self._failed, command=self._command())

    def _failed(self, error: KeytuiError) -> None:
        self._say(Content.styled(f"✗ {harmless(error.message)}\n  {harmless(error.hint)}", "$error"))

    def _imported(self, report: ImportReport) -> None:
        weak = f"; weak: {', '.join(report.weak)}" if report.weak else ""
        self.tell(f"{len(report.added)} imported, {len(report.present)} were there already{weak}")
        self.dismiss(None)


def _plan(read: SortedOut) -> Content:
    lines = [Content.assemble(("✓ ", "$success"), f"{len(read.found)} to import")]
    lines += [Content(f"    {harmless(found.name)}   from {harmless(found.variable)}") for found in read.found]
    if read.left_out:
        lines.append(Content.styled(f"– {len(read.left_out)} left out", "$quiet"))
    for one in read.left_out:
        how = f"   {harmless(one.how)}" if one.how else ""
        lines.append(Content.styled(f"    {harmless(one.variable)}   {harmless(one.why)}{how}", "$quiet"))
    lines += [Content.styled(f"▲ {harmless(remark)}", "$warning") for remark in read.remarks]
    return Content("\n").join(lines)
