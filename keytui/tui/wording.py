"""How the console words what it shows: flags with their symbol, ages, counts, small graphs. All of it harmless text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from textual.content import Content

from keytui.domain.alerts import Alert, Severity
from keytui.domain.durations import long, short
from keytui.domain.keys import Flag, Key, KeyState, KeySummary, VersionState
from keytui.domain.text import harmless

BARS: Final = "▁▂▃▄▅▆▇█"
DANGER, CARE, QUIET, GOOD = "bold $error", "$warning", "$quiet", "$success"

FLAGS: Final[dict[Flag, tuple[str, str]]] = {
    Flag.LEAKED: ("‼", DANGER),
    Flag.DRIFTED: ("≠", DANGER),
    Flag.EXPIRED: ("✗", DANGER),
    Flag.EXPIRING: ("▲", CARE),
    Flag.DUE: ("▲", CARE),
    Flag.ROTATING: ("⇄", "$accent"),
    Flag.WEAK: ("▽", CARE),
    Flag.SHARED: ("∞", CARE),
    Flag.BROAD: ("◇", CARE),
    Flag.STALE: ("◌", QUIET),
    Flag.IDLE: ("◌", QUIET),
    Flag.NEVER_USED: ("◌", QUIET),
    Flag.UNOWNED: ("?", CARE),
}
STATES: Final[dict[KeyState, tuple[str, str]]] = {
    KeyState.ACTIVE: ("●", GOOD),
    KeyState.DISABLED: ("‖", CARE),
    KeyState.EXPIRED: ("✗", DANGER),
    KeyState.REVOKED: ("✗", QUIET),
}
SEVERITIES: Final[dict[Severity, tuple[str, str]]] = {
    Severity.CRITICAL: ("!", DANGER),
    Severity.WARNING: ("▲", CARE),
    Severity.NOTICE: ("○", QUIET),
}
VERSIONS: Final[dict[VersionState, tuple[str, str]]] = {
    VersionState.ACTIVE: ("●", GOOD),
    VersionState.OUTGOING: ("⇄", "$accent"),
    VersionState.SUSPENDED: ("‖", CARE),
    VersionState.REVOKED: ("✗", QUIET),
}


def outside(text: str, style: str = "") -> Content:
    """Text that came from elsewhere: harmless, and never parsed. An empty one is a dash."""
    return Content.styled(harmless(text), style) if text else Content.styled("—", QUIET)


def state_of(key: Key, now: datetime) -> Content:
    """A key's state as symbol and word."""
    state = key.state(now)
    symbol, style = STATES[state]
    return Content.styled(f"{symbol} {state}", style)


def version_state(state: VersionState) -> Content:
    """A version's state as symbol and word."""
    symbol, style = VERSIONS[state]
    return Content.styled(f"{symbol} {state}", style)


def flags_of(summary: KeySummary, now: datetime) -> Content:
    """What wants an eye about a key, the most dangerous first: a state that is not active, then its flags."""
    state = summary.key.state(now)
    parts = [state_of(summary.key, now)] if state in {KeyState.DISABLED, KeyState.REVOKED} else []
    for flag in summary.flags:
        symbol, style = FLAGS[flag]
        parts.append(Content.styled(f"{symbol} {flag}", style))
    return Content("  ").join(parts)


def ago(at: datetime | None, now: datetime) -> Content:
    """`2m ago`, or `never`."""
    return Content.styled("never", QUIET) if at is None else Content(f"{short(now - at)} ago")


def when(at: datetime) -> str:
    """Local, with UTC beside it."""
    return f"{at.astimezone():%Y-%m-%d %H:%M}  {at.astimezone(UTC):%H:%M}Z"


def expiry(at: datetime | None, now: datetime) -> str:
    """`expires 2027-03-01 (in 99 d 2 h)`, or that it never does."""
    if at is None:
        return "never expires"
    if at <= now:
        return f"expired {at.astimezone():%Y-%m-%d} ({short(now - at)} ago)"
    return f"expires {at.astimezone():%Y-%m-%d} (in {long(at - now)})"


def count(number: int) -> str:
    """`8,412`, `84 k`, `3.1 M`: never wider than seven cells."""
    for size, unit in ((1_000_000_000, "G"), (1_000_000, "M")):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number // 1000} k" if number >= 10_000 else f"{number:,}"


def rate(per_second: float, digits: int = 2) -> str:
    """`412` as `410`, `4.2`, `<0.1`, `0`: no more digits than hold still under steady traffic."""
    if per_second < 0.05:
        return "<0.1" if per_second else "0"
    if round(per_second, 1) < 10:
        return f"{per_second:.1f}"
    step = 10 ** max(math.floor(math.log10(per_second)) + 1 - digits, 0)
    return count(round(per_second / step) * step)


def pace(per_minute: float) -> str:
    """`44/s`, `3/min`, `<1/min`, or a dash for nothing."""
    if not per_minute:
        return "—"
    if per_minute >= 60:
        return f"{rate(per_minute / 60)}/s"
    return f"{per_minute:.0f}/min" if per_minute >= 1 else "<1/min"


def share(part: int, total: int) -> str:
    """`98%`, `2%`, `<1%`: of two that make up the whole both are right, and a small one is never said too small."""
    if part * 100 < total:
        return "<1%"
    return f"{part * 100 // total if part * 2 >= total else -(-part * 100 // total)}%"


def refusals(number: int) -> Content:
    """How many were refused: any at all have a symbol."""
    return Content.styled(f"! {count(number)}", "$error") if number else Content.styled("0", QUIET)


def alert_symbol(alert: Alert) -> tuple[str, str]:
    """Its severity's symbol and style; one that somebody has seen to has a tick for a symbol, and is quiet."""
    return ("✓", QUIET) if alert.acknowledged_at is not None else SEVERITIES[alert.signal.severity]


def alert_mark(alert: Alert) -> Content:
    """An alert's symbol, and its severity as a word."""
    symbol, style = alert_symbol(alert)
    return Content.styled(f"{symbol} {alert.signal.severity}", style)


def spark(values: Sequence[int], width: int = 8) -> Content:
    """A small graph, the newest at the right. Nothing at all is a dot; a part without requests is blank."""
    if not any(values):
        return Content.styled("·", QUIET)
    parts = _grouped(values, width)
    top = max(parts)
    return Content.styled("".join(bar(part, top) for part in parts), "$graph")


def bar(part: int, top: int) -> str:
    """One bar of a graph whose highest is `top`; nothing at all is blank."""
    return BARS[(part * len(BARS) - 1) // top] if part else " "


def _grouped(values: Sequence[int], width: int) -> list[int]:
    length = len(values)
    if length <= width:
        return list(values)
    return [sum(values[at * length // width : (at + 1) * length // width]) for at in range(width)]
