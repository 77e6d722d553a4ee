"""A Prometheus server's HTTP API, asked for the raw samples of counters.

`increase()` and `rate()` extrapolate, and miss a new series' first value; a range selector in an instant query gives
the samples as they were scraped. What a server still remembers can be asked for later: a look back loses nothing.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Final

from keytui.domain.errors import Invalid, Unreachable
from keytui.domain.gaps import GapKind
from keytui.domain.json_pointers import at
from keytui.domain.recognition import Recogniser
from keytui.domain.reports import Report
from keytui.domain.text import harmless
from keytui.probes.attribution import Attribution, check_labels
from keytui.probes.configuration import Counting
from keytui.probes.counters import Counters, Lapse
from keytui.probes.json_answer import parse
from keytui.probes.marks import Marks
from keytui.probes.series import Sample, Series, Target
from keytui.probes.server_probe import ServerProbe

_STRETCH: Final = timedelta(hours=1)
"""Asked for at once: some hundred samples a series."""
_QUERY: Final = "/api/v1/query"
_HEALTH: Final = ("up", "process_start_time_seconds")


class PrometheusProbe(ServerProbe[Counting]):
    """Counters by label, from a Prometheus server or one that speaks its API."""

    def ask(self, recogniser: Recogniser, bookmarks: Mapping[str, str], now: datetime) -> Iterator[Report]:
        attribution = Attribution(self._settings, self._coverage, recogniser)
        counters = Counters(self._settings, self._reading, attribution, self._coverage, Marks(bookmarks))
        begin = counters.asked or now - self._reading.history
        while begin < now:
            until = min(begin + _STRETCH, now)
            # Samples may come in late, and what was missing at the end of the last look may be there by now.
            series = self._samples(self._reading.metric, begin - self._reading.tolerance, until)
            check_labels(self.source, self._reading.labels, (one.labels for one in series))
            jobs = counters.jobs.union(one.target[0] for one in series)
            health = _Health(self._samples(_of_jobs(jobs), begin - self._reading.tolerance, until) if jobs else ())
            report = counters.look(map(health.dated, series), begin, until, health.lapses(), last=until == now)
            if report is not None:
                yield report
            begin = until

    def _samples(self, selector: str, begin: datetime, until: datetime) -> tuple[Series, ...]:
        query = {"query": f"{selector}[{ceil((until - begin).total_seconds())}s]", "time": f"{until.timestamp():.3f}"}
        answer = parse(self._endpoint.get(_QUERY, query), self.source)
        if at(answer, "/status") != "success":
            raise Invalid(f"{self.source} does not answer as Prometheus does", "url is the server's own, without /api")
        warnings = at(answer, "/warnings")
        if isinstance(warnings, list) and warnings:
            said = harmless("; ".join(map(str, warnings)))[:300]
            raise Unreachable(f"{self.source} answers in part only: {said}", "ask again when it is whole")
        results = at(answer, "/data/result")
        if at(answer, "/data/resultType") != "matrix" or not isinstance(results, list):
            raise Invalid(
                f"{self.source}: metric is no plain selector",
                'as in http_requests_total{job="api"}, without a function',
            )
        try:
            return tuple(map(_series, results))
        except (KeyError, TypeError, ValueError, OverflowError, OSError):
            raise Invalid(f"{self.source} does not answer as Prometheus does", "see what stands in between") from None


def _series(result: object) -> Series:
    """One of the answer's series; KeyError, TypeError or ValueError when it is none."""
    labels, values = at(result, "/metric"), at(result, "/values")
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
        raise TypeError("metric")
    if not isinstance(values, list):
        raise TypeError("values")
    return Series(
        labels, tuple(Sample(datetime.fromtimestamp(float(when), UTC), float(value)) for when, value in values)
    )


def _of_jobs(jobs: Iterable[str]) -> str:
    """Selects whether the scrapes of some jobs came, and since when their processes run."""
    matching = json.dumps("|".join(map(re.escape, sorted(jobs))), ensure_ascii=False)
    return f'{{__name__=~"{"|".join(_HEALTH)}",job=~{matching}}}'


class _Health:
    """What Prometheus knows of the targets that it scrapes."""

    def __init__(self, series: Iterable[Series]) -> None:
        self._up: dict[Target, tuple[Sample, ...]] = {}
        self._started: dict[Target, tuple[Sample, ...]] = {}
        for one in series:
            (self._up if one.labels.get("__name__") == "up" else self._started)[one.target] = one.samples

    def dated(self, series: Series) -> Series:
        """The series, its samples with the start of the process that they were scraped from."""
        starts = self._started.get(series.target, ())
        times = [start.at for start in starts]
        samples = []
        for sample in series.samples:
            place = bisect_right(times, sample.at)
            start = starts[place - 1] if place else None
            samples.append(Sample(sample.at, sample.value, start.value if start and start.countable else None))
        return Series(series.labels, tuple(samples))

    def lapses(self) -> Iterator[Lapse]:
        """Where scrapes failed, from the last that came to the next one, and where another process took over."""
        for samples in self._up.values():
            came = [(place, sample.at) for place, sample in enumerate(samples) if sample.value == 1]
            for (place, start), (next_place, end) in pairwise(came):
                if next_place > place + 1:
                    yield GapKind.ABSENT_SERIES, start, end
        for samples in self._started.values():
            for earlier, later in pairwise(samples):
                if earlier.value != later.value:
                    yield GapKind.COUNTER_RESET, earlier.at, later.at
