"""The monitor: what goes in through the feed comes out, whoever is asked, and whatever saw it beside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from keytui.domain.durations import LONGEST
from keytui.domain.errors import NotFound
from keytui.domain.monitor import Counts, Monitor
from keytui.domain.ranges import RANGES, Range, range_of
from keytui.domain.reports import Report, SourceKind
from keytui.domain.retention import Retention
from keytui.domain.rotation import Plan, Rotation
from keytui.domain.usage import NO_KEY, Caller, Use
from keytui.vault.model import Issued
from keytui.vault.protocol import Vault
from tests.contract.acts import HOUR, Reporter, created, handed_over, request, use
from tests.contract.conftest import House
from tests.world import StoppedClock

FIVE_MINUTES = range_of(timedelta(minutes=5))
ONE_HOUR = range_of(timedelta(hours=1))
DAY = range_of(timedelta(hours=24))
NINETY_DAYS = range_of(timedelta(days=90))
SECOND = timedelta(seconds=1)


def stray(house: House, address: str, refused: int) -> Use:
    """Refused requests with a secret that belongs to no key."""
    at = house.clock()
    return Use(NO_KEY, 0, Caller.undeclared(address), at.replace(second=0), at, at, 0, refused)


def of_all(monitor: Monitor) -> Counts:
    """What the points add up to."""
    return Counts(sum(point.accepted for point in monitor.points), sum(point.refused for point in monitor.points))


def test_of_all_time_is_told_what_is_kept_in_few_buckets(house: House) -> None:
    vault, clock = house.vault, house.clock
    key_id = created(vault).key.id
    Reporter(house.sink).flush(clock(), use(key_id, 1, clock(), accepted=7))
    clock.advance(SECOND)

    (usage,) = vault.usage(key_id, datetime.min.replace(tzinfo=UTC), 1)
    monitor = vault.monitor(range_of(LONGEST), 1, key_id)

    kept = Retention().days
    assert (usage.since, usage.accepted, of_all(monitor).accepted) == (clock() - kept, 7, 7)
    assert monitor.range.span == kept
    assert max(len(usage.points), len(monitor.points)) <= 91


@pytest.mark.parametrize("over", RANGES, ids=lambda over: over.label)
def test_what_goes_in_comes_out_in_every_range(house: House, over: Range) -> None:
    vault, clock = house.vault, house.clock
    busy, quiet = created(vault, "busy").key.id, created(vault, "quiet").key.id
    first, second = Reporter(house.sink, "api-1"), Reporter(house.sink, "api-2")
    clock.advance(10 * SECOND)
    first.flush(clock(), use(busy, 1, clock(), "web-1", accepted=7, refused=1), use(quiet, 1, clock(), "cron"))
    second.flush(clock(), use(busy, 1, clock(), "web-2", accepted=5), stray(house, "203.0.113.9", 4))
    clock.advance(10 * SECOND)

    monitor = vault.monitor(over, 10)

    assert of_all(monitor) == Counts(13, 5)
    assert len(monitor.points) == over.span // over.bucket + 1
    assert [(key.key_name, key.accepted, key.refused, key.day) for key in monitor.keys] == [
        ("busy", 12, 1, 12),
        ("quiet", 1, 0, 1),
    ]
    assert monitor.total_keys == 2
    assert monitor.per_second == pytest.approx(13 / 60)
    assert monitor.refused_per_second == pytest.approx(5 / 60)
    assert sum(key.per_second for key in monitor.keys) == pytest.approx(monitor.per_second)
    assert [(each.address, each.refused, each.keys) for each in monitor.refused_from] == [("203.0.113.9", 4, (NO_KEY,))]


def test_usage_says_the_same_as_the_monitor(house: House) -> None:
    key = created(house.vault).key.id
    reporter = Reporter(house.sink)
    for hours in range(1, 30):
        house.clock.advance(HOUR)
        reporter.flush(house.clock(), use(key, 1, house.clock(), accepted=hours, refused=1))

    for over in (FIVE_MINUTES, ONE_HOUR, DAY, NINETY_DAYS):
        monitor = house.vault.monitor(over, 1)
        (usage,) = house.vault.usage(key, house.clock() - over.span, 1)
        assert (usage.accepted, usage.refused) == (monitor.keys[0].accepted, monitor.keys[0].refused)
        assert house.vault.monitor(over, 1, key).keys == monitor.keys
    assert monitor.keys[0].day == sum(range(5, 30))


@pytest.mark.parametrize("over", RANGES, ids=lambda over: over.label)
def test_what_two_sources_saw_is_counted_once_by_the_higher_claim(house: House, over: Range) -> None:
    vault, clock = house.vault, house.clock
    both, logged = created(vault, "both").key.id, created(vault, "logged").key.id
    clock.advance(5 * SECOND)
    recorder = Reporter(house.sink)
    recorder.flush(clock(), use(both, 1, clock(), "web", accepted=10, refused=2), stray(house, "203.0.113.9", 4))
    seen = (
        use(both, 1, clock(), "web", accepted=9, refused=3),
        use(logged, 1, clock(), "cron", accepted=5),
        stray(house, "203.0.113.9", 1),
    )
    vault.witness(Report("log edge", SourceKind.ACCESS_LOG, clock(), clock(), seen))
    clock.advance(SECOND)

    monitor = vault.monitor(over, 10)

    assert [(key.key_name, key.accepted, key.refused, key.day) for key in monitor.keys] == [
        ("both", 10, 3, 10),
        ("logged", 5, 0, 5),
    ]
    assert of_all(monitor) == Counts(15, 7)
    assert monitor.per_second == pytest.approx(15 / 60)
    assert of_all(vault.monitor(over, 1, both)) == Counts(10, 3)
    assert [(each.refused, each.keys) for each in monitor.refused_from] == [(4, (NO_KEY,))]
    assert [(each.accepted, each.refused) for each in vault.callers(both)] == [(10, 3)]
    assert [(each.use.accepted, each.use.refused) for each in vault.caller_traffic(both)] == [(10, 3)]
    assert [usage.accepted for usage in vault.usage(None, clock() - HOUR, 9)] == [10, 5]


def test_callers_come_latest_first_and_those_seen_together_by_name(house: House) -> None:
    key_id = created(house.vault).key.id
    now = house.clock()
    names = ("web-2", "api", "web-1", "nightly")
    reporter = Reporter(house.sink)
    reporter.flush(now, *(use(key_id, 1, now, name) for name in names))
    reporter.flush(now, use(key_id, 1, now - HOUR, "before"))
    assert [each.caller.name for each in house.vault.callers(key_id)] == [*sorted(names), "before"]


def test_a_probe_is_no_request(house: House) -> None:
    issued = created(house.vault)
    house.vault.check(issued.secret, [], Caller.called("me"))

    monitor = house.vault.monitor(ONE_HOUR, 10)

    assert (monitor.keys, of_all(monitor), monitor.per_second) == ((), Counts(), 0)


def test_late_word_of_earlier_shows_within_minutes(house: House) -> None:
    """The monitor keeps what lies behind the last minutes: what came in late is seen all the same."""
    vault, clock = house.vault, house.clock
    key = created(vault).key.id
    reporter = Reporter(house.sink)
    clock.advance(3 * HOUR)
    reporter.flush(clock(), use(key, 1, clock()))
    assert vault.monitor(DAY, 1).keys[0].accepted == 1

    reporter.flush(clock(), use(key, 1, clock() - HOUR, accepted=10))
    reporter.flush(clock(), use(key, 1, clock(), accepted=100))

    assert vault.monitor(DAY, 1).keys[0].accepted in {101, 111}
    clock.advance(timedelta(minutes=10))
    assert vault.monitor(DAY, 1).keys[0].accepted == 111


def test_the_busiest_come_first_and_no_more_than_asked(house: House) -> None:
    vault, clock = house.vault, house.clock
    keys = {name: created(vault, name).key.id for name in ("early", "late", "refused", "silent")}
    reporter = Reporter(house.sink)
    reporter.flush(clock(), use(keys["early"], 1, clock(), accepted=1000))
    clock.advance(HOUR / 2)
    reporter.flush(
        clock(), use(keys["late"], 1, clock(), accepted=3), use(keys["refused"], 1, clock(), accepted=0, refused=9)
    )

    monitor = vault.monitor(ONE_HOUR, 10)

    assert [key.key_name for key in monitor.keys] == ["refused", "late", "early"]
    assert [key.key_name for key in vault.monitor(ONE_HOUR, 1).keys] == ["refused"]
    assert vault.monitor(ONE_HOUR, 1).total_keys == 3
    assert [key.key_name for key in vault.monitor(FIVE_MINUTES, 9).keys] == ["refused", "late"]


@pytest.fixture
def rotating(house: House) -> tuple[Rotation, Issued]:
    """A rotation that is handed over, an hour after two callers used the old version."""
    first = created(house.vault)
    Reporter(house.sink, "api-0").flush(
        house.clock(), use(first.key.id, 1, house.clock(), "web"), use(first.key.id, 1, house.clock(), "batch")
    )
    house.clock.advance(HOUR)
    return handed_over(house.vault, first.key.id)


def test_an_open_rotation_shows_who_holds_it_up(house: House, rotating: tuple[Rotation, Issued]) -> None:
    rotation, issued = rotating
    clock, key = house.clock, issued.key.id
    reporter = Reporter(house.sink)
    clock.advance(timedelta(minutes=5))
    reporter.flush(clock(), use(key, 2, clock(), "web", accepted=30), use(key, 1, clock(), "batch", accepted=6))
    clock.advance(SECOND)

    (traffic,) = house.vault.monitor(DAY, 10).rotations

    assert traffic.rotation == rotation
    assert [point.at for point in traffic.old] == [point.at for point in traffic.new]
    assert (sum(point.accepted for point in traffic.old), sum(point.accepted for point in traffic.new)) == (8, 30)
    assert (traffic.old_per_second, traffic.new_per_second) == pytest.approx((6 / 60, 30 / 60)), "of the last minute"
    assert [(caller.caller, caller.declared, caller.per_minute) for caller in traffic.unmoved] == [("batch", True, 6)]
    assert house.vault.monitor(DAY, 10).keys[0].versions[0].version == 2


def test_nobody_holds_up_a_rotation_that_is_not_handed_over(house: House) -> None:
    key = created(house.vault).key.id
    Reporter(house.sink).flush(house.clock(), use(key, 1, house.clock()))
    house.vault.plan(key, Plan(), request())

    (traffic,) = house.vault.monitor(ONE_HOUR, 10).rotations

    assert (traffic.unmoved, sum(point.accepted for point in traffic.old)) == ((), 1)
    assert {point.accepted for point in traffic.new} == {0}


def test_the_callers_of_a_key_and_the_keys_of_a_caller(house: House, vault: Vault, clock: StoppedClock) -> None:
    one, other = created(vault, "one").key.id, created(vault, "other").key.id
    reporter = Reporter(house.sink)
    reporter.flush(clock(), use(one, 1, clock(), "old-one"))
    clock.advance(2 * HOUR)
    reporter.flush(clock(), use(one, 1, clock(), "web", accepted=120), use(other, 1, clock(), "web", refused=2))

    callers = vault.caller_traffic(one)
    keys = vault.caller_keys(Caller.called("web"))

    assert [(each.use.caller.name, each.per_minute) for each in callers] == [("web", 2.0), ("old-one", 0.0)]
    assert [(each.key_name, each.use.accepted, each.use.refused) for each in keys] == [("one", 120, 0), ("other", 1, 2)]
    assert vault.caller_keys(Caller("web")) == ()
    clock.advance(timedelta(minutes=2))
    assert [each.per_minute for each in vault.caller_traffic(one)] == [0.0, 0.0]


def test_a_key_that_is_not_there_is_not_found(vault: Vault) -> None:
    with pytest.raises(NotFound):
        vault.monitor(DAY, 1, "nobody")
    with pytest.raises(NotFound):
        vault.caller_traffic("nobody")
