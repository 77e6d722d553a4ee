"""Mode 3, the live monitor: which keys work how hard right now, which rotations are held up, who is refused, alerts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from keytui.domain.alerts import Alert
from keytui.domain.keys import Key
from keytui.domain.monitor import KeyTraffic, Monitor, RefusedFrom
from keytui.domain.ranges import RANGES
from keytui.domain.text import harmless
from keytui.tui.command_lines import for_acknowledge, for_top, same_as
from keytui.tui.screens.callers import CallersScreen
from keytui.tui.screens.confirm import ConfirmDialog, Question
from keytui.tui.screens.key import KeyScreen
from keytui.tui.screens.live import LiveScreen
from keytui.tui.screens.mode import ModeScreen
from keytui.tui.screens.wizard.screen import WizardScreen
from keytui.tui.steady_order import SteadyOrder
from keytui.tui.widgets.live_table import LiveTable
from keytui.tui.widgets.monitor_columns import alert_columns, in_full, key_traffic_columns, refusal_columns
from keytui.tui.widgets.parts import Parts
from keytui.tui.widgets.rotation_table import RotationLine, RotationTable
from keytui.tui.widgets.traffic_line import TrafficLine
from keytui.tui.widgets.words import Words
from keytui.vault.model import Changes


class UsageScreen(ModeScreen, LiveScreen):
    """Four parts, `tab` from one to the next; the one that has the focus gets lines where they are few."""

    MODE = "usage"
    CSS_PATH = "usage.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#keys"
    BINDING_GROUP_TITLE = "Usage"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "widen(-1)", "shorter", show=False, id="usage.shorter", tooltip="Look less far"),
        Binding("right_square_bracket", "widen(1)", "longer", show=False, id="usage.longer", tooltip="Look further"),
        Binding("tab", "part(1)", "next part", id="usage.next-part", tooltip="Keys, alerts, refusals, rotations"),
        Binding("shift+tab", "part(-1)", "part before", show=False, id="usage.part-before", tooltip="A part back"),
        Binding("A", "acknowledge", "acknowledge", id="usage.acknowledge", tooltip="Say that an alert is seen to"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._monitor: Monitor | None = None
        self._order: SteadyOrder[KeyTraffic] = SteadyOrder(
            lambda key: key.key_id, lambda key: key.per_second + key.refused_per_second
        )

    def body(self) -> ComposeResult:
        over = self.console.over
        yield TrafficLine(over)
        yield Parts(
            LiveTable(key_traffic_columns(), lambda key: key.key_id, empty="", id="keys"),
            LiveTable(alert_columns(self._now), lambda alert: str(alert.id), empty="none is open", id="alerts"),
            LiveTable(refusal_columns(self._now), lambda row: row.address, empty="no address", id="refusals"),
            RotationTable("rotations"),
        )
        yield Words(self._same_as(), id="below")

    def _now(self) -> datetime:
        return self._monitor.as_of if self._monitor is not None else self.console.clock()

    @property
    def _parts(self) -> Parts:
        return self.query_one(Parts)

    @property
    def _keys(self) -> LiveTable[KeyTraffic]:
        return self.query_one("#keys", LiveTable)

    @property
    def _alerts(self) -> LiveTable[Alert]:
        return self.query_one("#alerts", LiveTable)

    @property
    def _refusals(self) -> LiveTable[RefusedFrom]:
        return self.query_one("#refusals", LiveTable)

    @property
    def _rotations(self) -> RotationTable:
        return self.query_one("#rotations", RotationTable)

    def fed(self, changes: Changes) -> None:
        """The feed moves with every flush of a verifier; this screen looks once a second anyway."""

    def refetch(self) -> None:
        self.look_now()

    def look(self) -> None:
        over, limit = self.console.over, self._keys.reach
        self.ask(
            lambda vault: vault.monitor(over, limit),
            lambda monitor: self.looked(partial(self._hold, monitor)),
            self.look_failed,
            unasked=True,
        )

    def _hold(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def drawn(self) -> None:
        monitor = self._monitor
        self.query_one(TrafficLine).show(self.console.over, monitor, self.paused_at)
        if monitor is None:
            return
        self._keys.empty = f"none: no request was recorded in the last {harmless(monitor.range.label)}"
        self._keys.show(self._order.sorted(monitor.keys), monitor.total_keys)
        self._alerts.show(monitor.alerts)
        self._refusals.show(monitor.refused_from)
        self._rotations.show_monitor(monitor)
        self._parts.share_out()

    def on_descendant_focus(self) -> None:
        self._say_below()

    @on(LiveTable.Moved, "#alerts")
    def _say_below(self) -> None:
        """An alert in full while the cursor is on it, at any size; else the command that does the same."""
        alert = self._alerts.cursor_row if self._parts.focused is self._alerts else None
        below = self.query_one("#below", Words)
        below.set_class(alert is not None, "-alert")
        below.say(self._same_as() if alert is None else in_full(alert))

    def _same_as(self) -> Content:
        return same_as(self.console.profile, *for_top(self.console.over), reads=True)

    @on(LiveTable.Wanted, "#keys")
    def _want_more(self) -> None:
        if self.paused_at is None:
            self.look_now()

    def action_widen(self, by: int) -> None:
        """Look over a longer range, or a shorter one. What holds still keeps its range."""
        if self.paused_at is not None:
            self.tell("paused: the range holds still too", "p goes on", severity="warning")
            return
        at = RANGES.index(self.console.over) + by
        if 0 <= at < len(RANGES):
            self.console.over = RANGES[at]
            self._say_below()
            self.query_one(TrafficLine).show(self.console.over, self._monitor, self.paused_at)
            self.look_now()

    def action_part(self, by: int) -> None:
        """To the next part, or back."""
        self._parts.next_part(by)

    @on(LiveTable.Opened, "#keys")
    def _open_callers(self) -> None:
        row = self._keys.cursor_row
        if row is not None:
            self.app.push_screen(CallersScreen(row.key_id, row.key_name))

    @on(LiveTable.Opened, "#rotations")
    def _open_rotation(self) -> None:
        line: RotationLine | None = self._rotations.cursor_row
        if line is not None:
            self.app.push_screen(WizardScreen(rotation_id=line.rotation.id))

    @on(LiveTable.Opened, "#alerts")
    def _open_alert(self) -> None:
        alert = self._alerts.cursor_row
        if alert is None:
            return
        if alert.signal.rotation_id is not None:
            self.app.push_screen(WizardScreen(rotation_id=alert.signal.rotation_id))
        elif alert.signal.key_id:
            self.app.push_screen(KeyScreen(alert.signal.key_id))
        else:
            self.tell("this alert is about no key of ours", "A acknowledges it", severity="warning")

    @on(LiveTable.Opened, "#refusals")
    def _open_refused(self) -> None:
        row = self._refusals.cursor_row
        name = next((name for name in row.keys if name), "") if row is not None else ""
        if name:
            self.ask(lambda vault: vault.find(name), self._open_key)
        elif row is not None:
            self.tell("these secrets belong to no key of ours", "there is nothing to open", severity="warning")

    def _open_key(self, key: Key) -> None:
        self.app.push_screen(KeyScreen(key.id))

    def action_acknowledge(self) -> None:
        """Ask what is done about the alert under the cursor, then note it."""
        alert = self._pointed_alert()
        if alert is None:
            self.tell("there is no alert here", "tab goes to the alerts", severity="warning")
        else:
            self.app.push_screen(ConfirmDialog(_question(alert)), partial(self._acknowledge, alert))

    def _pointed_alert(self) -> Alert | None:
        focused = self._parts.focused
        if focused is self._keys:
            row = self._keys.cursor_row
            return row.alert if row is not None else None
        return self._alerts.cursor_row if focused is self._alerts else None

    def _acknowledge(self, alert: Alert, note: str | None) -> None:
        if note:
            self.change(
                lambda vault: vault.acknowledge(alert.id, note),
                self._acknowledged,
                command=for_acknowledge(alert, note),
            )

    def _acknowledged(self, alert: Alert) -> None:
        """Show it in the moment that is held, which may be paused."""
        self.tell("acknowledged: it resolves by itself")
        if self._monitor is not None:
            self._monitor = _with_alert(self._monitor, alert)
            self.drawn()
        self.console.ask_standing()


def _with_alert(monitor: Monitor, alert: Alert) -> Monitor:
    """The same moment, with what was just done about an alert: among the alerts, and in its key's row."""
    return replace(
        monitor,
        alerts=tuple(alert if each.id == alert.id else each for each in monitor.alerts),
        keys=tuple(
            replace(row, alert=alert) if row.alert is not None and row.alert.id == alert.id else row
            for row in monitor.keys
        ),
    )


def _question(alert: Alert) -> Question:
    said = f"acknowledged by {alert.acknowledged_by}: {alert.note}" if alert.acknowledged_at is not None else ""
    return Question(
        "Acknowledge this alert?",
        (alert.signal.detail, said) if said else (alert.signal.detail,),
        "Acknowledge",
        for_acknowledge(alert),
        note="what is done about it",
        note_required=True,
        harmless_verb="Leave it",
    )
