"""A counter of refusals as one number in JSON. As a Prometheus series it is in test_prometheus."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from keytui.domain.errors import Invalid
from keytui.domain.gaps import GapKind
from keytui.domain.reports import SourceKind
from keytui.domain.usage import NO_KEY
from tests.unit.probes.asking import CHECKOUT, Asked, Handler
from tests.world import NOON

CONFIGURATION = """
[probes.tracker]
kind = "refusals"
url = "https://tracker.example.com/api/stats"
pointer = "/totals/0/unauthorised"
keys = ["checkout"]
"""
MINUTE = timedelta(minutes=1)


def counting(number: object) -> Handler:
    """An error tracker that tells one number."""
    return lambda request: httpx.Response(200, json={"totals": [{"unauthorised": number}]})


def test_what_rose_was_refused_and_belongs_to_no_key() -> None:
    tracker = Asked(CONFIGURATION, counting(5), covered={CHECKOUT: (1, 2)})
    tracker.at(NOON)
    tracker.handler = counting(9)
    (report,) = tracker.at(NOON + MINUTE)
    (use,) = report.uses
    assert (use.key_id, use.version, use.accepted, use.refused, use.last_at) == (NO_KEY, 0, 0, 4, NOON + MINUTE)
    assert report.kind is SourceKind.REFUSALS
    assert report.covers == (CHECKOUT,)
    assert not tracker.gaps


def test_a_number_that_fell_began_anew() -> None:
    tracker = Asked(CONFIGURATION, counting(5))
    tracker.at(NOON)
    tracker.handler = counting(2)
    tracker.at(NOON + MINUTE)
    assert sum(use.refused for use in tracker.uses) == 2
    assert tracker.stretches == [(GapKind.COUNTER_RESET, NOON, NOON + MINUTE)]


def test_a_long_pause_could_hide_that() -> None:
    tracker = Asked(CONFIGURATION, counting(5))
    tracker.at(NOON)
    tracker.at(NOON + 60 * MINUTE)
    assert tracker.stretches == [(GapKind.ABSENT_SERIES, NOON, NOON + 60 * MINUTE)]


@pytest.mark.parametrize("number", [None, "5", True, [5], {}])
def test_what_is_no_number_is_named(number: object) -> None:
    tracker = Asked(CONFIGURATION, counting(number))
    with pytest.raises(Invalid, match="/totals/0/unauthorised"):
        tracker.at(NOON)


@pytest.mark.parametrize("body", ['{"totals": [{"unauthorised": -1}]}', '{"totals": [{"unauthorised": 1e999}]}'])
def test_a_number_that_counts_nothing_is_a_gap(body: str) -> None:
    tracker = Asked(CONFIGURATION, counting(5))
    tracker.at(NOON)
    tracker.handler = lambda request: httpx.Response(200, text=body)
    tracker.at(NOON + MINUTE)
    assert tracker.stretches == [(GapKind.ABSENT_SERIES, NOON, None)]
