"""A counter of refused requests that an error tracker or gateway gives as one number in JSON.

It knows no key and no caller: it only shows whether refusals rise. As a Prometheus series, it is asked there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from keytui.domain.errors import Invalid
from keytui.domain.json_pointers import at
from keytui.domain.recognition import Recogniser
from keytui.domain.reports import Report
from keytui.probes.attribution import Attribution
from keytui.probes.configuration import Counting, Pointing
from keytui.probes.counters import Counters
from keytui.probes.json_answer import parse
from keytui.probes.marks import Marks
from keytui.probes.series import Sample, Series
from keytui.probes.server_probe import ServerProbe


class RefusalsProbe(ServerProbe[Pointing]):
    """One number at a JSON pointer, which only rises while its server runs."""

    def ask(self, recogniser: Recogniser, bookmarks: Mapping[str, str], now: datetime) -> Iterator[Report]:
        attribution = Attribution(self._settings, self._coverage, recogniser)
        counting = Counting(self._reading.pointer)
        counters = Counters(self._settings, counting, attribution, self._coverage, Marks(bookmarks), sampled=True)
        if counters.asked is not None and counters.asked >= now:
            return
        series = Series({}, (Sample(now, self._number()),))
        report = counters.look((series,), counters.asked or now, now)
        if report is not None:
            yield report

    def _number(self) -> float:
        found = at(parse(self._endpoint.get(), self.source), self._reading.pointer)
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise Invalid(f"{self.source}: no number stands at {self._reading.pointer!r}", "correct the pointer")
        return float(found) if abs(found) < 1e300 else float("inf")
