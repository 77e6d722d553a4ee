"""What Prometheus reads: counts of all workers together. Labels are routes and outcomes, never keys or tenants."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from keytui.server.metrics_directory import METRICS_DIRECTORY

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """One process's numbers, kept where the page of any process adds them up."""

    def __init__(self) -> None:
        own = CollectorRegistry()
        self._requests = Counter("keytui_requests", "Requests, by route and status.", ("route", "status"), registry=own)
        self._seconds = Histogram(
            "keytui_request_seconds", "Time that a request took.", ("route",), registry=own, buckets=_SECONDS
        )
        self._verifications = Counter("keytui_verifications", "Answers of /v1/verify.", ("outcome",), registry=own)
        self._wrong_tokens = Counter("keytui_wrong_tokens", "Requests with a token that is nobody's.", registry=own)
        self.streams = Gauge("keytui_event_streams", "Consoles that follow.", registry=own, multiprocess_mode="livesum")
        self._by_request: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._by_outcome: dict[str, Counter] = {}

    def count(self, route: str, status: int, seconds: float) -> None:
        """One request."""
        found = self._by_request.get((route, status))
        if found is None:
            found = self._requests.labels(route, str(status)), self._seconds.labels(route)
            self._by_request[route, status] = found
        found[0].inc()
        found[1].observe(seconds)

    def count_outcome(self, outcome: str) -> None:
        """One answer about a secret."""
        found = self._by_outcome.get(outcome)
        if found is None:
            found = self._by_outcome[outcome] = self._verifications.labels(outcome)
        found.inc()

    def count_wrong_token(self) -> None:
        self._wrong_tokens.inc()

    def page(self) -> tuple[str, bytes]:
        """Its content type and its text."""
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library declares no types there
        return CONTENT_TYPE_LATEST, generate_latest(registry)


def forget_worker(pid: int) -> None:
    """A worker is gone: what it counted stays, what it had open does not."""
    if Path(os.environ.get(METRICS_DIRECTORY, "/nonexistent")).is_dir():
        mark_process_dead(pid)  # type: ignore[no-untyped-call]  # the library declares no types there
