"""From a key to its callers, and from a caller to its keys: live, as the monitor that they are opened from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from keytui.domain.monitor import CallerTraffic
from keytui.domain.text import harmless
from keytui.domain.usage import Caller
from keytui.tui.command_lines import for_callers, for_keys_of, same_as
from keytui.tui.screens.key import KeyScreen
from keytui.tui.screens.live import LiveScreen
from keytui.tui.steady_order import SteadyOrder
from keytui.tui.widgets.columns import Column
from keytui.tui.widgets.live_table import LiveTable
from keytui.tui.widgets.monitor_columns import caller_key_columns, caller_traffic_columns
from keytui.tui.widgets.words import Words
from keytui.tui.wording import QUIET
from keytui.vault.protocol import Vault

Columns = Callable[[Callable[[], datetime]], tuple[Column[CallerTraffic], ...]]
"""What each row shows, as of the time that is told by what they are given."""


class TrafficScreen(LiveScreen):
    """Callers with their rates, one row each. Subclasses say which, and what `enter` opens.

    `question` is asked once a second, `same` is the command that does the same.
    """

    CSS_PATH = "callers.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#traffic"
    BINDING_GROUP_TITLE = "Callers of a key, keys of a caller"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,h,left", "back", "back", key_display="esc", id="traffic.back", tooltip="Back to the monitor"),
        Binding("r", "refetch", "refresh", show=False, id="traffic.refresh", tooltip="Ask the vault again"),
    ]

    def __init__(
        self, question: Callable[[Vault], tuple[CallerTraffic, ...]], columns: Columns, heading: Content, same: str
    ) -> None:
        super().__init__()
        self._question, self._columns, self._heading, self._same = question, columns, heading, same
        self._as_of: datetime | None = None
        self._rows: tuple[CallerTraffic, ...] = ()
        self._order: SteadyOrder[CallerTraffic] = SteadyOrder(_key_of, lambda row: row.per_minute / 60)

    @property
    def table(self) -> LiveTable[CallerTraffic]:
        return self.query_one("#traffic", LiveTable)

    def now(self) -> datetime:
        """The time of the moment that is shown."""
        return self._as_of or self.console.clock()

    def body(self) -> ComposeResult:
        yield Words(self._heading, id="heading")
        yield LiveTable(self._columns(self.now), _key_of, empty="none: nobody was seen", id="traffic")
        yield Words(same_as(self.console.profile, self._same, reads=True), id="same")

    def look(self) -> None:
        as_of = self.console.clock()
        self.ask(
            self._question, lambda rows: self.looked(partial(self._hold, rows, as_of)), self.look_failed, unasked=True
        )

    def _hold(self, rows: tuple[CallerTraffic, ...], as_of: datetime) -> None:
        self._rows, self._as_of = rows, as_of

    def drawn(self) -> None:
        paused = f"   ‖ PAUSED since {self.paused_at.astimezone():%H:%M:%S}   p goes on" if self.paused_at else ""
        self.query_one("#heading", Words).say(Content.assemble(self._heading, (paused, "bold $warning")))
        if self._as_of is not None:
            self.table.show(self._order.sorted(self._rows))

    def action_refetch(self) -> None:
        """Ask the vault again."""
        self.look_now()


class CallersScreen(TrafficScreen):
    """Who uses one key: `enter` on a caller shows all keys that it uses."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "open_key", "the key", id="traffic.key", tooltip="Open the key itself"),
    ]

    def __init__(self, key_id: str, key_name: str) -> None:
        heading = Content.assemble((harmless(key_name), "bold"), ("   who uses it, with which version", QUIET))
        super().__init__(
            lambda vault: vault.caller_traffic(key_id), caller_traffic_columns, heading, for_callers(key_name)
        )
        self._key_id = key_id

    def action_open_key(self) -> None:
        """The key with everything that can be done to it."""
        self.app.push_screen(KeyScreen(self._key_id))

    @on(LiveTable.Opened, "#traffic")
    def _open(self) -> None:
        row = self.table.cursor_row
        if row is not None:
            self.app.push_screen(CallerKeysScreen(row.use.caller))


class CallerKeysScreen(TrafficScreen):
    """What one caller uses: `enter` on a key opens it."""

    def __init__(self, caller: Caller) -> None:
        known = "known by its name" if caller.declared else "known by its address: perhaps several programs"
        heading = Content.assemble((harmless(caller.name), "bold"), (f"   {known}", QUIET))
        super().__init__(lambda vault: vault.caller_keys(caller), caller_key_columns, heading, for_keys_of(caller.name))

    @on(LiveTable.Opened, "#traffic")
    def _open(self) -> None:
        row = self.table.cursor_row
        if row is not None and row.key_id:
            self.app.push_screen(KeyScreen(row.key_id))
        elif row is not None:
            self.tell("these secrets belong to no key of ours", "there is nothing to open", severity="warning")


def _key_of(row: CallerTraffic) -> str:
    return f"{row.key_id} {row.use.version} {row.use.caller.declared} {row.use.caller.name}"
