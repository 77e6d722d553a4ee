"""`usage` and `callers`: the monitor's numbers, as tables and as JSON."""

from __future__ import annotations

from datetime import timedelta

import pytest

from keytui.cli.exits import Exit
from keytui.domain.usage import NO_KEY, Caller, Use
from keytui.vault.local.feed import LocalFeed
from tests.contract.acts import Reporter, use
from tests.unit.cli.conftest import Commands
from tests.world import StoppedClock


@pytest.fixture
def busy(keytui: Commands, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """One key that two callers use and one that is refused; a stray secret; and one of two whose hour has passed."""
    clock = StoppedClock()
    keytui.live_at(clock)
    monkeypatch.setattr("keytui.cli.traffic.utc_now", clock)
    for name in ("checkout", "stale"):
        keytui.created(name)
    checkout, stale = (str(keytui("show", name, "--json").answer["id"]) for name in ("checkout", "stale"))
    feed = LocalFeed.open(keytui.profile, clock, silent_for=timedelta(days=1))
    reporter = Reporter(feed)
    reporter.flush(clock(), use(checkout, 1, clock(), "nightly"))
    clock.advance(timedelta(hours=3))
    now = clock()
    stray = Use(NO_KEY, 0, Caller.undeclared("203.0.113.9"), now, now, now, 0, 2)
    refused = use(stale, 1, now, "web", accepted=0, refused=3)
    reporter.flush(now, use(checkout, 1, now, "web", accepted=600), refused, stray)
    feed.close()
    clock.advance(timedelta(seconds=1))
    return keytui


def test_usage_gives_rates_counts_and_versions_of_the_busiest(busy: Commands) -> None:
    answer = busy("usage", "--since", "2h", "--json").answer

    assert (answer["per_second"], answer["total_keys"]) == (10, 2)
    assert answer["refused_per_second"] == pytest.approx(5 / 60)
    assert answer["range"] == {"label": "2h", "span_seconds": 7200, "bucket_seconds": 360}
    keys = answer["keys"]
    assert isinstance(keys, list)
    checkout, stale = ({name: key[name] for name in key if name not in {"key_id", "environment"}} for key in keys)
    assert checkout == {
        "key": "checkout",
        "per_second": 10,
        "refused_per_second": 0,
        "accepted_24h": 601,
        "accepted": 600,
        "refused": 0,
        "versions": [{"version": 1, "accepted": 600}],
        "alert": None,
    }
    assert (stale["key"], stale["accepted"], stale["refused"]) == ("stale", 0, 3)
    assert answer["refused_from"] == [
        {"address": "203.0.113.9", "refused": 2, "last_at": "2026-11-20T15:00:00.000000Z", "keys": [""]}
    ]


def test_usage_of_one_key_says_when(busy: Commands) -> None:
    points = busy("usage", "checkout", "--since", "90d", "--json").answer["points"]
    shown = busy("usage", "checkout").out.splitlines()

    assert isinstance(points, list)
    assert [point for point in points if point["accepted"] or point["refused"]] == [
        {"at": "2026-11-20T00:00:00.000000Z", "accepted": 601, "refused": 0}
    ]
    assert shown[1].split() == ["checkout", "10", "601", "601", "0", "v1", "601", "-"]
    assert [line.split() for line in shown[4:]] == [
        ["2026-11-20", "12:00Z", "1", "0"],
        ["2026-11-20", "14:48Z", "600", "0"],
    ]


def test_usage_of_all_time_is_of_what_is_kept(busy: Commands) -> None:
    answer = busy("usage", "checkout", "--since", "0001-01-01", "--json").answer
    points = answer["points"]

    assert isinstance(points, list)
    assert sum(point["accepted"] for point in points) == 601
    assert answer["range"] == {"label": "730d", "span_seconds": 730 * 86_400, "bucket_seconds": 9 * 86_400}


def test_usage_tells_that_there_is_more_or_nothing(busy: Commands) -> None:
    assert "1 of 2 keys" in busy("usage", "--limit", "1").err
    busy.created("unused")
    assert "no request was recorded since 2026-11-19 15:00Z" in busy("usage", "unused").err
    of_all_time = busy("usage", "unused", "--since", "0001-01-01").err
    assert "no request was recorded since 2024-11-20 15:00Z" in of_all_time  # as far back as usage is kept
    assert "is not past" in busy("usage", "--since", "2030-01-01", code=2).err


def test_callers_of_a_key_and_keys_of_a_caller(busy: Commands) -> None:
    of_key = busy("callers", "checkout", "--json").items
    of_caller = busy("callers", "--caller", "web", "--json").items

    assert [(each["key"], each["caller"], each["accepted"], each["per_minute"]) for each in of_key] == [
        ("checkout", "web", 600, 10),
        ("checkout", "nightly", 1, 0),
    ]
    assert [(each["key"], each["accepted"], each["refused"]) for each in of_caller] == [
        ("checkout", 600, 0),
        ("stale", 0, 3),
    ]
    assert "nightly" in busy("callers", "checkout").out
    assert "no caller is called 'nobody'" in busy("callers", "--caller", "nobody").err


@pytest.mark.parametrize("words", [(), ("checkout", "--caller", "web")])
def test_callers_are_of_a_key_or_of_a_caller(busy: Commands, words: tuple[str, ...]) -> None:
    assert "give a key or a caller" in busy("callers", *words, code=2).err


@pytest.mark.parametrize(
    "words",
    [
        ("usage", "--limit", "9" * 20),
        ("usage", "--since", "0001-01-01T00:00+14:00"),
        ("alerts", "acknowledge", "9" * 30, "--note", "x"),
    ],
)
def test_a_number_that_is_too_large_is_no_fault_of_ours(keytui: Commands, words: tuple[str, ...]) -> None:
    assert keytui(*words, code=None).code in (Exit.USAGE, Exit.REFUSED)
