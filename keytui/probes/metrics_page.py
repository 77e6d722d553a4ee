"""A /metrics page, read as it is: one value a look. What rose between two looks counts, however far apart they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample as PageSample

from keytui.domain.errors import Invalid
from keytui.domain.gaps import GapKind
from keytui.domain.recognition import Recogniser
from keytui.domain.reports import Report
from keytui.probes.attribution import Attribution, check_labels
from keytui.probes.configuration import Counting
from keytui.probes.counters import Counters, Lapse
from keytui.probes.marks import Marks
from keytui.probes.series import Sample, Series, Target
from keytui.probes.server_probe import ServerProbe

_STARTED: Final = "process_start_time_seconds"


class MetricsPageProbe(ServerProbe[Counting]):
    """Counters by label, from a service's own page in Prometheus' text format."""

    def ask(self, recogniser: Recogniser, bookmarks: Mapping[str, str], now: datetime) -> Iterator[Report]:
        attribution = Attribution(self._settings, self._coverage, recogniser)
        marks = Marks(bookmarks)
        counters = Counters(self._settings, self._reading, attribution, self._coverage, marks, sampled=True)
        asked = counters.asked or now
        if counters.asked is not None and asked >= now:
            return
        samples = self._samples()
        started = {_target(sample): sample.value for sample in samples if sample.name == _STARTED}
        lapses = self._lapses(marks, started, asked, now)
        report = counters.look(self._series(samples, started, now), asked, now, lapses)
        if report is not None:
            yield report

    def _samples(self) -> list[PageSample]:
        text = self._endpoint.get().decode("utf-8", errors="replace")
        try:
            return [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        except (ValueError, KeyError, IndexError):
            raise Invalid(f"{self.source} does not answer in Prometheus' text format", "check its url") from None

    def _series(self, samples: Iterable[PageSample], started: Mapping[Target, float], now: datetime) -> list[Series]:
        """The series of the metric, each with its value now. One that the page itself dates long ago is not there."""
        wanted = [sample for sample in samples if sample.name == self._reading.metric and self._fresh(sample, now)]
        check_labels(self.source, self._reading.labels, (sample.labels for sample in wanted))
        return [
            Series(
                {"__name__": sample.name, **sample.labels},
                (Sample(now, sample.value, started.get(_target(sample))),),
            )
            for sample in wanted
        ]

    def _lapses(
        self, marks: Marks, started: Mapping[Target, float], asked: datetime, now: datetime
    ) -> tuple[Lapse, ...]:
        """Another process answers than at the look before. Where the page does not say, a long pause could hide one."""
        before, told = marks.read("process"), json.dumps(sorted(started.items())) if started else ""
        marks.put("process", told)
        if before != told:
            return ((GapKind.COUNTER_RESET, asked, now),)
        if not told and now - asked > self._reading.tolerance:
            return ((GapKind.ABSENT_SERIES, asked, now),)
        return ()

    def _fresh(self, sample: PageSample, now: datetime) -> bool:
        dated = sample.timestamp
        return dated is None or now.timestamp() - float(dated) <= self._reading.tolerance.total_seconds()


def _target(sample: PageSample) -> Target:
    return Series(sample.labels, ()).target
