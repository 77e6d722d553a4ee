"""One entry of the audit log, whole: at any size, nothing of it is cut."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from keytui.domain.audit import AuditEntry
from keytui.domain.text import harmless
from keytui.tui.permissions import WhyNot
from keytui.tui.screens.base import Dialog
from keytui.tui.widgets.scrolling import Scrolling
from keytui.tui.wording import QUIET


class AuditEntryScreen(Dialog[str]):
    """What, when, who, on which key, every detail and both hashes. The result is the id of the key to open, if any."""

    CSS_PATH = "audit_entry.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#dialog"
    BINDING_GROUP_TITLE = "One entry of the audit log"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open_key", "open its key", id="audit-entry.key", tooltip="Open the key that it is about"),
        Binding("h,left", "back", "back", show=False, id="audit-entry.back", tooltip="Back to the log"),
    ]

    def __init__(self, entry: AuditEntry) -> None:
        super().__init__()
        self._entry = entry

    def body(self) -> ComposeResult:
        entry = self._entry
        with Scrolling(id="dialog"):
            yield Static(Content(f"#{entry.sequence} {harmless(entry.event.type)}"), id="title")
            yield Static(Content("\n").join(_lines(entry)), id="whole")
            yield Static(self._ways(), id="ways")

    def _ways(self) -> Content:
        key = (("enter", "bold $accent"), " opens its key") if self._entry.event.key_id else ("it is about no key",)
        return Content.assemble(*key, ("   esc", "bold $accent"), " back")

    def why_not(self, action: str) -> WhyNot | None:
        if action == "open_key" and not self._entry.event.key_id:
            return WhyNot("this entry is about no key", "there is nothing to open")
        return super().why_not(action)

    def action_open_key(self) -> None:
        """Close, and have its key opened."""
        self.dismiss(self._entry.event.key_id)


def _lines(entry: AuditEntry) -> Iterator[Content]:
    event = entry.event
    if event.refused:
        yield Content.styled("✗ refused: nothing was changed", "bold $error")
    yield _line("when", f"{entry.at.astimezone():%Y-%m-%d %H:%M:%S}  {entry.at.astimezone(UTC):%H:%M:%S}Z")
    yield _line("who", entry.actor)
    if event.key_id:
        yield _line("key", f"{event.key_name}   {event.key_id}")
    if event.version is not None:
        yield _line("version", f"v{event.version}")
    if event.rotation_id is not None:
        yield _line("rotation", f"#{event.rotation_id}")
    for name, value in event.details.items():
        yield _line(name, value)
    yield _line("hash", entry.hash)
    yield _line("previous", entry.previous)


def _line(name: str, value: str) -> Content:
    return Content.assemble((f"{harmless(name)}  ", QUIET), harmless(value))
