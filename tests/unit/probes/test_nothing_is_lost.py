"""Whatever a service, its scrapes and our looks do: a request shows as a use that spans its time, or lies in a gap."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.probes.asking import CHECKOUT, Asked
from tests.unit.probes.prometheus import Prometheus
from tests.world import NOON

STEP = timedelta(seconds=15)
STEPS = 80
ROUTES = ("/a", "/b")
KEYED = 'key_label = "key"\n'
PROMETHEUS = '[probes.x]\nkind = "prometheus"\nurl = "https://a.example"\nmetric = "requests_total"\n' + KEYED
PAGE = '[probes.x]\nkind = "metrics"\nurl = "https://a.example"\nmetric = "requests_total"\n' + KEYED


@dataclass
class Service:
    """A service that counts by version and route from each start on, and exports a series from its first request on."""

    started: int = 0
    counts: dict[tuple[str, str], int] = field(default_factory=dict)

    def restart(self, at: int) -> None:
        self.started, self.counts = at, {}

    def request(self, version: int, route: str) -> None:
        place = f"{CHECKOUT}:{version}", route
        self.counts[place] = self.counts.get(place, 0) + 1

    def page(self) -> str:
        lines = [
            f'requests_total{{key="{key}",route="{route}"}} {count}' for (key, route), count in self.counts.items()
        ]
        return "\n".join([*lines, f"process_start_time_seconds {self.started}", ""])

    def scraped(self, prometheus: Prometheus, at: datetime) -> None:
        target = {"job": "api", "instance": "a"}
        prometheus.scrape(at, "up", 1, **target)
        prometheus.scrape(at, "process_start_time_seconds", self.started, **target)
        for (key, route), count in self.counts.items():
            prometheus.scrape(at, "requests_total", count, key=key, route=route, **target)


Steps = st.sets(st.integers(0, STEPS - 1), max_size=12)
Requests = st.sets(st.tuples(st.integers(0, STEPS - 1), st.sampled_from([1, 2]), st.sampled_from(ROUTES)), max_size=25)


def shown(asked: Asked, at: datetime, version: int) -> bool:
    """Whether a use of the version spans that time, or a gap does."""
    uses = (use for use in asked.uses if use.version == version)
    return any(use.first_at - use.longest_gap <= at <= use.last_at for use in uses) or any(
        gap.start <= at and (gap.end is None or at <= gap.end) for gap in asked.gaps.values()
    )


def judge(asked: Asked, requests: set[tuple[int, int, str]]) -> None:
    """All requests between the window's beginning and the source's as-of time are shown; none is counted twice."""
    if not asked.reports:
        return
    since, as_of = asked.reports[0].since, max(report.as_of for report in asked.reports)
    for step, version, route in requests:
        at = NOON + step * STEP - STEP / 2
        if since < at <= as_of:
            assert shown(asked, at, version), (step, version, route, asked.stretches, asked.uses)
    for version in (1, 2):
        assert asked.accepted(version) <= sum(number == version for _, number, _ in requests)


@given(Requests, Steps, Steps, Steps)
def test_by_a_prometheus(
    requests: set[tuple[int, int, str]], restarts: set[int], failed: set[int], looks: set[int]
) -> None:
    service, prometheus = Service(), Prometheus()
    asked = Asked(PROMETHEUS, prometheus)
    for step in range(STEPS):
        if step in restarts:
            service.restart(step)
        for at, version, route in sorted(requests):
            if at == step:
                service.request(version, route)
        if step in failed:
            prometheus.scrape(NOON + step * STEP, "up", 0, job="api", instance="a")
        else:
            service.scraped(prometheus, NOON + step * STEP)
        if step in looks:
            asked.at(NOON + step * STEP)
    asked.at(NOON + STEPS * STEP)
    judge(asked, requests)


@given(Requests, Steps, Steps)
def test_by_its_own_page(requests: set[tuple[int, int, str]], restarts: set[int], looks: set[int]) -> None:
    service = Service()
    asked = Asked(PAGE, lambda request: httpx.Response(200, text=service.page()))
    for step in range(STEPS):
        if step in restarts:
            service.restart(step)
        for at, version, route in sorted(requests):
            if at == step:
                service.request(version, route)
        if step in looks:
            asked.at(NOON + step * STEP)
    judge(asked, requests)
