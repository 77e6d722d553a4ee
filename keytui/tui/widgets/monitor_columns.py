"""The columns of the monitor's tables. At 60 cells a key keeps its name, its rate, its refusals and its alert."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from textual.content import Content

from keytui.domain.alerts import Alert, AlertKind
from keytui.domain.durations import short
from keytui.domain.monitor import CallerTraffic, KeyTraffic, RefusedFrom
from keytui.domain.text import harmless
from keytui.tui.widgets.columns import Column
from keytui.tui.wording import QUIET, ago, alert_mark, alert_symbol, count, outside, pace, rate, refusals, share

_KINDS: Final = {
    AlertKind.REFUSAL_BURST: "refusals from one address",
    AlertKind.PATTERN_CHANGED: "used otherwise than usual",
    AlertKind.NEW_CALLER: "new caller",
    AlertKind.DEAD_VERSION_USED: "dead version used",
    AlertKind.UNUSED: "unused",
    AlertKind.OLD_VERSION_NEAR_END: "old version near its end",
    AlertKind.ROTATION_DUE: "rotation due",
    AlertKind.EXPIRING: "expiring",
    AlertKind.REFUSALS_AFTER_RETIREMENT: "refused since retirement",
    AlertKind.LEAK: "leaked in a log",
    AlertKind.NOT_BACK: "traffic not back",
    AlertKind.AUTO_ROTATION: "not rotated by itself",
    AlertKind.DRIFT: "otherwise at its issuer",
}
Now = Callable[[], datetime]
"""The time that ages are told by: of the moment that is shown, so that a paused screen holds still."""


def key_traffic_columns() -> tuple[Column[KeyTraffic], ...]:
    """Name, environment, rate, day, refused, versions' shares, the most serious alert."""
    return (
        Column("KEYS", 16, lambda key: outside(key.key_name), grow=2),
        Column("ENV", 11, lambda key: outside(key.environment, QUIET), rank=4),
        Column("/S", 5, lambda key: Content(rate(key.per_second)), right=True),
        Column("24 H", 7, lambda key: Content(count(key.day)), rank=2, right=True),
        Column("REFUSED", 7, lambda key: refusals(key.refused), right=True),
        Column("VERSIONS", 20, _versions, rank=3),
        Column("ALERT", 20, lambda key: _kind(key.alert), grow=3),
    )


def _versions(key: KeyTraffic) -> Content:
    """The versions' shares of what was accepted, the busiest first."""
    total = sum(use.accepted for use in key.versions)
    if not total:
        return Content.styled("—", QUIET)
    shares = [f"v{use.version} {share(use.accepted, total)}" for use in key.versions[:3] if use.accepted]
    return Content("  ".join(shares))


def _kind(alert: Alert | None) -> Content:
    if alert is None:
        return Content("")
    symbol, style = alert_symbol(alert)
    return Content.styled(f"{symbol} {_KINDS[alert.signal.kind]}", style)


def alert_columns(now: Now) -> tuple[Column[Alert], ...]:
    """Severity, what, since when, who has seen it."""
    return (
        Column("ALERTS", 12, alert_mark),
        Column("WHAT", 30, lambda alert: Content(harmless(alert.signal.detail)), grow=4),
        Column("SINCE", 5, lambda alert: Content(short(now() - alert.opened_at)), right=True),
        Column("ACKNOWLEDGED", 12, _acknowledged, rank=1, grow=1),
    )


def in_full(alert: Alert) -> Content:
    """All of an alert: what it says, and what is done about it."""
    seen = (
        f"   ✓ {harmless(alert.acknowledged_by)}: {harmless(alert.note)}" if alert.acknowledged_at is not None else ""
    )
    return Content.assemble(alert_mark(alert), "  ", harmless(alert.signal.detail), (seen, QUIET))


def _acknowledged(alert: Alert) -> Content:
    if alert.acknowledged_at is None:
        return Content.styled("—", QUIET)
    return Content.styled(f"✓ {harmless(alert.acknowledged_by)}: {harmless(alert.note)}", QUIET)


def refusal_columns(now: Now) -> tuple[Column[RefusedFrom], ...]:
    """Address, how many, when last, with which keys."""
    return (
        Column("REFUSED FROM", 22, lambda row: outside(row.address)),
        Column("REFUSED", 7, lambda row: refusals(row.refused), right=True),
        Column("LAST", 8, lambda row: ago(row.last_at, now()), right=True),
        Column("WITH", 12, _tried, grow=1),
    )


def _tried(row: RefusedFrom) -> Content:
    return Content(", ".join(harmless(name) if name else "no key of ours" for name in row.keys))


def caller_traffic_columns(now: Now) -> tuple[Column[CallerTraffic], ...]:
    """A key's callers: name, version, rate, counts, first and last seen, longest pause."""
    return (Column("CALLERS", 22, _caller, grow=1), *_use_columns(now))


def caller_key_columns(now: Now) -> tuple[Column[CallerTraffic], ...]:
    """A caller's keys, with the same."""
    return (Column("KEYS", 22, lambda row: outside(row.key_name), grow=1), *_use_columns(now))


def _use_columns(now: Now) -> tuple[Column[CallerTraffic], ...]:
    return (
        Column("VER", 4, lambda row: Content(f"v{row.use.version}"), right=True),
        Column("RATE", 7, lambda row: Content(pace(row.per_minute)), right=True),
        Column("ACCEPTED", 8, lambda row: Content(count(row.use.accepted)), rank=2, right=True),
        Column("REFUSED", 7, lambda row: refusals(row.use.refused), right=True),
        Column("FIRST SEEN", 10, lambda row: ago(row.use.first_seen, now()), rank=3, right=True),
        Column("LAST SEEN", 9, lambda row: ago(row.use.last_seen, now()), rank=1, right=True),
        Column("LONGEST PAUSE", 13, _longest_pause, rank=4, right=True),
    )


def _caller(row: CallerTraffic) -> Content:
    several = ("  ~ perhaps several", QUIET) if row.use.caller.shared_possible else ""
    return Content.assemble(outside(row.use.caller.name), several)


def _longest_pause(row: CallerTraffic) -> Content:
    gap = row.use.longest_gap
    return Content.styled("seen once", QUIET) if gap is None else Content(short(gap))
