"""What probes that ask a server have in common."""

from __future__ import annotations

from typing import Generic, TypeVar

from keytui.probes.configuration import Settings
from keytui.probes.coverage import Coverage
from keytui.probes.endpoint import Endpoint

Reading = TypeVar("Reading")
"""What the settings say of the answer: where in it the counters, the list or the number stands."""


class ServerProbe(Generic[Reading]):
    """A probe by its settings, what it reads, the keys that it covers, and the way to its server."""

    def __init__(self, settings: Settings, reading: Reading, coverage: Coverage, endpoint: Endpoint) -> None:
        self._settings = settings
        self._reading = reading
        self._coverage = coverage
        self._endpoint = endpoint

    @property
    def source(self) -> str:
        return self._settings.source
