"""The one Protocol of an evidence source that keytui asks, instead of being told by its own recorders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Protocol

from keytui.domain.recognition import Recogniser
from keytui.domain.reports import Report


class Probe(Protocol):
    """One evidence source. It holds nothing between two questions: the vault keeps its bookmarks for it."""

    @property
    def source(self) -> str:
        """The name that its evidence goes by, as `log edge`; lines of evidence quote it."""
        ...

    def ask(self, recogniser: Recogniser, bookmarks: Mapping[str, str], now: datetime) -> Iterator[Report]:
        """What is new since the bookmarks, a bounded piece at a time; each report moves the bookmarks that it names.

        Unreachable when the source does not answer, Refused when it does not let us in: nothing is lost, ask again.
        """
        ...
