"""A /metrics page, read as it is: one value a look. What rose between two looks counts, however far apart they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample as PageSample

from keytui.domain.errors import Invalid
from keytui.domain.recognition import Recogniser
from keytui.domain.reports import Report
from keytui.probes.attribution import Attribution, check_labels
from keytui.probes.configuration import Counting, Settings
from keytui.probes.counters import Counters
from keytui.probes.coverage import Coverage
from keytui.probes.endpoint import Endpoint
from keytui.probes.marks import Marks
from keytui.probes.series import Sample, Series

_STARTED: Final = "process_start_time_seconds"


class MetricsPageProbe:
    """Counters by label, from a service's own page in Prometheus' text format."""

    def __init__(self, settings: Settings, counting: Counting, coverage: Coverage, endpoint: Endpoint) -> None:
        self._settings = settings
        self._counting = counting
        self._coverage = coverage
        self._endpoint = endpoint

    @property
    def source(self) -> str:
        return self._settings.source

    def ask(self, recogniser: Recogniser, bookmarks: Mapping[str, str], now: datetime) -> Iterator[Report]:
        attribution = Attribution(self._settings, self._coverage, recogniser)
        counters = Counters(self._settings, self._counting, attribution, self._coverage, Marks(bookmarks), sampled=True)
        if counters.asked is not None and counters.asked >= now:
            return
        found = self._series(now)
        report = counters.look(found, counters.asked or now, now)
        if report is not None:
            yield report

    def _series(self, now: datetime) -> tuple[Series, ...]:
        """The series of the metric, each with its value now. One that the page itself dates long ago is not there."""
        text = self._endpoint.get().decode("utf-8", errors="replace")
        try:
            samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        except (ValueError, KeyError, IndexError):
            raise Invalid(f"{self.source} does not answer in Prometheus' text format", "check its url") from None
        started = {_target(sample): sample.value for sample in samples if sample.name == _STARTED}
        wanted = [sample for sample in samples if sample.name == self._counting.metric and self._fresh(sample, now)]
        check_labels(self.source, self._counting.labels, (sample.labels for sample in wanted))
        return tuple(
            Series(
                {"__name__": sample.name, **sample.labels},
                (Sample(now, sample.value, started.get(_target(sample))),),
            )
            for sample in wanted
        )

    def _fresh(self, sample: PageSample, now: datetime) -> bool:
        dated = sample.timestamp
        return dated is None or now.timestamp() - float(dated) <= self._counting.tolerance.total_seconds()


def _target(sample: PageSample) -> tuple[str, str]:
    return Series(sample.labels, ()).target
