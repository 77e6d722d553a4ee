"""The log as a file, for an auditor: what the filter shows, as CSV or JSON lines by the file's name."""

from __future__ import annotations

from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Label

from keytui.domain.audit import AuditFilter
from keytui.domain.errors import KeytuiError
from keytui.tui.command_lines import for_audit
from keytui.tui.screens.confirm import ConfirmDialog, Question
from keytui.tui.widgets.words import Words
from keytui.vault.audit_export import export_to


class ExportDialog(ConfirmDialog):
    """Writes a new file; its result says nothing that the notification does not."""

    AUTO_FOCUS = "#path"

    def __init__(self, which: AuditFilter, total: int) -> None:
        super().__init__(
            Question(
                f"Export {total:,} entr{'y' if total == 1 else 'ies'} of the audit log",
                ("What the filter shows, newest first, to a new file that only you can read.",),
                "Export",
                "keytui audit --format csv > FILE",
                reads=True,
                harmless_verb="Back",
            )
        )
        self._which = which

    def extra(self) -> ComposeResult:
        yield Label(Content("file: .csv for spreadsheets, .jsonl for programs"), classes="asks")
        yield Input("audit.csv", id="path", compact=True)
        yield Words(id="wrong")

    def on_mount(self) -> None:
        self.query_one("#path").focus()

    @on(Input.Submitted, "#path")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one("#act").focus()

    def act(self, note: str) -> None:
        path, which = Path(self._value("#path").strip()), self._which
        self.query_one("#wrong", Words).say(Content.styled("◌ writing …", "$quiet"))
        self.ask(
            lambda vault: (export_to(path, vault, which), path),
            self._written,
            self._failed,
            slot="export",
            command=for_audit(which, path),
        )

    def _written(self, done: tuple[int, Path]) -> None:
        count, path = done
        self.tell(f"{count:,} entries are in {path}")
        self.dismiss("")

    def _failed(self, error: KeytuiError) -> None:
        self.query_one("#wrong", Words).say(Content.styled(f"✗ {error.message}   {error.hint}", "$error"))
