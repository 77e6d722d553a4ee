"""The four modes and the keys that lead to them, with what waits in each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from textual import events
from textual.content import Content
from textual.widget import Widget

from keytui.tui.widgets.status_line import Status

if TYPE_CHECKING:
    from keytui.tui.app import Console

_GAP: Final = 3
MODES: Final = (
    ("1", "Keys", "keys"),
    ("2", "Rotations", "rotations"),
    ("3", "Usage", "usage"),
    ("4", "Audit", "audit"),
)


class ModeBar(Widget):
    """One line under the status line. The mode that is shown is bold and underlined: never told by colour alone."""

    DEFAULT_CSS = """
    ModeBar { height: 1; margin-bottom: 1; background: $background; color: $quiet; }
    """

    def __init__(self, mode: str) -> None:
        super().__init__()
        self._mode = mode
        self._waiting = 0

    def on_mount(self) -> None:
        self._update(cast("Console", self.app).status)
        cast("Console", self.app).status_changed.subscribe(self, self._update)

    def _update(self, status: Status) -> None:
        waiting = status.standing.open_rotations if status.standing is not None else 0
        if waiting != self._waiting:
            self._waiting = waiting
            self.refresh()

    def _labels(self) -> list[tuple[str, Content]]:
        return [(mode, self._label(key, name, mode)) for key, name, mode in MODES]

    def _label(self, key: str, name: str, mode: str) -> Content:
        here = mode == self._mode
        waiting = f" {self._waiting}" if mode == "rotations" and self._waiting else ""
        return Content.assemble(
            (cast("Console", self.app).key_of(f"app.{mode}", key), "$accent"),
            " ",
            (name, "bold underline $foreground" if here else ""),
            (waiting, "bold $foreground"),
        )

    def render(self) -> Content:
        return Content(" ") + Content(" " * _GAP).join([label for _, label in self._labels()])

    async def on_click(self, event: events.Click) -> None:
        left = 1
        for mode, label in self._labels():
            if left <= event.x < left + label.cell_length:
                await self.run_action(f"app.mode('{mode}')")
            left += label.cell_length + _GAP
