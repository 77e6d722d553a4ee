"""The monitor over what a local vault does with usage and alerts: ageing changes no number, an alert finds its key."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from keytui.domain.alerts import AlertKind, Severity, Signal
from keytui.domain.ranges import range_of
from keytui.domain.reports import Report, SourceKind
from keytui.vault.local.alerts.noting import note_signals
from keytui.vault.local.database.opening import open_database
from keytui.vault.local.tables import UsageRow
from keytui.vault.local.usage.grains import Grain
from tests.contract.acts import Reporter, created, use
from tests.contract.conftest import House, house

__all__ = ["house"]


@pytest.mark.parametrize("days", [7, 30, 90])
def test_usage_that_has_aged_is_counted_as_it_came(house: House, days: int) -> None:
    """Two sources saw all of it; by the end most of it is kept by the hour, and the oldest by the day."""
    over = range_of(timedelta(days=days))
    vault, clock = house.vault, house.clock
    key, reporter = created(vault).key.id, Reporter(house.sink)
    sent: dict[datetime, int] = {}
    for number in range(30):
        clock.advance(timedelta(hours=37, minutes=7))
        sent[clock()] = number
        seen = use(key, 1, clock(), accepted=number // 2, refused=2)
        vault.witness(Report("log edge", SourceKind.ACCESS_LOG, clock(), clock(), (seen,)))
        reporter.flush(clock(), use(key, 1, clock(), accepted=number, refused=1))
        clock.advance(timedelta(minutes=2))
        reporter.flush(clock())
    expected = [sum(sent[at] for at in sent if start <= at < start + over.bucket) for start in over.buckets(clock())]
    refused = 2 * sum(at >= over.start(clock()) for at in sent)

    database = open_database(house.profile)
    with database.reading() as session:
        grains = set(session.exec(select(UsageRow.grain)))
    database.close()
    monitor = vault.monitor(over, 5)

    assert grains == {Grain.MINUTE, Grain.HOUR, Grain.DAY}
    assert [(each.accepted, each.refused) for each in monitor.keys] == [(sum(expected), refused)]
    assert [point.accepted for point in monitor.points] == expected
    assert vault.monitor(over, 5, key).keys == monitor.keys
    (usage,) = vault.usage(key, clock() - timedelta(days=60), 1)
    assert usage.accepted == sum(range(30))


def test_the_most_serious_open_alert_stands_at_its_key(house: House) -> None:
    vault, clock = house.vault, house.clock
    key = created(vault).key
    Reporter(house.sink).flush(clock(), use(key.id, 1, clock()))
    signals = [
        Signal(kind, key.id, severity, "a sentence", key.id, key.name)
        for kind, severity in ((AlertKind.UNUSED, Severity.NOTICE), (AlertKind.LEAK, Severity.CRITICAL))
    ]
    database = open_database(house.profile)
    with database.writing() as session:
        note_signals(session, {signal.kind for signal in signals}, signals, clock())
    database.close()

    monitor = vault.monitor(range_of(timedelta(hours=1)), 5)

    assert [alert.signal.kind for alert in monitor.alerts] == [AlertKind.LEAK, AlertKind.UNUSED]
    assert monitor.keys[0].alert == monitor.alerts[0]
