"""The targets of a key while they are delivered to: a row for each, which follows what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from textual.content import Content
from textual.message import Message
from textual.message_pump import MessagePump

from keytui.tui.screens.wizard.target_rows import standing_row, told_row
from keytui.tui.widgets.system_rows import system_rows
from keytui.tui.widgets.words import Words
from keytui.vault.progress import Stands, Told


class TargetTold(Message):
    """What a worker heard of one target, on its way to whoever shows it."""

    def __init__(self, told: Told) -> None:
        super().__init__()
        self.told = told


def telling(listener: MessagePump) -> Callable[[Told], None]:
    """What a worker calls with everything that it hears: it is posted, and nothing else happens in the worker."""

    def tell(told: Told) -> None:
        listener.post_message(TargetTold(told))

    return tell


class TargetsPanel(Words):
    """The rows, in the order of delivery. Without any it takes no room."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  # textual's own word
        super().__init__(id=id)
        self.display = False
        self._stands: tuple[Stands, ...] = ()
        self._told: dict[str, Told] = {}
        self._versions = (0, 0)
        self._now: datetime | None = None

    def stand(self, stands: Sequence[Stands], old: int, new: int) -> None:
        """Begin from what the vault knows; what was told before is over."""
        self._stands, self._told, self._versions = tuple(stands), {}, (old, new)

    def take(self, told: Told) -> None:
        """One thing more was told."""
        self._told[told.target] = told

    def draw(self, now: datetime) -> None:
        """Draw what is known at `now`."""
        self._now = now
        rows = [
            told_row(self._told[one.target], now) if one.target in self._told else standing_row(one, *self._versions)
            for one in self._stands
        ]
        self.display = bool(rows)
        self.say(system_rows(rows, max(self.size.width, 20)) if rows else Content(""))

    def on_resize(self) -> None:
        if self._now is not None:
            self.draw(self._now)
