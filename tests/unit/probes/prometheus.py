"""A Prometheus that remembers what it scraped, and answers range selectors as 2.42 was seen to."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx

_QUERY = re.compile(r"(?P<selector>.*)\[(?P<seconds>\d+)s\]", re.DOTALL)
Labels = tuple[tuple[str, str], ...]


@dataclass
class Prometheus:
    """`scrape` takes samples; as a handler, it answers selectors that are a name, and those of a job's health."""

    samples: dict[Labels, list[tuple[float, float]]] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)
    retention: timedelta = timedelta(days=15)

    def scrape(self, at: datetime, name: str, value: float, **labels: str) -> None:
        """One sample of one series."""
        series = tuple(sorted({"__name__": name, **labels}.items()))
        self.samples.setdefault(series, []).append((at.timestamp(), value))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        asked = _QUERY.fullmatch(request.url.params["query"])
        if request.url.path != "/api/v1/query" or asked is None:
            return httpx.Response(400, json={"status": "error", "errorType": "bad_data", "error": "parse error"})
        until = float(request.url.params["time"])
        since = until - float(asked["seconds"])
        result = []
        for series, samples in self.samples.items():
            values = [[at, str(value)] for at, value in samples if since <= at <= until]
            if values and _selected(asked["selector"], dict(series)):
                result.append({"metric": dict(series), "values": values})
        return httpx.Response(200, json={"status": "success", "data": {"resultType": "matrix", "result": result}})


def _selected(selector: str, labels: dict[str, str]) -> bool:
    health = re.fullmatch(r'\{__name__=~"([^"]*)",job=~("(?:[^"\\]|\\.)*")\}', selector)
    if health is None:
        return labels["__name__"] == selector
    matching = json.loads(health[2])
    return (
        re.fullmatch(health[1], labels["__name__"]) is not None
        and re.fullmatch(matching, labels.get("job", "")) is not None
    )
