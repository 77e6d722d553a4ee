"""A vault whose monitor says what a test wrote down; everything else of it is a local vault's."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from math import sin, tau
from threading import Event
from typing import Final

from keytui.domain.alerts import Alert, AlertKind, Severity, Signal
from keytui.domain.monitor import (
    CallerTraffic,
    KeyTraffic,
    Monitor,
    Point,
    RefusedFrom,
    RotationTraffic,
    Unmoved,
    VersionUse,
)
from keytui.domain.ranges import RANGES, Range
from keytui.domain.rotation import Plan, Rotation, RotationState
from keytui.domain.usage import Caller, CallerUse
from keytui.vault.local.section import Ground
from keytui.vault.local.vault import LocalVault
from keytui.vault.standing import Standing
from tests.world import NOON

QUARTER = RANGES[1]
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class ScriptedVault(LocalVault):
    """`moment` is what the monitor says next. `asked` are the ranges and limits that it was asked for."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self.moment = quiet()
        self.callers_now: tuple[CallerTraffic, ...] = ()
        self.asked: list[tuple[Range, int]] = []
        self.tended = 0
        self.gate = Event()
        """While it is not set, the monitor does not answer."""
        self.gate.set()

    def monitor(self, over: Range, limit: int, key_id: str | None = None) -> Monitor:
        self.asked.append((over, limit))
        self.gate.wait(10)
        moment = self.moment
        return replace(moment, range=over, keys=moment.keys[:limit])

    def standing(self) -> Standing:
        waiting = [
            alert
            for alert in self.moment.alerts
            if alert.acknowledged_at is None and alert.signal.severity is not Severity.NOTICE
        ]
        return replace(super().standing(), alerts=len(waiting), open_rotations=len(self.moment.rotations))

    def caller_traffic(self, key_id: str) -> tuple[CallerTraffic, ...]:
        return tuple(row for row in self.callers_now if row.key_id == key_id)

    def caller_keys(self, caller: Caller) -> tuple[CallerTraffic, ...]:
        return tuple(row for row in self.callers_now if row.use.caller == caller)

    def acknowledge(self, alert_id: int, note: str) -> Alert:
        self._ground.guard.require()
        found = next(alert for alert in self.moment.alerts if alert.id == alert_id)
        noted = replace(found, acknowledged_at=self.moment.as_of, acknowledged_by="ada@bastion-2", note=note)
        alerts = tuple(noted if alert.id == alert_id else alert for alert in self.moment.alerts)
        self.moment = replace(self.moment, alerts=alerts)
        return noted

    def tend(self) -> tuple[Alert, ...]:
        self.tended += 1
        return ()


def points(over: Range, counts: tuple[int, ...], until: datetime = NOON) -> tuple[Point, ...]:
    """Whole buckets with these counts again and again, up to a time that is the end of one."""
    number = over.span // over.bucket
    return tuple(Point(until - over.bucket * (number - at), counts[at % len(counts)]) for at in range(number))


def key(
    name: str, per_second: float, *versions: tuple[int, int], refused: int = 0, alert: Alert | None = None
) -> KeyTraffic:
    """One key's row; it accepts for a whole day what it accepts now."""
    uses = tuple(VersionUse(number, accepted) for number, accepted in versions)
    accepted = sum(use.accepted for use in uses)
    return KeyTraffic(
        f"id-{name}",
        name,
        "production",
        per_second,
        refused / 900,
        int(per_second * 86_400),
        accepted,
        refused,
        uses,
        alert,
    )


def alert(number: int, severity: Severity, kind: AlertKind, detail: str, **about: object) -> Alert:
    """An open alert since a few minutes."""
    signal = Signal(kind, f"subject-{number}", severity, detail, **about)  # type: ignore[arg-type]  # named fields
    return Alert(number, signal, NOON - number * timedelta(minutes=7), NOON)


def quiet() -> Monitor:
    """Nobody has sent a request."""
    return Monitor(NOON, QUARTER, points(QUARTER, (0,)), 0.0, 0.0, (), 0, (), (), ())


BURST = alert(
    1, Severity.CRITICAL, AlertKind.REFUSAL_BURST, "212 refusals of partner-export from 203.0.113.9 in 2 min", count=212
)
NEAR_END = alert(
    2,
    Severity.WARNING,
    AlertKind.OLD_VERSION_NEAR_END,
    "10.0.3.7 still uses v6 of ci-deploy, whose overlap ends in 2 h",
    key_id="id-ci-deploy",
    key_name="ci-deploy",
)
UNUSED = alert(3, Severity.NOTICE, AlertKind.UNUSED, "legacy-crm was not used for 30 days", key_id="id-legacy-crm")
CI = Rotation(
    118,
    "id-ci-deploy",
    "ci-deploy",
    "production",
    Plan(),
    RotationState.OVERLAPPING,
    6,
    7,
    NOON - 22 * HOUR,
    "ada@bastion-2",
    delivered_at=NOON - 22 * HOUR,
    overlap_ends_at=NOON + 2 * HOUR,
)


GIVING_WAY: Final = tuple(max(520 - 10 * at, 1) for at in range(60))
"""The old version's requests in a bucket, while its callers move one after another."""
COMING: Final = tuple(640 - each for each in GIVING_WAY)
"""The new version's: all its callers together send as much as before."""
TIDE: Final = tuple(1_064 - round(400 * sin(at / 60 * tau)) for at in range(60))
"""Everybody's, as many over the quarter of an hour as the keys have together."""


def busy() -> Monitor:
    """A fleet with a straggler, a refusal burst and three alerts."""
    straggler = Unmoved("10.0.3.7 python-httpx/0.28", False, NOON - timedelta(seconds=20), 4.0)
    keys = (
        key("ci-deploy", 42.7, (7, sum(COMING)), (6, sum(GIVING_WAY)), alert=NEAR_END),
        key("checkout-api", 24.0, (5, 19_900), (4, 1_700)),
        key("search-index", 4.23, (2, 3_800)),
        key("[red]x[/red]", 0.02, (1, 12)),
        key("partner-export", 0.0, refused=212, alert=BURST),
    )
    rotation = RotationTraffic(
        CI,
        old=points(QUARTER, GIVING_WAY),
        old_per_second=4 / 60,
        new=points(QUARTER, COMING),
        new_per_second=42.6,
        unmoved=(straggler,),
    )
    refused = (
        RefusedFrom("203.0.113.9", 218, NOON - timedelta(seconds=4), ("partner-export", "")),
        RefusedFrom("198.51.100.7", 3, NOON - timedelta(minutes=9), ("",)),
    )
    return Monitor(
        NOON,
        QUARTER,
        points(QUARTER, TIDE),
        70.9,
        1.8,
        keys,
        5,
        (rotation,),
        refused,
        (BURST, NEAR_END, UNUSED),
    )


def callers() -> tuple[CallerTraffic, ...]:
    """Two callers of ci-deploy; one of them uses another key too."""
    web = Caller.called("web")
    somebody = Caller.undeclared("10.0.3.7", "python-httpx/0.28")
    return (
        CallerTraffic(
            "id-ci-deploy", "ci-deploy", CallerUse(web, 7, NOON - 22 * HOUR, NOON, 363_000, 0, 2 * HOUR), 2_560.0
        ),
        CallerTraffic("id-ci-deploy", "ci-deploy", CallerUse(somebody, 6, NOON - 90 * DAY, NOON, 7_400, 4, HOUR), 4.0),
        CallerTraffic("id-checkout-api", "checkout-api", CallerUse(somebody, 4, NOON - DAY, NOON - HOUR, 1), 0.0),
    )
