"""From a probe's settings to the probe."""

from __future__ import annotations

import httpx

from keytui.domain.references import Resolve
from keytui.probes.configuration import Counting, Kind, Listing, Settings
from keytui.probes.coverage import Coverage
from keytui.probes.endpoint import Endpoint
from keytui.probes.last_used import LastUsedProbe
from keytui.probes.metrics_page import MetricsPageProbe
from keytui.probes.probe import Probe
from keytui.probes.prometheus import PrometheusProbe
from keytui.probes.refusals import RefusalsProbe


def build(
    settings: Settings, coverage: Coverage, resolve: Resolve, transport: httpx.BaseTransport | None = None
) -> Probe:
    """The probe that the settings describe. `transport` stands for the network in tests."""
    endpoint = Endpoint(settings.server, resolve, transport)
    reading = settings.reading
    if isinstance(reading, Listing):
        return LastUsedProbe(settings, reading, coverage, endpoint)
    if not isinstance(reading, Counting):
        return RefusalsProbe(settings, reading, coverage, endpoint)
    if settings.kind is Kind.METRICS:
        return MetricsPageProbe(settings, reading, coverage, endpoint)
    return PrometheusProbe(settings, reading, coverage, endpoint)
