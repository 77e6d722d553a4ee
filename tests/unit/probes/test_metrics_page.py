"""A /metrics page: the difference of two looks is counted, however far apart, and a restart in between shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from keytui.domain.errors import Invalid
from keytui.domain.gaps import GapKind
from tests.unit.probes.asking import CHECKOUT, TOKEN, Asked
from tests.world import NOON

HOUR = timedelta(hours=1)
CONFIGURATION = """
[probes.api]
kind = "metrics"
url = "https://api.example.com/metrics"
metric = "ratelimit_allows_total"
key_label = "keyId"
credential = "env:API_KEY"
header = "x-api-key"
aliases = { "dev-local" = "checkout:1", "partner" = "checkout:2" }
"""
STARTED = "process_start_time_seconds 1795217705\n"


@dataclass
class Page:
    """A page that a test writes, and the headers that it was asked with."""

    text: str = ""
    headers: httpx.Headers | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.headers = request.headers
        return httpx.Response(200, text=self.text)

    def counts(self, process: str = STARTED, **counts: float) -> None:
        """One series a key of the rate limiter, as the Reserve platform exports it, and one more of something else."""
        series = "".join(
            f'ratelimit_allows_total{{keyId="{key.replace("_", "-")}",route="/v1/admin/api-keys"}} {count}\n'
            for key, count in counts.items()
        )
        self.text = f"# TYPE ratelimit_allows_total counter\n{series}cache_hits_total 7\n{process}"


@pytest.fixture
def page() -> Page:
    return Page()


@pytest.fixture
def api(page: Page) -> Asked:
    return Asked(CONFIGURATION, page)


def test_the_first_look_is_where_counting_begins(api: Asked, page: Page) -> None:
    page.counts(dev_local=3)
    (report,) = api.at(NOON)
    assert not report.uses
    assert (report.since, report.as_of) == (NOON, NOON)
    assert page.headers is not None
    assert page.headers["x-api-key"] == TOKEN
    assert "Authorization" not in page.headers


def test_a_day_between_two_looks_loses_nothing(api: Asked, page: Page) -> None:
    page.counts(dev_local=3)
    api.at(NOON)
    page.counts(dev_local=10)
    api.at(NOON + 24 * HOUR)
    assert api.accepted() == 7
    (use,) = api.uses
    assert use.last_at == NOON + 24 * HOUR
    assert use.longest_gap == 24 * HOUR
    assert not api.gaps


def test_a_pause_without_the_processs_start_could_hide_a_restart(api: Asked, page: Page) -> None:
    page.counts(dev_local=3, process="")
    api.at(NOON)
    api.at(NOON + timedelta(seconds=30))
    assert not api.gaps
    api.at(NOON + HOUR)
    assert api.stretches == [(GapKind.ABSENT_SERIES, NOON + timedelta(seconds=30), NOON + HOUR)]


@pytest.mark.parametrize(("value", "process"), [(2, STARTED), (3, "process_start_time_seconds 1795217999\n")])
def test_a_restart_is_a_reset(api: Asked, page: Page, value: float, process: str) -> None:
    page.counts(dev_local=3)
    api.at(NOON)
    page.counts(dev_local=value, process=process)
    api.at(NOON + HOUR / 60)
    assert api.accepted() == value
    assert (GapKind.COUNTER_RESET, NOON, NOON + HOUR / 60) in api.stretches


def test_a_series_that_is_not_on_the_page_is_absent_at_once(api: Asked, page: Page) -> None:
    page.counts(dev_local=3, partner=1)
    api.at(NOON)
    page.counts(partner=1)
    (report,) = api.at(NOON + HOUR)
    assert api.stretches == [(GapKind.ABSENT_SERIES, NOON, None)]
    assert report.as_of == NOON + HOUR
    page.counts(dev_local=3, partner=1)
    api.at(NOON + 2 * HOUR)
    assert api.stretches == [(GapKind.ABSENT_SERIES, NOON, NOON + 2 * HOUR)]
    assert api.accepted() == 0


def test_a_new_series_counts_whole(api: Asked, page: Page) -> None:
    page.counts(dev_local=3)
    api.at(NOON)
    page.counts(dev_local=3, partner=2)
    api.at(NOON + HOUR)
    assert api.accepted(2) == 2


def test_a_value_that_its_page_dates_long_ago_is_not_there(api: Asked, page: Page) -> None:
    page.counts(dev_local=3)
    api.at(NOON)
    old = int((NOON - HOUR).timestamp() * 1000)
    page.text = f'ratelimit_allows_total{{keyId="dev-local",route="/v1/admin/api-keys"}} 3 {old}\n{STARTED}'
    api.at(NOON + HOUR)
    assert api.stretches == [(GapKind.ABSENT_SERIES, NOON, None)]


def test_junk_on_the_page_is_a_gap_and_no_zero(api: Asked, page: Page) -> None:
    page.counts(dev_local=3)
    api.at(NOON)
    page.counts(dev_local=float("nan"))
    api.at(NOON + HOUR)
    assert api.stretches == [(GapKind.ABSENT_SERIES, NOON, None)]
    page.counts(dev_local=4)
    api.at(NOON + 2 * HOUR)
    assert api.stretches == [(GapKind.ABSENT_SERIES, NOON, NOON + 2 * HOUR)]
    assert api.accepted() == 1


def test_a_key_of_the_page_that_is_none_of_ours_is_passed_over(api: Asked, page: Page) -> None:
    page.counts(stranger=3)
    api.at(NOON)
    page.counts(stranger=9)
    api.at(NOON + HOUR)
    assert not api.uses
    assert not api.gaps


def test_a_page_without_the_series_is_a_gap_for_what_it_covers(api: Asked, page: Page) -> None:
    """As the platform's own request counter, which has no label of a key."""
    api.covered = {CHECKOUT: (1,)}
    page.text = 'http_request_duration_seconds_count{method="GET",route="/whoami",status_code="200"} 2\n'
    api.at(NOON)
    assert api.stretches == [(GapKind.ABSENT_SERIES, NOON, None)]


def test_asking_twice_at_once_reports_once(api: Asked, page: Page) -> None:
    page.counts(dev_local=3)
    api.at(NOON)
    assert api.at(NOON) == []


@pytest.mark.parametrize("text", ['ratelimit_allows_total{keyId="dev-local} 3\n', "<html>no\n", "a{b=1} x\n"])
def test_a_page_of_something_else_is_invalid(api: Asked, page: Page, text: str) -> None:
    page.text = text
    with pytest.raises(Invalid, match="metrics api"):
        api.at(NOON)
