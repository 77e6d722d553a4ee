"""`?`: the keys that work right now, made from the bindings themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from keytui.tui.screens.base import Dialog
from keytui.tui.widgets.scrolling import Scrolling


class HelpScreen(Dialog[None]):
    """Every active binding by its keys, with what it does."""

    CSS_PATH = "help.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#dialog"
    BINDING_GROUP_TITLE = "Help"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "back", "close", show=False, id="help.close", tooltip="Close this help"),
    ]

    def __init__(self, active: dict[str, ActiveBinding]) -> None:
        super().__init__()
        self._active = active

    def body(self) -> ComposeResult:
        with Scrolling(id="dialog"):
            yield Static(Content.styled("Keys that work here", "bold"), id="title")
            yield Static(Content("\n").join(self._lines()), id="bindings")

    def _lines(self) -> Iterator[Content]:
        by_action: dict[str, list[Binding]] = {}
        for active in self._active.values():
            if active.binding.id is not None:
                by_action.setdefault(active.binding.action, []).append(active.binding)
        for bindings in by_action.values():
            keys = " ".join(dict.fromkeys(self.app.get_key_display(binding) for binding in bindings))
            yield Content.assemble((f"{keys:<16}", "bold $accent"), bindings[0].tooltip or bindings[0].description)
