"""Counters from a Prometheus: raw samples become uses, and what is not there becomes a gap and never a zero."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keytui.domain.errors import Invalid, Refused, Unreachable
from keytui.domain.gaps import GapKind
from keytui.domain.recognition import Recogniser
from keytui.domain.reports import SourceKind
from keytui.domain.secrets import Secret, fingerprint
from keytui.domain.usage import NO_KEY, UNKNOWN_CALLER, Caller
from tests.unit.probes.asking import CHECKOUT, OLD, TOKEN, Asked, Handler, credential
from tests.unit.probes.prometheus import Prometheus
from tests.world import NOON

CONFIGURATION = """
[probes.edge]
kind = "prometheus"
url = "https://prometheus.example.com"
metric = "requests_total"
key_label = "key"
history = "1h"
credential = "env:PROMETHEUS_TOKEN"
"""
SCRAPED = timedelta(seconds=15)
V1 = f"{CHECKOUT}:1"
V2 = f"{CHECKOUT}:2"


def minutes(count: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=count)


def steady(prometheus: Prometheus, values: dict[float, float], until: float, start: float = 0, **labels: str) -> None:
    """Scrape a counter every 15 seconds, from `start` to `until` minutes after noon; `values` by their first minute."""
    at = minutes(start)
    while at <= minutes(until):
        value = [value for minute, value in sorted(values.items()) if minutes(minute) <= at][-1]
        prometheus.scrape(at, "requests_total", value, **{"key": V1, "job": "api", "instance": "a", **labels})
        at += SCRAPED


@pytest.fixture
def prometheus() -> Prometheus:
    return Prometheus()


@pytest.fixture
def edge(prometheus: Prometheus) -> Asked:
    return Asked(CONFIGURATION, prometheus)


def test_what_rose_between_two_samples_was_used_by_the_later_one(edge: Asked, prometheus: Prometheus) -> None:
    steady(prometheus, {0: 40, 5: 43}, until=10)
    (report,) = edge.at(minutes(10))
    (use,) = report.uses
    assert (use.key_id, use.version, use.accepted, use.refused) == (CHECKOUT, 1, 3, 0)
    assert use.last_at == minutes(5)
    assert use.longest_gap == SCRAPED
    assert use.caller == UNKNOWN_CALLER
    assert report.kind is SourceKind.COUNTERS
    assert not report.gaps
    assert report.attributable
    assert not report.forgeable


def test_the_window_begins_where_the_counters_do(edge: Asked, prometheus: Prometheus) -> None:
    steady(prometheus, {0: 40}, until=10)
    (report,) = edge.at(minutes(10))
    assert report.since == NOON
    assert report.as_of == minutes(10)


def test_a_second_look_counts_nothing_twice_and_loses_nothing(edge: Asked, prometheus: Prometheus) -> None:
    steady(prometheus, {0: 40, 5: 43}, until=10)
    edge.at(minutes(10))
    edge.at(minutes(10.1))
    assert edge.accepted() == 3
    steady(prometheus, {0: 43, 15: 50}, start=10.25, until=20)
    edge.at(minutes(20))
    assert edge.accepted() == 10
    assert not edge.gaps


def test_a_long_pause_is_asked_back_piece_by_piece(edge: Asked, prometheus: Prometheus) -> None:
    steady(prometheus, {0: 1}, until=5)
    edge.at(minutes(5))
    steady(prometheus, {0: 1, 100: 4, 200: 9}, start=5.25, until=300)
    reports = edge.at(minutes(300))
    assert len(reports) == 5
    assert edge.accepted() == 8
    assert not edge.gaps


def test_a_fall_is_a_reset_whose_new_value_counts_and_whose_end_is_missing(edge: Asked, prometheus: Prometheus) -> None:
    steady(prometheus, {0: 100, 5: 7}, until=10)
    edge.at(minutes(10))
    assert edge.accepted() == 7
    assert edge.stretches == [(GapKind.COUNTER_RESET, minutes(5) - SCRAPED, minutes(5))]


def test_a_restart_that_counted_back_up_to_the_same_value_shows_by_the_process(
    edge: Asked, prometheus: Prometheus
) -> None:
    steady(prometheus, {0: 1}, until=10)
    for seconds in range(0, 601, 15):
        start = 5 if seconds < 360 else 9
        prometheus.scrape(
            NOON + timedelta(seconds=seconds), "process_start_time_seconds", start, job="api", instance="a"
        )
    edge.at(minutes(10))
    assert edge.accepted() == 1
    assert edge.stretches == [(GapKind.COUNTER_RESET, minutes(6) - SCRAPED, minutes(6))]


def test_a_new_series_counts_whole_since_the_look_before(edge: Asked, prometheus: Prometheus) -> None:
    steady(prometheus, {0: 1}, until=10)
    edge.at(minutes(5))
    steady(prometheus, {0: 6}, start=8, until=10, key=V2)
    edge.at(minutes(10))
    assert edge.accepted(2) == 6
    (use,) = [use for use in edge.uses if use.version == 2]
    assert use.last_at == minutes(8)
    assert use.longest_gap == timedelta(minutes=3)


def test_a_series_that_vanishes_is_a_gap_until_it_is_back(edge: Asked, prometheus: Prometheus) -> None:
    steady(prometheus, {0: 3}, until=5)
    edge.at(minutes(5))
    edge.at(minutes(6))
    assert not edge.gaps
    edge.at(minutes(20))
    assert edge.stretches == [(GapKind.ABSENT_SERIES, minutes(5), None)]
    steady(prometheus, {0: 4}, start=30, until=40)
    edge.at(minutes(40))
    assert edge.stretches == [(GapKind.ABSENT_SERIES, minutes(5), minutes(30))]
    assert edge.accepted() == 1


def test_two_that_vanish_together_are_back_when_both_are(edge: Asked, prometheus: Prometheus) -> None:
    steady(prometheus, {0: 3}, until=5)
    steady(prometheus, {0: 3}, until=5, key=V2)
    edge.at(minutes(5))
    edge.at(minutes(20))
    steady(prometheus, {0: 3}, start=21, until=60)
    edge.at(minutes(30))
    assert edge.stretches == [(GapKind.ABSENT_SERIES, minutes(5), None)]
    steady(prometheus, {0: 3}, start=31, until=60, key=V2)
    edge.at(minutes(40))
    assert edge.stretches == [(GapKind.ABSENT_SERIES, minutes(5), minutes(31))]


def test_two_that_are_back_in_one_look_were_missing_until_the_later_one(edge: Asked, prometheus: Prometheus) -> None:
    for key, back in ((V1, 31), (V2, 21)):
        steady(prometheus, {0: 3}, until=5, key=key)
        steady(prometheus, {0: 3}, start=back, until=40, key=key)
    edge.at(minutes(5))
    edge.at(minutes(40))
    assert edge.stretches == [(GapKind.ABSENT_SERIES, minutes(5), minutes(31))]


def test_a_version_that_has_ended_needs_no_series(edge: Asked, prometheus: Prometheus) -> None:
    steady(prometheus, {0: 3}, until=5)
    steady(prometheus, {0: 3}, until=60, key=V2)
    edge.at(minutes(5))
    edge.at(minutes(20))
    edge.ended.add((CHECKOUT, 1))
    edge.at(minutes(30))
    assert edge.stretches == [(GapKind.ABSENT_SERIES, minutes(5), minutes(30))]
    edge.at(minutes(40))
    assert edge.stretches == [(GapKind.ABSENT_SERIES, minutes(5), minutes(30))]


def test_a_covered_version_without_a_series_is_a_gap_until_it_has_one(edge: Asked, prometheus: Prometheus) -> None:
    edge.covered = {CHECKOUT: (1, 2)}
    steady(prometheus, {0: 3}, until=60)
    (report,) = edge.at(minutes(10))
    assert report.covers == (CHECKOUT,)
    assert edge.stretches == [(GapKind.ABSENT_SERIES, NOON, None)]
    steady(prometheus, {0: 2}, start=15, until=60, key=V2)
    edge.at(minutes(20))
    assert edge.stretches == [(GapKind.ABSENT_SERIES, NOON, minutes(15))]
    assert edge.accepted(2) == 2


def test_it_begins_once_all_that_was_there_was_seen(edge: Asked, prometheus: Prometheus) -> None:
    steady(prometheus, {0: 3}, until=10)
    steady(prometheus, {0: 5}, start=1, until=10, key=V2)
    (report,) = edge.at(minutes(10))
    assert report.since == minutes(1)
    assert not report.uses


def test_its_word_reaches_to_the_sample_that_is_furthest_behind(edge: Asked, prometheus: Prometheus) -> None:
    steady(prometheus, {0: 3}, until=10)
    steady(prometheus, {0: 5}, until=9, key=V2)
    (report,) = edge.at(minutes(10))
    assert report.as_of == minutes(9)
    assert not report.gaps


def test_evidence_does_not_begin_before_there_is_any(edge: Asked, prometheus: Prometheus) -> None:
    """Who was not seen yet could have come and gone between two scrapes."""
    assert edge.at(minutes(10)) == []
    steady(prometheus, {0: 3, 25: 4}, start=20, until=30)
    (report,) = edge.at(minutes(30))
    assert report.since == minutes(20)
    assert edge.accepted() == 1


def test_nothing_at_all_is_a_gap_for_what_is_covered(edge: Asked) -> None:
    edge.covered = {CHECKOUT: (1,)}
    (report,) = edge.at(minutes(10))
    assert report.since == minutes(10)
    assert edge.stretches == [(GapKind.ABSENT_SERIES, minutes(10), None)]


def test_one_failed_scrape_is_a_gap(edge: Asked, prometheus: Prometheus) -> None:
    steady(prometheus, {0: 3}, until=10)
    for seconds in range(0, 601, 15):
        up = 0 if seconds == 300 else 1
        prometheus.scrape(NOON + timedelta(seconds=seconds), "up", up, job="api", instance="a")
    edge.at(minutes(10))
    assert edge.stretches == [(GapKind.ABSENT_SERIES, minutes(5) - SCRAPED, minutes(5) + SCRAPED)]


def test_a_hole_longer_than_the_tolerance_is_a_gap(edge: Asked, prometheus: Prometheus) -> None:
    steady(prometheus, {0: 3}, until=5)
    steady(prometheus, {0: 3}, start=9, until=15)
    edge.at(minutes(15))
    assert edge.stretches == [(GapKind.ABSENT_SERIES, minutes(5), minutes(9))]
    assert edge.accepted() == 0


def test_a_late_use_in_a_hole_is_put_at_its_end(edge: Asked, prometheus: Prometheus) -> None:
    steady(prometheus, {0: 3}, until=5)
    steady(prometheus, {0: 4}, start=9, until=15)
    edge.at(minutes(15))
    (use,) = edge.uses
    assert use.last_at == minutes(9)
    assert use.longest_gap == timedelta(minutes=4)


@pytest.mark.parametrize("junk", [float("nan"), float("inf"), float("-inf"), -1.0, 2.0**53])
def test_what_no_counter_can_say_is_a_gap_and_no_zero(edge: Asked, prometheus: Prometheus, junk: float) -> None:
    steady(prometheus, {0: 3, 5: junk, 6: 4}, until=10)
    edge.at(minutes(10))
    assert edge.accepted() == 1
    assert edge.stretches == [(GapKind.ABSENT_SERIES, minutes(5) - SCRAPED, minutes(6))]


def test_another_route_of_a_process_that_began_anew_leaves_no_open_gap(edge: Asked, prometheus: Prometheus) -> None:
    """After a restart a route is not exported until somebody asks for it; the others show that the page was read."""
    steady(prometheus, {0: 3, 10: 1}, until=60, route="/a")
    steady(prometheus, {0: 5}, until=9.75, route="/b")
    edge.at(minutes(9.75))
    edge.at(minutes(30))
    assert edge.stretches == [
        (GapKind.COUNTER_RESET, minutes(9.75), minutes(10)),
        (GapKind.ABSENT_SERIES, minutes(9.75), minutes(10)),
    ]
    steady(prometheus, {0: 2}, start=40, until=60, route="/b")
    edge.at(minutes(50))
    assert edge.accepted() == 1 + 2
    assert len(edge.gaps) == 2


def test_an_instance_that_was_replaced_is_a_gap_for_good_unless_it_is_said(prometheus: Prometheus) -> None:
    fixed = Asked(CONFIGURATION, prometheus)
    ephemeral = Asked(CONFIGURATION + "ephemeral_instances = true\n", prometheus)
    steady(prometheus, {0: 3}, until=5)
    steady(prometheus, {0: 2}, start=6, until=60, instance="b")
    for edge in (fixed, ephemeral):
        edge.at(minutes(5))
        edge.at(minutes(20))
        assert edge.accepted() == 2
    assert fixed.stretches == [(GapKind.ABSENT_SERIES, minutes(5), None)]
    assert ephemeral.stretches == [(GapKind.ABSENT_SERIES, minutes(5), minutes(6))]


def test_refusals_are_told_by_the_status_label(prometheus: Prometheus) -> None:
    edge = Asked(CONFIGURATION + 'status_label = "code"\n', prometheus)
    for code in ("200", "401", "403", "404"):
        steady(prometheus, {0: 0, 5: 2}, until=10, code=code)
    edge.at(minutes(10))
    assert sum(use.refused for use in edge.uses) == 4
    assert edge.accepted() == 4


def test_a_class_of_codes_does_not_tell_refusals(prometheus: Prometheus) -> None:
    edge = Asked(CONFIGURATION + 'status_label = "status"\n', prometheus)
    steady(prometheus, {0: 0}, until=10, status="4xx")
    with pytest.raises(Invalid, match="4xx"):
        edge.at(minutes(10))


def test_a_caller_label_is_a_name_only_if_it_is_said_to_be_declared(prometheus: Prometheus) -> None:
    plain = Asked(CONFIGURATION + 'caller_label = "client"\n', prometheus)
    declared = Asked(CONFIGURATION + 'caller_label = "client"\ncaller_declared = true\n', prometheus)
    for client in ("nightly", "10.0.0.7", ""):
        steady(prometheus, {0: 0, 5: 2}, until=10, client=client)
    plain.at(minutes(10))
    declared.at(minutes(10))
    assert {use.caller for use in plain.uses} == {
        Caller.undeclared("", "nightly"),
        Caller.undeclared("10.0.0.7"),
        UNKNOWN_CALLER,
    }
    assert {use.caller for use in declared.uses} == {
        Caller.called("nightly"),
        Caller.called("10.0.0.7"),
        UNKNOWN_CALLER,
    }


@pytest.mark.parametrize(
    ("label", "forgeable"),
    [
        (OLD.digest(), False),
        (fingerprint(OLD.digest()), False),
        (V1, False),
        ("old-key", False),
        (OLD.prefix(), True),
    ],
)
def test_a_version_is_known_by_whatever_the_label_holds(prometheus: Prometheus, label: str, forgeable: bool) -> None:
    edge = Asked(CONFIGURATION + 'aliases = { "old-key" = "checkout:1" }\n', prometheus)
    steady(prometheus, {0: 0, 5: 2}, until=10, key=label)
    (report,) = edge.at(minutes(10))
    assert edge.accepted() == 2
    assert report.forgeable is forgeable


@pytest.mark.parametrize("named", [CHECKOUT, "checkout"])
def test_key_and_version_may_stand_in_two_labels(prometheus: Prometheus, named: str) -> None:
    edge = Asked(CONFIGURATION + 'version_label = "version"\n', prometheus)
    steady(prometheus, {0: 0, 5: 2}, until=10, key=named, version="2")
    edge.at(minutes(10))
    assert edge.accepted(2) == 2


def test_a_prefix_that_two_versions_share_tells_nothing_apart(prometheus: Prometheus) -> None:
    twin = Secret(OLD.prefix() + "1" * 24)
    edge = Asked(CONFIGURATION, prometheus, recogniser=Recogniser([credential(1, OLD), credential(2, twin)]))
    edge.covered = {CHECKOUT: (1,)}
    steady(prometheus, {0: 0, 5: 2}, until=10, key=OLD.prefix())
    (report,) = edge.at(minutes(10))
    assert not report.attributable
    assert not report.uses


def test_a_label_that_no_series_has_is_a_mistake_in_the_settings(prometheus: Prometheus) -> None:
    edge = Asked(CONFIGURATION.replace('"key"', '"api_key"'), prometheus)
    steady(prometheus, {0: 0}, until=10)
    with pytest.raises(Invalid, match="key_label = 'api_key' is on no series") as error:
        edge.at(minutes(10))
    assert "instance" in error.value.hint


def test_an_alias_of_no_version_is_named(prometheus: Prometheus) -> None:
    edge = Asked(CONFIGURATION + 'aliases = { "old-key" = "checkout:9" }\n', prometheus)
    steady(prometheus, {0: 0}, until=10, key="old-key")
    with pytest.raises(Invalid, match="old-key"):
        edge.at(minutes(10))


def test_refusals_as_a_series_belong_to_no_key(prometheus: Prometheus) -> None:
    gateway = Asked(
        '[probes.gateway]\nkind = "refusals"\nurl = "https://prometheus.example.com"\nmetric = "requests_total"\n'
        'status_label = "code"\nhistory = "1h"\n',
        prometheus,
    )
    for code in ("200", "401", "403"):
        steady(prometheus, {0: 5, 5: 7}, until=10, code=code)
    (report,) = gateway.at(minutes(10))
    assert report.kind is SourceKind.REFUSALS
    assert report.covers == ()
    (use,) = report.uses
    assert (use.key_id, use.version, use.accepted, use.refused) == (NO_KEY, 0, 0, 4)


def test_refusals_without_a_series_are_unknown_and_not_none(prometheus: Prometheus) -> None:
    gateway = Asked(
        '[probes.gateway]\nkind = "refusals"\nurl = "https://prometheus.example.com"\nmetric = "requests_total"\n',
        prometheus,
    )
    gateway.at(NOON)
    assert gateway.stretches == [(GapKind.ABSENT_SERIES, NOON, None)]


def test_the_token_goes_along_and_the_query_is_a_raw_range(edge: Asked, prometheus: Prometheus) -> None:
    steady(prometheus, {0: 0}, until=10)
    edge.at(minutes(10))
    assert {request.headers["Authorization"] for request in prometheus.asked} == {f"Bearer {TOKEN}"}
    assert prometheus.asked[0].url.params["query"] == "requests_total[3750s]"


def test_the_recorded_error_of_a_bad_selector_is_shown(edge: Asked) -> None:
    body = '{"status":"error","errorType":"bad_data","error":"invalid parameter: unclosed left parenthesis"}'
    edge.handler = lambda request: httpx.Response(400, text=body)
    with pytest.raises(Invalid, match="unclosed left parenthesis"):
        edge.at(NOON)


@pytest.mark.parametrize("status", [401, 403])
def test_who_is_not_let_in_learns_by_which_credential(edge: Asked, status: int) -> None:
    edge.handler = lambda request: httpx.Response(status, text=f"no, {TOKEN}")
    with pytest.raises(Refused, match="env:PROMETHEUS_TOKEN") as error:
        edge.at(NOON)
    assert TOKEN not in str(error.value)


def test_a_redirect_is_not_followed(edge: Asked) -> None:
    edge.handler = lambda request: httpx.Response(302, headers={"Location": "https://elsewhere.example.com"})
    with pytest.raises(Refused, match="elsewhere"):
        edge.at(NOON)


def _no_connection(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


def _too_slow(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("timed out", request=request)


@pytest.mark.parametrize("handler", [_no_connection, _too_slow, lambda request: httpx.Response(503)])
def test_a_server_in_trouble_is_unreachable_and_nothing_is_lost(
    edge: Asked, prometheus: Prometheus, handler: Handler
) -> None:
    steady(prometheus, {0: 3, 9: 5}, until=20)
    edge.at(minutes(5))
    edge.handler = handler
    with pytest.raises(Unreachable):
        edge.at(minutes(10))
    edge.handler = prometheus
    edge.at(minutes(20))
    assert edge.accepted() == 2
    assert not edge.gaps


def test_a_partial_answer_is_none(edge: Asked) -> None:
    answer = {"status": "success", "warnings": ["a store is away"], "data": {"resultType": "matrix", "result": []}}
    edge.handler = lambda request: httpx.Response(200, json=answer)
    with pytest.raises(Unreachable, match="a store is away"):
        edge.at(NOON)


@pytest.mark.parametrize(
    "body",
    [
        "<html>",
        "[]",
        '{"status":"success"}',
        '{"status":"success","data":{"resultType":"vector","result":[]}}',
        '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[["x"]]}]}}',
        '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1e300,"1"]]}]}}',
        '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":1},"values":[]}]}}',
    ],
)
def test_an_answer_of_something_else_is_invalid(edge: Asked, body: str) -> None:
    edge.handler = lambda request: httpx.Response(200, text=body)
    with pytest.raises(Invalid, match="prometheus edge"):
        edge.at(NOON)


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=60),
    st.sets(st.integers(1, 59), max_size=4),
    st.lists(st.integers(1, 60), max_size=6),
)
def test_however_it_is_asked_every_request_is_counted_once_or_lies_in_a_gap(
    rises: list[int], restarts: set[int], looks: list[int]
) -> None:
    """A counter that rises by `rises`, a quarter of a minute each, and is set to zero before some of them."""
    prometheus, value, values = Prometheus(), 0, []
    for step, rise in enumerate(rises):
        value = rise if step in restarts else value + rise
        values.append(value)
        prometheus.scrape(NOON + step * SCRAPED, "requests_total", value, key=V1)
    end = NOON + len(rises) * SCRAPED
    edge = Asked(CONFIGURATION, prometheus)
    for look in sorted({*looks, len(rises)}):
        edge.at(min(NOON + look * SCRAPED, end))
    shown = sum(later - earlier if later >= earlier else later for earlier, later in pairwise(values))
    assert edge.accepted() == shown
    fell = sum(later < earlier for earlier, later in pairwise(values))
    assert sum(gap.kind is GapKind.COUNTER_RESET for gap in edge.gaps.values()) == fell
